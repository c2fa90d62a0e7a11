"""The ablation: every arm's scores, the declared contrasts, and the answer in words.

Means with both intervals, differences with corrected p-values and verdicts, the forest plot, and how each arm stands
against the predictor that always answers with the training median. Read ``arms.py`` first, then ``contrasts.py``.
"""

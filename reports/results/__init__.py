"""Test scores by arm, seed, cell and metric, and estimates of any weighted sum of arms.

Missing and failed runs are explicit; both questions (rerun, new data) are answered in one place. Read ``results.py``
first, then ``estimates.py``.
"""

"""The experimental design: from a search space to arms, contrasts, searches and trials.

Pure functions: the same space gives the same arms and the same trial ids. Adding an ablation design starts in
``components.py``. Read ``arms.py`` first, then ``plan.py``.
"""

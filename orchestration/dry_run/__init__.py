"""What ``--dry-run`` prints: arms, trials, cost with its range, and detectable differences.

A few steps of every arm are timed; finished trials and early stopping are taken into account. Nothing is started.
Read ``preview.py`` first, then ``cost_estimate.py``.
"""

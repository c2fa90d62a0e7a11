"""Training of one job: the loop, the optimiser, evaluation, checkpoints.

Every method of every trial goes through the same loop; what decides a number is a setting. ``distributed/`` trains
one job in several processes. Read ``run.py`` first, then ``loop.py``.
"""

"""What tuning cost each arm, and what it bought.

Tuning curves: the best validation value after k search trials, with bands where trials are independent. Read
``values.py`` first, then ``curves.py``.
"""

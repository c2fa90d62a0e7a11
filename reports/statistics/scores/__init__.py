"""The metrics of every kind of target as functions of sums over items.

Jackknife, pseudo-values and the grain of a score follow from the sums. Read ``numbers.py`` first, then ``find.py``.
"""

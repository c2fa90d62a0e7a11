"""The metrics of every kind of target as functions of sums over items: one module per kind.

Jackknife, pseudo-values and the grain of a score follow from the sums. Definitions are those of the field and of
scikit-learn; ``dmd`` has its own, and tests hold both to the same numbers. Read ``numbers.py`` first, then ``find.py``.
"""

"""The metrics of every kind of target as functions of sums over items. Read ``numbers.py`` first, then ``find.py``."""

"""The table for a paper: every arm and every method by the metrics of the field, mean and SD over seeds.

Read ``values.py`` first, then ``text.py``.
"""

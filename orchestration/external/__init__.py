"""Predictions of other code as arms: read, checked against the data, scored once.

A file of predictions is not trusted: every item of every tested part, for every seed, exactly once. Read
``predictions.py`` first.
"""

"""Modalities that are missing when the models are tested: curves over the rate, and a table of fixed conditions.

Read ``values.py`` first.
"""

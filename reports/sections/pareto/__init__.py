"""Searches over several objectives: the trials that no other trial beats in everything.

The front of each arm as a table and as a figure. Read ``values.py`` first.
"""

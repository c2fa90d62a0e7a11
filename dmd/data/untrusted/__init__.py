"""Pickles and archives of strangers, read without executing anything.

A pickle is a program. Here only the names of an allow-list are resolved, arrays are rebuilt from plain bytes, and
sizes are checked before memory is spent. Read ``unpickle.py`` first.
"""

"""What a reader must know before believing the tables, one sentence for each warning.

Generated from the numbers of the other sections, never written by hand. Read ``values.py`` first.
"""

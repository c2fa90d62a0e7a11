"""Blocks of the memory fusion networks (MFN, MFM, Graph-MFN): cells, attention or graph over them, a gated memory.

Attention and graph read the cells and never the memory, so they are computed for all steps at once; a loop over time is
left where a step needs the one before it. Time comes first in all of them: (T, B, width). Read ``fusion.py`` first.
"""

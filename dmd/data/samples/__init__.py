"""Padded sequences of three modalities, in memory or memory-mapped, and arithmetic on them.

Where real steps stand, standardisation, values too far from all others, and rows that stay in their file until a
batch asks for them. Shapes are (n, T, D). Read ``samples.py`` first.
"""

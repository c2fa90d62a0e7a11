"""The terms of DMD's loss, each a pure function that cites its equation.

Decoupling (Eqs. 2, 3 and 5), the margin loss over triplets (Eq. 4), distillation on a graph of modalities (Eqs. 7 and
9). All are computed in float32. Read ``decoupling.py`` first.
"""

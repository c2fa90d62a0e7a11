"""Layers that several methods share: the MulT encoder, the graph-distillation unit, regression heads.

Equal layers of several branches are computed side by side, as one product. Each file cites the equation or the paper
that it implements. Read ``encoder.py`` first, then ``gd_unit.py``.
"""

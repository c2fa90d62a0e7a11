"""Compiled passes of an encoder layer and of the residual heads, for CPUs.

``native.c`` and its headers are optional: without a C compiler torch computes the same, slower. Every pass has its
backward pass beside it. Read ``native.py`` first, then ``encoder_stack.py``.
"""

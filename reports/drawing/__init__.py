"""How figures look: colours, axes, small multiples, and the bytes of SVG and PNG.

Nothing is computed here but positions. The same values give the same bytes. Read ``style.py`` first, then
``plot.py``.
"""

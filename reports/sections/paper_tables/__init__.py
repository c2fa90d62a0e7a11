"""Tables 1 to 5 of the paper in their own form: published numbers beside measured ones.

Published and measured numbers are never ranked together; a footnote says why a row was not measured. Read
``values.py`` first, then ``table.py``.
"""

"""What the report has nothing to say about, in one line at its end.

Every section says in ``left_out`` what it has nothing to say about, and why. Read ``section.py``.
"""

"""Recorded studies read back: merged, reused by a new study, reported again.

Merging and reuse are refused, with a reason, where numbers would not be comparable. Read ``write_report.py`` first,
then ``merge.py``.
"""

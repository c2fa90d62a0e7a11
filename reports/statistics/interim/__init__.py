"""Claims from studies that are looked at before they are complete: seed races.

What each interim analysis may decide, and what a p-value and an interval mean when the study stops at one. Read
``racing.py`` first, then ``sequential.py``.
"""

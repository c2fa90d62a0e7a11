"""Power analysis: the smallest difference each contrast could have shown, and what it rules out.

Sentences are made from the numbers; words such as "no difference" appear only where the data exclude one. Read
``values.py`` first, then ``sentences.py``.
"""

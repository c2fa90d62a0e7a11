"""Estimates, tests and verdicts: each method in its own file, with its source and what it means in words.

Pure functions of arrays. The *rerun* question asks for new seeds on the same data, the *new data* question for new
groups (videos). Read ``estimate.py`` first, then ``rerun.py``.
"""

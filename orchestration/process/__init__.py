"""This process: signals and clean shutdown, temporary files, logs, files written whole.

What must be cleaned up is registered here and done once, however the program ends. Knows nothing of studies. Read
``signals.py`` first, then ``interruption.py``.
"""

"""File formats: MMSA and CMU pickles, ``.npz`` archives, memory-mapped folders, planted data.

A reader checks every key of every split and reports all problems of a file at once; padding, lengths and token ids
become one form, whatever the file's. Adding a format is one reader, one ``FileLayout`` and one line in the opener. Read
``load.py`` first, then ``mmsa.py``.
"""

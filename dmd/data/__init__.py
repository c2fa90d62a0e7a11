"""Data sets: from an untrusted file to batches of tensors.

``formats/`` reads and writes files, ``untrusted/`` opens pickles and archives without running them, ``dataset/`` is
the data set as a value with its parts, folds and sealed labels, ``samples/`` holds arrays and what is computed on
them, ``inspection/`` tells a person what is in a data set. Read ``dataset/dataset.py`` first.
"""

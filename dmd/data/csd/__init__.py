"""Computational sequences of the CMU-MultimodalSDK: a folder of ``.csd`` files, joined on the intervals of its labels.

A ``.csd`` file is HDF5 and holds one kind of features of whole videos, each step with its interval in seconds; one of
the files holds labels, with the interval of each clip. Read ``folder.py`` first.
"""

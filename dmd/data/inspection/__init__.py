"""What ``dmd-data inspect`` tells a person about a data set.

Summaries by split and modality, columns in which one value means "not measured", and sentences on what the data keep
a study from saying. No row's label is shown. Read ``inspect.py`` first.
"""

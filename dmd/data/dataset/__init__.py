"""One data set as a value: its partition into folds, its sealed test labels, its batches.

The only way to data for training is a partition, which standardises by the training part, hides modalities an arm
must not see, and seals the test labels until training has ended. Read ``dataset.py`` first, then ``partition.py`` and
``sealed_test.py``.
"""

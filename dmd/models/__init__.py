"""Methods: DMD, MulT, one modality alone, ridge regression, the median, and BERT in front of any of them.

A method is a batch in, outputs and named loss terms out; its settings are a frozen dataclass whose fields become YAML
keys. Adding a method is one file and one line in the registry. Read ``model.py`` first, then ``dmd.py``.
"""

"""Arrays by split and key, whatever file they come from: checked, with padding, labels and token ids in one form.

:class:`FileLayout` says what each key is, :class:`Problems` collects what is wrong. Read ``layout.py`` first,
then ``splits.py``.
"""

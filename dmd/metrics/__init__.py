"""What predictions are scored by, one module per kind of target (:mod:`dmd.data.samples.target`).

:mod:`dmd.scoring` chooses among them; the definitions are the field's, and those of scikit-learn where it has one. Read
``sentiment.py`` first.
"""

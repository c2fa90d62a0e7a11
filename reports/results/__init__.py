"""Test scores by arm, seed, cell and metric, and estimates of any weighted sum of arms.

Missing and failed runs are explicit; one ``Estimator`` gives the rerun and the new-data interval of everything. Read
``results.py`` first, then ``tabulate.py`` and ``estimates.py``.
"""

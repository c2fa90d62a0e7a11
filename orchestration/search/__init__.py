"""Optuna's one home: sources of trials, samplers, objectives, importance.

A source is asked for trials and told their results; lists and searches look alike. Every proposal depends on the
study, the arm, the fold and the history alone. Early stopping is in ``stopping/``. Read ``trial_source.py`` first,
then ``optuna_search.py``.
"""

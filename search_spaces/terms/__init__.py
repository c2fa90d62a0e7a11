"""The terms that all of this package uses: arms, configurations, trials, methods, problems.

The catalogue says what a space may speak about and is handed in by the caller, so that nothing here knows the
methods. Read ``trial.py`` first.
"""

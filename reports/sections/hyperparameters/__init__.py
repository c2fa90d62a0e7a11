"""Which hyperparameters matter, how much, and how far the chosen ones can be trusted.

Importance, sensitivity curves, flatness of the optimum, optimism of the selection, parallel coordinates, and the
chosen configurations. Computed from search trials. Read ``values.py`` first, then ``history.py``.
"""

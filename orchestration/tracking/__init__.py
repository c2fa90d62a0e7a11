"""MLflow's one home: the ledger delivered to a tracking store, and studies read back from one.

A process of its own follows the ledger and delivers what is new; delivering the same event twice changes nothing.
Passwords stay out of all that is stored. Read ``mlflow_tracker.py`` first, then ``delivery.py``.
"""

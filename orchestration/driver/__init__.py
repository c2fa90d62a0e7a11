"""The bookkeeping of a study: what to run next, when to stop, what each ending means.

The same for every executor. The driver alone writes the ledger, and restores itself from it. Read ``driver.py``
first, then ``endings.py``.
"""

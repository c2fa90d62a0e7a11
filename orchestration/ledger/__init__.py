"""A study on disk: its append-only ledger, its directory and manifest, what they say of trials.

One checksummed line per event, flushed before a result counts; state is a fold over the events. Read ``ledger.py``
first, then ``state.py``.
"""

"""Executors: the seam between bookkeeping and training, and the executor without Ray.

An executor asks the driver for trials, runs attempts, reports epochs and endings, and retries trials whose workers
were lost. The other executor is in ``ray_backend/``. Read ``protocol.py`` first, then ``inline.py``.
"""

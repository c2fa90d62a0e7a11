"""Ray's one home: the executor for all CPUs and GPUs of a machine or a cluster.

One Tune experiment for the whole study; Tune's searcher, scheduler and stopper are thin adapters of the driver. Code,
data and checkpoints reach nodes that share no disk. Private names of Ray are used in ``private_cluster_api.py`` and
``private_tune_api.py`` alone. Read ``executor.py`` first, then ``tune_adapters.py``.
"""

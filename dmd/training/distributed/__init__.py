"""Data-parallel training: several processes share each global batch.

Workers meet at a store of the first one, split every batch by rows, and sum gradients, so that losses over the whole
batch stay what they are for one process. Read ``team.py`` first, then ``rendezvous.py``.
"""

"""Early stopping: rules that decide after every epoch, for trials of one arm, cell and stage.

Successive halving (ASHA, Hyperband) and the median rule. Their clock is the training epoch, and their state is
rebuilt from the ledger. Read ``rule.py`` first.
"""

"""What must be equal on every node for trials to be comparable: data, text encoders, software.

Requirements are described on the driver's machine and met on each node from its cache. Read ``requirements.py``
first.
"""

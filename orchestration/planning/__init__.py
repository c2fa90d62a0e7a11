"""From a checked search space and opened data to a study that could start.

Arms are built and compared, data and metrics checked against what the space asks for. Starts nothing and writes
nothing. Read ``prepared.py`` first, then ``plan_study.py``.
"""

"""From a YAML file, or the name of a packaged space, to a checked search space.

Every problem is reported at once, each at its line and column; ``--set key=value`` is put in place before anything is
checked. Read ``load.py`` first.
"""

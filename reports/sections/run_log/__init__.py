"""How the study ran: cost, failures, provenance, and how often test sets were scored.

Every cell of the tables can be traced to its trials, and every row has the command that makes it again. Read
``provenance.py`` first, then ``origins.py``.
"""

"""The shape of a search space: sections, fields, distributions, conditions, durations.

Pydantic models whose messages are in the user's words, and the JSON schema that editors read. Read ``schema.py``
first: it puts the sections together, which have a module for each part of a file.
"""

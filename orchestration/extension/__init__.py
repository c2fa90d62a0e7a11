"""Extending a study that has begun: what a changed search space adds to it, and what would change trials that have run.

Read ``extend.py`` first.
"""

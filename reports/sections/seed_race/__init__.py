"""Confirmation by racing: seeds are added until a contrast is decided, replayed from the records.

Group-sequential tests: every interim analysis is shown with what it decided. Read ``values.py`` first.
"""

"""Estimates, tests and verdicts: each method in its own file, with its source and what it means in words."""

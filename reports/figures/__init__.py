"""Figures of a report: each file draws one, from values that :mod:`reports` has computed. Nothing is estimated here."""

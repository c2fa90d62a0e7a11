"""Predictions of other code as arms: read, checked against the data, scored once like any confirm trial."""

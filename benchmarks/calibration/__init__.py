"""Are the report's intervals and claims what they say? See :mod:`benchmarks.calibration.__main__`."""

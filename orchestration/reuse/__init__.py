"""Results of other studies, taken over where a trial of this one would give the same numbers."""

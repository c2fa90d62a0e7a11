"""What a command costs besides training: the time before the first epoch and after the last trial, reports, answers."""

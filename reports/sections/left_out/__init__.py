"""What a report has nothing to say about, and why, in one line at its end."""

"""What the study asked, in one paragraph before the answer."""

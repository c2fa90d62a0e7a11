"""Our methods beside those of the field's package MMSA: what is learned, and what a training step costs."""

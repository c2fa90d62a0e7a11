"""What a machine keeps of a study when its power is cut; see ``__main__``."""

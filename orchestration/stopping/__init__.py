"""When to stop a trial early: rules that decide after every epoch, each for the trials of one arm, cell and stage."""

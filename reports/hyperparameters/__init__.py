"""Which hyperparameters matter, how much, and how far the chosen ones can be trusted."""

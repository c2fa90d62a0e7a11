"""What every method that is trained costs: parameters, time of a step, memory, epochs per minute."""

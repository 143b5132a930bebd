"""What the commands on learners do: choose, simulate, predict, fit, recover, compare."""

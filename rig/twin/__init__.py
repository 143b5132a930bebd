"""The learner in its own process, on the same trials."""

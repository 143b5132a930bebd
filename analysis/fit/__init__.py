"""A learner fitted to one record: likelihood, search, certainty."""

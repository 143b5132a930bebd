"""A session: its plan, its parts, its trials."""

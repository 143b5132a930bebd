"""What the participant's parameters look like, inferred beside a session by a process of its own."""

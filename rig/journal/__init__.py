"""The journal: SQLite files that are the truth of what happened."""

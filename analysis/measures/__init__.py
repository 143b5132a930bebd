"""Measures of practice, on plain arrays."""

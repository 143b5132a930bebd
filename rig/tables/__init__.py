"""Trials tables: out of a journal, from elsewhere, and of simulated trials."""

"""Measurements that `make bench` repeats; their results stand in docs/reference/measured.md."""

"""Rival learners and floors: what a policy gradient has to beat (SCIENCE 3.3), one small file each."""

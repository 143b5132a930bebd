"""Rival learners and floors: what a policy gradient has to beat, one small file each."""

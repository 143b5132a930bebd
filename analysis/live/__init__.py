"""What the participant's parameters look like while they practise, and how well each learner does."""

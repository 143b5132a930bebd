"""A learner fitted by Bayes' rule: priors, draws, whether to believe them, and what they predict."""

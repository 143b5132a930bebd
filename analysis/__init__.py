"""What the record says: learners, likelihoods, measures, figures. Pure, but for loading and plotting."""

import protocols as protocols

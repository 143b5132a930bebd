"""``twinrig export --bids``."""

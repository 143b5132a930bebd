"""``twinrig report``: a session as one HTML file."""

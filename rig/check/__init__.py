"""``twinrig check``: the rig, measured before a participant sits down."""

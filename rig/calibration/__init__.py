"""``twinrig calibrate``: screen, device and delay, measured, dated, kept by the rig and named in every session."""

"""One module for each command of ``twinrig``; heavy libraries are imported inside ``main``."""

"""Figures, as matplotlib draws them for print and page."""

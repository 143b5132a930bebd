"""What the participant sees: window, frames, pages."""

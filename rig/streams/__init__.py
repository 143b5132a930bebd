"""Lab Streaming Layer: outlets, and the recorder beside them."""

"""Where movement comes from: mouse, simulated participant, replay. A device gives samples; it knows no task."""

import protocols as protocols

"""A photodiode on a virtual screen: reads one pixel of the X display, over and over, and sends its brightness as an LSL stream."""

import sys
import time

import pylsl
from Xlib import X, display

from devices.process import set_priority

set_priority("high")  # a real one is never kept from looking
NAME, X_PX, Y_PX, SECONDS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
root = display.Display().screen().root
outlet = pylsl.StreamOutlet(pylsl.StreamInfo(NAME, "Light", 2, pylsl.IRREGULAR_RATE, "float32", f"{NAME}-test"))
print("ready", flush=True)
end = time.monotonic() + SECONDS
while time.monotonic() < end:
    pixel = root.get_image(X_PX, Y_PX, 1, 1, X.ZPixmap, 0xFFFFFFFF).data
    outlet.push_sample([0.0, 5.0 - pixel[0] / 51.0])  # volts, that fall with light, as many photodiodes do
    time.sleep(0.0015)

"""A serial port that can vanish at any moment, through pyserial. Reads and writes that never wait long."""

import contextlib
from typing import Any

from protocols.errors import DeviceError

READ_MOST = 65536  # bytes at once
WRITE_PATIENCE = 0.05  # s, for a port that takes nothing

# After an unplug pyserial raises whatever the system gave: SerialException is an OSError, termios.error is not one.
try:
    from termios import error as _termios_error

    GONE: tuple[type[Exception], ...] = (OSError, _termios_error)
except ImportError:  # Windows
    GONE = (OSError,)


class LinkLost(DeviceError):
    """The port has gone away."""


class SerialLink:
    """An open port, by path or URL (``socket://``, ``spy://``).

    Raises:
        LinkLost: it can't be opened, or has gone away.
    """

    def __init__(self, port: str, baud: int) -> None:
        import serial

        self.port, self._late = port, serial.SerialTimeoutException
        arguments: dict[str, Any] = {"baudrate": baud, "timeout": 0, "write_timeout": WRITE_PATIENCE}
        if "://" not in port:
            arguments["exclusive"] = True  # two programs on one port would each get half of the bytes
        try:
            self._serial = serial.serial_for_url(port, **arguments)
        except (*GONE, ValueError) as error:
            raise LinkLost(f"port {port} can't be opened ({error}); check the cable, and that no other program has it open") from error

    def read(self) -> bytes:
        """What has come; empty when nothing has."""
        try:
            return self._serial.read(READ_MOST)
        except GONE as error:
            raise LinkLost(f"port {self.port} has gone away ({error}); check the cable") from error

    def write(self, data: bytes) -> None:
        """Send; what a busy port doesn't take in time is lost, as it may be in any wire."""
        try:
            self._serial.write(data)
        except self._late:  # pyserial says so after a stall of ours, too, although all was written
            return
        except GONE as error:
            raise LinkLost(f"port {self.port} takes nothing ({error}); check the cable") from error

    def close(self) -> None:
        """Let go of the port, whatever is left of it."""
        with contextlib.suppress(*GONE):
            self._serial.close()

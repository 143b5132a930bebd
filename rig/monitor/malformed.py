"""Messages of a browser that are none. Bokeh ends such a connection and says so in its log, message and all; here they are counted instead.

Only who has the page's token gets so far. What they send is not repeated: a log that holds it grows by 200 kB a message.
"""

import logging
from collections.abc import Callable

MALFORMED, UNHANDLED = "malformed message", "message that could not be handled"

_SOCKET, _HANDLER, _PROTOCOL = _LOGGERS = ("bokeh.server.views.ws", "bokeh.server.protocol_handler", "bokeh.protocol")
_ENDED = ("Bokeh Server protocol error", "Bokeh Server internal error")  # the last that is said of a message; the connection is closed
_BEFORE = ("Unhandled exception receiving", "Handler or its work threw")  # said before that of the same message


class Malformed(logging.Filter):
    """Listens to Bokeh's log from ``listen`` to ``close``; ``note`` is told what kind of message came."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__()
        self._note = note

    def listen(self) -> None:
        """Begin."""
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)

    def close(self) -> None:
        """End."""
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether Bokeh's words are logged, too: where a message was understood, the fault may be the page's, and they hold a traceback."""
        if record.name == _PROTOCOL:
            return False
        words = str(record.msg)
        if record.name == _HANDLER:
            self._note(UNHANDLED)
        elif words.startswith(_ENDED):
            self._note(MALFORMED)
        return not words.startswith(_ENDED + _BEFORE)

"""The Bokeh server of one session's page, in a process of its own."""

import logging
import secrets
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.server.server import Server

from protocols.errors import BadInput
from rig.monitor.guard import ENTRANCE, Guard
from rig.monitor.malformed import Malformed
from rig.monitor.page import build
from rig.monitor.watched import Watched

PORT = 5106
TRIES = 20  # ports from there on, where it is taken
LAST_PORT = 65_535
LOOPBACK = "127.0.0.1"
LARGEST = 200_000  # bytes of a browser's message: it sends ranges and clicks
FORGET = 5_000  # ms after which a page that was closed is forgotten


class WatchServer:
    """A server that listens, and serves once ``run`` is called.

    ``network`` also lets other machines in, who need the token like everybody else; else only this machine reaches it.

    Raises:
        BadInput: there is no such session, or the port is taken.
    """

    def __init__(self, folder: Path, port: int | None = None, network: bool = False) -> None:
        self.watched = Watched(folder)
        self.port = _free_port(port, network)
        names = _names() if network else {LOOPBACK, "localhost"}
        hosts = {f"{name}:{self.port}" for name in names}
        self.guard = Guard(hosts, self.watched.refused)
        self._quiet()
        self._malformed = Malformed(self.guard.note)
        self._malformed.listen()
        self.server = Server(
            {"/": Application(FunctionHandler(partial(build, watched=self.watched)))},
            address="" if network else LOOPBACK,
            port=self.port,
            allow_websocket_origin=sorted(hosts),
            auth_provider=self.guard,
            sign_sessions=True,
            secret_key=secrets.token_urlsafe(32),
            websocket_max_message_size=LARGEST,
            check_unused_sessions_milliseconds=FORGET,
            unused_session_lifetime_milliseconds=FORGET,
        )
        self.host = socket.gethostname() if network else LOOPBACK

    @property
    def address(self) -> str:
        """What to open in a browser; it holds the page's token."""
        return f"http://{self.host}:{self.port}{ENTRANCE}?token={self.guard.token}"

    def run(self, ready: Callable[[str], None]) -> None:
        """Serve until the process is told to end; ``ready`` is told the address."""
        self.server.start()
        ready(self.address)
        try:
            self.server.io_loop.start()
        finally:
            self.close()

    def close(self) -> None:
        """Stop listening, and let go of the streams."""
        self.watched.close()
        self.server.stop()
        self._malformed.close()

    @staticmethod
    def _quiet() -> None:
        """Log what is refused; not each request, whose address may hold a token."""
        logging.getLogger("twinrig.watch").setLevel(logging.WARNING)
        for name in ("tornado.access", "tornado.general"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        for name in ("bokeh", "tornado.application"):
            logging.getLogger(name).setLevel(logging.ERROR)


def _names() -> set[str]:
    """The names and addresses of this machine."""
    addresses = [one.address for found in psutil.net_if_addrs().values() for one in found if one.family == socket.AF_INET]
    return {LOOPBACK, "localhost", socket.gethostname().lower(), socket.getfqdn().lower(), *addresses}


def _free_port(wanted: int | None, network: bool) -> int:
    if wanted is not None and not 0 <= wanted <= LAST_PORT:
        raise BadInput(
            f"--port {wanted}: expected a whole number up to {LAST_PORT}; correct it, or leave it out for {PORT} or the next free one"
        )
    for port in (wanted,) if wanted is not None else range(PORT, PORT + TRIES):
        with socket.socket() as probe:
            if sys.platform != "win32":  # there it would take a port that is in use
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("" if network else LOOPBACK, port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise BadInput(f"port {wanted if wanted is not None else f'{PORT} to {PORT + TRIES - 1}'}: taken; name another with --port")

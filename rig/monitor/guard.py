"""Who may see the page: whoever came in with its token, from this page and no other. Everybody else is refused, and that is logged."""

import hmac
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from bokeh.server.auth_provider import AuthProvider
from tornado.web import HTTPError, RequestHandler

ENTRANCE = "/enter"
LOG = logging.getLogger("twinrig.watch")
TOLD = 20  # refusals of a kind that are logged one by one; then every hundredth

_WELCOME = '<!doctype html><meta http-equiv="refresh" content="0; url=/"><title>twinrig watch</title><p><a href="/">go on</a></p>'
_CLOSED = "<!doctype html><title>twinrig watch</title><p>Open the address that <code>twinrig watch</code> has printed.</p>"


class Guard(AuthProvider):
    """Lets in whoever shows the token at the entrance, and from then on knows the browser by a cookie.

    The cookie is of this server's life, of this site only, and no script can read it. ``hosts`` are the names (with the port) under which
    the server may be addressed: a page of another site that has its own name lead here is refused for that.
    """

    def __init__(self, hosts: set[str], refused: Counter[str]) -> None:
        self.token = secrets.token_urlsafe(32)
        self._secret = secrets.token_urlsafe(32)
        self._hosts, self._refused = hosts, refused
        super().__init__()

    @property
    def login_url(self) -> str:
        """Where the token is shown."""
        return ENTRANCE

    @property
    def login_handler(self) -> type[RequestHandler]:
        """Handles the entrance."""
        guard = self

        class Entrance(RequestHandler):
            """Takes the token, gives the cookie."""

            def get(self) -> None:
                guard.enter(self)

        return Entrance

    @property
    def get_user_async(self) -> Callable[[RequestHandler], Awaitable[Any]]:  # type: ignore[override]
        """Asked before each request, the web socket's among them."""
        return self._user

    async def _user(self, handler: RequestHandler) -> str:
        self.check_origin(handler)
        cookie = handler.get_cookie(self._cookie(handler)) or ""
        if not hmac.compare_digest(cookie.encode(), self._secret.encode()):
            self.refuse(handler, "no token")
        return "experimenter"

    def enter(self, handler: RequestHandler) -> None:
        """Give the cookie for the token."""
        self.check_host(handler)
        token = handler.get_argument("token", "")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            handler.set_status(403)
            self.note("wrong token" if token else "no token", _sender(handler))
            handler.finish(_CLOSED)
            return
        handler.set_cookie(self._cookie(handler), self._secret, httponly=True, samesite="Strict", path="/")
        handler.set_header("Referrer-Policy", "no-referrer")
        handler.set_header("Cache-Control", "no-store")
        handler.finish(_WELCOME)

    def check_origin(self, handler: RequestHandler) -> None:
        """Refuse what another site's page has asked for."""
        self.check_host(handler)
        origin = handler.request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc.lower() not in self._hosts:
            self.refuse(handler, "from another site")
        if handler.request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            self.refuse(handler, "from another site")

    def check_host(self, handler: RequestHandler) -> None:
        """Refuse a name that is not ours."""
        if handler.request.host.lower() not in self._hosts:
            self.refuse(handler, "under another name")

    def refuse(self, handler: RequestHandler, why: str) -> None:
        """Log, and answer 403."""
        self.note(why, _sender(handler))
        raise HTTPError(403, reason="Forbidden")

    def note(self, why: str, sender: str = "the page") -> None:
        """Count a refusal, and log it without what was sent."""
        self._refused[why] += 1
        if self._refused[why] <= TOLD or self._refused[why] % 100 == 0:
            LOG.warning("refused (%s, %d so far): %s", why, self._refused[why], sender)

    @staticmethod
    def _cookie(handler: RequestHandler) -> str:
        """Named by the port: browsers don't keep the cookies of two ports apart."""
        return f"twinrig-{urlsplit('//' + handler.request.host).port or 80}"


def _sender(handler: RequestHandler) -> str:
    return f"{handler.request.path[:80]} from {handler.request.remote_ip}"

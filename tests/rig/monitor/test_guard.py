"""Who may look on: the token and nobody without it, from this page and from no other; what is refused is logged and counted."""

import asyncio
import itertools
import json
import logging
import re

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from protocols.errors import BadInput
from rig.monitor.guard import TOLD
from rig.monitor.malformed import MALFORMED, UNHANDLED
from rig.monitor.server import LOOPBACK, WatchServer

MANY, AT_ONCE = 1000, 50
#: Whole messages: header, metadata and content, or what isn't even a header.
JUNK = (
    [b""],
    [b"\xff\xfe"],
    ["not JSON"] * 3,
    ["[1, 2"] * 3,
    ["{}"] * 3,
    [json.dumps({"msgid": "1", "msgtype": "EXIT"}), "{}", "{}"],
    ["\0" * 999] * 3,
)
PATCH = json.dumps({"msgid": "1", "msgtype": "PATCH-DOC"})


@pytest.fixture(scope="module")
def served(throws):
    server = WatchServer(throws, port=0)
    server.server.start()
    yield server
    server.close()


def fetch(served, path, **headers):
    """Status, headers and text of one request."""
    request = HTTPRequest(f"http://{LOOPBACK}:{served.port}{path}", headers=headers, follow_redirects=False)
    return served.server.io_loop.run_sync(lambda: AsyncHTTPClient().fetch(request, raise_error=False))


@pytest.fixture(scope="module")
def cookie(served):
    answer = fetch(served, f"/enter?token={served.guard.token}")
    assert answer.code == 200
    return answer.headers["Set-Cookie"]


def connect(served, token, **headers):
    """The page's web socket."""
    request = HTTPRequest(f"ws://{LOOPBACK}:{served.port}/ws", headers=headers)
    return served.server.io_loop.run_sync(lambda: websocket_connect(request, subprotocols=["bokeh", token]))


def token_of_page(served, cookie):
    page = fetch(served, "/", Cookie=cookie.split(";")[0])
    assert page.code == 200
    return re.search(r'"token":\s*"([^"]+)"', page.body.decode())[1]


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_cannot_be_is_bad_input(throws, port):
    with pytest.raises(BadInput, match="--port"):
        WatchServer(throws, port)


def test_only_this_machine_is_listened_to(served):
    addresses = {socket.getsockname()[0] for socket in served.server._http._sockets.values()}
    assert addresses == {LOOPBACK}


def test_the_cookie_is_of_no_use_to_scripts_and_other_sites(served, cookie):
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert served.guard.token not in cookie


def test_with_the_token_the_page_opens(served, cookie):
    page = fetch(served, "/", Cookie=cookie.split(";")[0])
    assert page.code == 200 and b"Learning: person and twin" in page.body
    assert not re.search(rb'(?:src|href)="https?://(?!127\.0\.0\.1)', page.body)  # nothing comes from elsewhere


@pytest.mark.parametrize(
    ("path", "headers", "why"),
    [
        ("/", {}, "no token"),
        ("/", {"Cookie": "twinrig-PORT=guessed"}, "no token"),
        ("/enter", {}, "no token"),
        ("/enter?token=guessed", {}, "wrong token"),
        ("/enter?token=TOKEN", {"Host": "rig.evil.example:PORT"}, "under another name"),
        ("/", {"Cookie": "COOKIE", "Host": "rig.evil.example:PORT"}, "under another name"),
        ("/", {"Cookie": "COOKIE", "Origin": "http://evil.example"}, "from another site"),
        ("/", {"Cookie": "COOKIE", "Sec-Fetch-Site": "cross-site"}, "from another site"),
    ],
)
def test_others_are_refused_and_logged(served, cookie, caplog, path, headers, why):
    known = {"PORT": str(served.port), "TOKEN": served.guard.token, "COOKIE": cookie.split(";")[0]}

    def filled(text):
        for name, value in known.items():
            text = text.replace(name, value)
        return text

    before = served.watched.refused[why]
    with caplog.at_level(logging.WARNING, "twinrig.watch"):
        answer = fetch(served, filled(path), **{name: filled(value) for name, value in headers.items()})
    assert answer.code == 403
    assert b"Learning" not in answer.body
    assert served.watched.refused[why] == before + 1
    assert why in caplog.text and "guessed" not in caplog.text and served.guard.token not in caplog.text
    assert any(why in alarm.words for alarm in served.watched.alarms())


@pytest.mark.parametrize("headers", [{}, {"Cookie": "COOKIE", "Origin": "http://evil.example"}])
def test_a_web_socket_needs_the_cookie_and_this_site(served, cookie, headers):
    token = token_of_page(served, cookie)
    headers = {name: value.replace("COOKIE", cookie.split(";")[0]) for name, value in headers.items()}
    with pytest.raises(HTTPClientError, match="403"):
        connect(served, token, **headers)


@pytest.fixture(scope="module")
def ours(served, cookie):
    """What lets a web socket in: the page's token, and the headers of a browser that has the cookie."""
    origin = f"http://{LOOPBACK}:{served.port}"
    return token_of_page(served, cookie), {"Cookie": cookie.split(";")[0], "Origin": origin}


async def send(served, ours, fragments):
    """Send the fragments on a connection of their own; the error that is answered, None where the server has closed."""
    token, headers = ours
    request = HTTPRequest(f"ws://{LOOPBACK}:{served.port}/ws", headers=headers)
    socket = await websocket_connect(request, subprotocols=["bokeh", token])
    for _ in range(3):  # header, metadata and content of the acknowledgement
        assert await socket.read_message()
    for fragment in fragments:
        await socket.write_message(fragment, binary=isinstance(fragment, bytes))
    while (answer := await socket.read_message()) is not None and "ERROR" not in answer:
        pass  # the page goes on drawing
    socket.close()
    return answer


def test_malformed_messages_end_the_connection_and_nothing_else(served, ours, caplog):
    """Each is counted, few are logged, and none is repeated in the log."""
    before, kinds = served.watched.refused[MALFORMED], itertools.cycle(JUNK)

    async def some_of_them():
        return await asyncio.gather(*(send(served, ours, next(kinds)) for _ in range(AT_ONCE)))

    with caplog.at_level(logging.WARNING):
        for _ in range(MANY // AT_ONCE):
            assert served.server.io_loop.run_sync(some_of_them) == [None] * AT_ONCE
    assert served.watched.refused[MALFORMED] == before + MANY
    assert any(f"{MANY} requests refused: {MALFORMED}" == alarm.words for alarm in served.watched.alarms())
    assert 1 <= caplog.text.count(MALFORMED) <= TOLD + MANY / 100
    assert "not JSON" not in caplog.text and "\0" not in caplog.text
    assert fetch(served, "/", Cookie=ours[1]["Cookie"]).code == 200


def test_a_change_of_nothing_there_is_answered_and_counted(served, ours):
    change = {"events": [{"kind": "ModelChanged", "model": {"id": "nobody"}, "attr": "value", "new": 1}]}
    before = served.watched.refused[UNHANDLED]
    answer = served.server.io_loop.run_sync(lambda: send(served, ours, [PATCH, "{}", json.dumps(change)]))
    assert "ERROR" in answer
    assert served.watched.refused[UNHANDLED] == before + 1


def test_many_wrong_tokens_are_counted_and_logged_now_and_then(served, caplog):
    before = served.watched.refused["wrong token"]
    with caplog.at_level(logging.WARNING, "twinrig.watch"):
        for number in range(130):
            fetch(served, f"/enter?token={number}")
    assert served.watched.refused["wrong token"] == before + 130
    assert 1 <= caplog.text.count("wrong token") <= 25

"""A headless Chromium, looked into over its DevTools protocol: opens pages, runs JavaScript in them, and takes their picture."""

import asyncio
import base64
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 60.0  # s, for anything that is waited for
LARGEST = 64 * 2**20  # bytes of a message; a picture is one


def found_browser() -> str | None:
    """The path of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Tab:
    """One open page. All calls wait for the answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: WebSocketClientConnection):
        self._loop, self._connection, self._number = loop, connection, 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        return self._loop.run_until_complete(asyncio.wait_for(self._call(method, parameters), PATIENCE))

    async def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        await self._connection.write_message(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while (message := await self._connection.read_message()) is not None:
            answer = json.loads(message)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
        raise RuntimeError("the browser is gone")

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"].get("description", script))
        return result["result"].get("value")

    def until(self, script: str) -> Any:
        """Wait in the page until an expression is true; its value."""
        waiting = f"""new Promise((done, failed) => {{
            const end = Date.now() + {1000 * PATIENCE - 5000};
            const look = () => {{
                let found = null;
                try {{ found = ({script}); }} catch (error) {{ found = null; }}
                if (found) done(found); else if (Date.now() > end) failed(new Error("it did not come about")); else setTimeout(look, 20);
            }};
            look();
        }})"""
        for _ in range(3):
            try:
                return self.run(waiting)
            except RuntimeError as error:
                if "navigated" not in str(error):  # the page was left while it was looked into: look into the next one
                    raise
        raise RuntimeError("the page keeps leading on")

    def open(self, address: str, width: int = 1280, height: int = 800, phone: bool = False) -> None:
        """Go to a page, in a window of that many px."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone)
        self.call("Page.navigate", url=address)

    def picture(self, file: Path, whole: bool = False) -> None:
        """Save what the page looks like as PNG, the whole page or what the window shows."""
        taken = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(taken["data"]))


@contextmanager
def browser(nice: int = 0) -> Iterator[Tab]:
    """A browser with a profile of its own and one empty page, which steps back by ``nice``; closed at the end."""
    path = found_browser()
    assert path is not None, "no Chromium here"
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory(prefix="twinrig-browser-", ignore_cleanup_errors=True) as profile:
        switches = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run")
        place = f"--user-data-dir={profile}"
        with Path(os.devnull).open("w") as nothing:
            words = ["nice", "-n", str(nice), path, *switches, place, "--remote-debugging-port=0", "about:blank"]
            process = subprocess.Popen(words, stdout=nothing, stderr=nothing)
        try:
            yield loop.run_until_complete(_tab(loop, Path(profile)))
        finally:
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            loop.close()


async def _tab(loop: asyncio.AbstractEventLoop, profile: Path) -> Tab:
    port = await asyncio.wait_for(_port(profile / "DevToolsActivePort"), PATIENCE)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
        page = next(one for one in json.loads(answer.read()) if one["type"] == "page")
    return Tab(loop, await websocket_connect(page["webSocketDebuggerUrl"], max_message_size=LARGEST))


async def _port(file: Path) -> int:
    while not (file.is_file() and file.read_text().strip()):
        await asyncio.sleep(0.05)
    return int(file.read_text().split()[0])

"""The demo's receiver of notifications: a webhook on loopback that shows what it is sent as a line of `up`.

Every user of this machine can send to it: what it shows is cut short, and holds no control characters.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOOPBACK = "127.0.0.1"

_LARGEST_BODY = 65_536
_LONGEST_LINE = 600
_PATIENCE_SECONDS = 5.0


@contextmanager
def receiving(say: Callable[[str], None]) -> Iterator[str]:
    """A webhook that takes Slack's JSON for as long as the context lasts; its URL."""
    with ThreadingHTTPServer((LOOPBACK, 0), partial(_Handler, say)) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, name="twizzit-up-receiver", daemon=True)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}/demo"
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    timeout = _PATIENCE_SECONDS

    def __init__(self, say: Callable[[str], None], *arguments: Any) -> None:
        self._say = say
        super().__init__(*arguments)

    def do_POST(self) -> None:
        """Takes a message."""
        text = self._text()
        if text is not None:
            self._say(f"{datetime.now().astimezone():%H:%M:%S}  notification · {_one_line(text)}")
        self.send_response(400 if text is None else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is logged: what came is shown."""

    def _text(self) -> str | None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > _LARGEST_BODY:
            return None
        try:
            sent = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            return None
        text = sent.get("text") if isinstance(sent, dict) else None
        return text if isinstance(text, str) else None


def _one_line(text: str) -> str:
    joined = " | ".join(line.strip() for line in text.splitlines() if line.strip())
    return "".join(character for character in joined if character.isprintable())[:_LONGEST_LINE]

"""The channel `urls` against services that listen on loopback: what arrives, what is said, and what shows no secret."""

import json
import logging
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psutil
import pytest
from pydantic import SecretStr

from twizzit_pipeline.errors import ReceiverFailed, SettingsError
from twizzit_pipeline.notifications.channels import Channel, configured
from twizzit_pipeline.notifications.messages import Message
from twizzit_pipeline.settings import load_settings

SECRET = "S3cretOfItsOwn"
MESSAGE = Message("Twizzit: sync failed: Kørfbal", ("@channel <b>ü</b>", "[here](http://evil)"), "failed:3:7.1")


class Service:
    """What an HTTP service was asked, and its port."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.port = 0

    def url(self, way: str) -> str:
        return f"json://user:{SECRET}@127.0.0.1:{self.port}/{way}/{SECRET}"


@contextmanager
def listening() -> Iterator[Service]:
    """A service that answers as its path says: `ok`, `redirect`, `broken`, `hang`, `drip` or `flood`."""
    service, over = Service(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.paths.append(self.path)
            way = self.path.split("/")[1]
            if way == "hang":
                over.wait(30)
            elif way == "drip":
                self._pour(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", 0.2)
            elif way == "flood":
                self._pour(b"HTTP/1.0 200 OK\r\n\r\n", b"x" * 1_000_000, 0)
            else:
                if way == "ok":
                    service.bodies.append(json.loads(body))
                self.send_response({"ok": 200, "redirect": 307, "broken": 500}[way])
                self.send_header("Location", f"http://127.0.0.1:{service.port}/ok")
                self.send_header("Content-Length", str(len(SECRET)))
                self.end_headers()
                self.wfile.write(SECRET.encode())

        def _pour(self, first: bytes, drop: bytes, pause: float) -> None:
            try:
                self.wfile.write(first)
                while not over.wait(pause):
                    self.wfile.write(drop)
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            """Tests read what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def channel(*urls: str) -> Channel:
    (made,) = configured(load_settings(_env_file=None, notify_urls=SecretStr(" ".join(urls))))
    return made


def test_every_url_gets_the_message_without_mentions() -> None:
    with listening() as service:
        assert channel(service.url("ok"), service.url("ok")).send(MESSAGE) is None
    assert [body["title"] for body in service.bodies] == [MESSAGE.subject] * 2
    assert service.bodies[0]["message"] == "@\u200bchannel <b>ü</b>\n[here] (http://evil)"


def test_what_does_not_take_it_is_named_by_number_and_service_alone(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(1)
    logging.getLogger("apprise").setLevel(1)
    with listening() as service:
        ways = [service.url(way) for way in ("redirect", "broken")]
        unknown = [f"nothing-like-it://{SECRET}".replace("-", ""), f"slack://{SECRET}/x"]
        refused = f"json://user:{SECRET}@127.0.0.1:1/{SECRET}"
        urls = channel(*ways, *unknown, refused)
        with pytest.raises(ReceiverFailed) as caught:
            urls.send(MESSAGE)
        remark = channel(service.url("broken"), service.url("ok")).send(MESSAGE)
    took_not, is_none = "could not be reached, or did not take it", "is no URL that apprise understands"
    assert str(caught.value) == (
        f"URL 1 (json) {took_not}; URL 2 (json) {took_not}; URL 3 (nothinglikeit) {is_none}; URL 4 (slack) {is_none}; "
        f"URL 5 (json) {took_not}"
    )
    assert remark == f"URL 1 (json) {took_not}"
    assert [path.split("/")[1] for path in service.paths].count("ok") == 1  # no redirect is followed
    shown = f"{caplog.text}{capfd.readouterr()}{caught.value!r}{caught.value.__cause__!r}{vars(urls)}{urls!r}{remark}"
    assert SECRET not in shown


def test_what_hangs_drips_or_floods_ends_at_the_deadline_and_keeps_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[subprocess.Popen[str]] = []
    real = subprocess.Popen

    def popen(command: list[str], **more: Any) -> "subprocess.Popen[str]":
        assert SECRET not in f"{command}{more}"
        started.append(real(command, **more))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setenv("TWIZZIT_NOTIFY_URLS", f"ntfy://{SECRET}")
    with listening() as service:
        urls = channel(*(service.url(way) for way in ("hang", "drip", "ok")))
        remark = urls.send(MESSAGE)
        began = time.monotonic()
        with pytest.raises(ReceiverFailed):
            channel(service.url("flood")).send(MESSAGE)
        assert time.monotonic() - began < urls.seconds
    assert remark is not None
    assert remark.startswith("URL 1 (json) ")
    assert "URL 2 (json) did not finish within 6 seconds" in remark
    assert "URL 3" not in remark
    assert not any(psutil.pid_exists(child.pid) for child in started)


def test_a_setting_that_holds_no_url_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(_env_file=None, notify_urls=SecretStr(f"ntfy://topic {SECRET}"))
    assert "URL 2 must be one like" in str(caught.value)
    assert SECRET not in f"{caught.value!r}{caught.value.__cause__!r}"

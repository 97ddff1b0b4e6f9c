"""Any service that apprise supports, by a URL for each: Teams, Telegram, Matrix, Signal, ntfy, Pushover, and others.

The URLs are secrets: they appear in no log, error, row, argument or environment of a process. Apprise keeps neither
that promise nor a deadline, so it runs in a process of its own (`apprise_process`), whose output is read for known
words alone.
"""

import json
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import IO

from pydantic import SecretStr

from twizzit_pipeline.errors import ReceiverFailed
from twizzit_pipeline.notifications import apprise_process
from twizzit_pipeline.notifications.apprise_process import DELIVERED, LONGEST_START_SECONDS, NOT_UNDERSTOOD, REFUSED
from twizzit_pipeline.notifications.messages import Message
from twizzit_pipeline.settings.processes import process_environment_of

ANSWER_SECONDS = 6
_SAID = {
    REFUSED: "could not be reached, or did not take it",
    NOT_UNDERSTOOD: "is no URL that apprise understands",
    None: f"did not finish within {ANSWER_SECONDS} seconds",
}
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


class Urls:
    """The channel `urls`: all of them get each message."""

    name = "urls"
    seconds = LONGEST_START_SECONDS + ANSWER_SECONDS + 2.0

    def __init__(self, urls: Sequence[SecretStr]) -> None:
        self._urls = tuple(urls)

    def send(self, message: Message) -> str | None:
        """Sends it to every URL; says which ones did not take it, if others did.

        Raises:
            ReceiverFailed: none of them took it.
        """
        outcomes = self._outcomes(message)
        troubles = [
            f"URL {number} ({scheme(url)}) {_SAID[outcomes.get(number)]}"
            for number, url in enumerate(self._urls, 1)
            if outcomes.get(number) != DELIVERED
        ]
        said = "; ".join(troubles)
        if len(troubles) == len(self._urls):
            raise ReceiverFailed(said)
        return said or None

    def _outcomes(self, message: Message) -> dict[int, str]:
        """Number of a URL → what came of it; those that came to no end in time are missing."""
        child = subprocess.Popen(  # noqa: S603 - this very program, no shell
            [sys.executable, "-P", "-m", apprise_process.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=process_environment_of(*_ENVIRONMENT),
            start_new_session=True,
            text=True,
        )
        try:
            assert child.stdin is not None and child.stdout is not None
            lines = _lines(child.stdout)
            try:
                child.stdin.write(self._task(message))
                child.stdin.close()
            except OSError:
                raise ReceiverFailed("The process that sends to TWIZZIT_NOTIFY_URLS ended at once") from None
            if next(lines, None) != apprise_process.READY:
                raise ReceiverFailed("The process that sends to TWIZZIT_NOTIFY_URLS did not start")
            return dict(_read(lines, len(self._urls)))
        finally:
            child.kill()
            child.wait()

    def _task(self, message: Message) -> str:
        return json.dumps(
            {
                "urls": [url.get_secret_value() for url in self._urls],
                "subject": plain(message.subject),
                "text": plain("\n".join(message.lines)),
                "seconds": ANSWER_SECONDS,
            }
        )


def scheme(url: SecretStr) -> str:
    """What may be shown of a URL: which service it is of."""
    return url.get_secret_value().partition("://")[0].lower()


def plain(text: str) -> str:
    """The text without what services take for a mention (``@channel``, ``<!channel>``) or for a link with a name."""
    text = re.sub(r"@(?=\w)", "@\u200b", text).replace("<!", "<\u200b!")
    return re.sub(r"\](?=[(\[])", "] ", text)


def _lines(output: IO[str]) -> Iterator[str]:
    """The lines of a process: the first within the time of a start, the others within that of an answer."""
    found: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        with output:
            for line in output:
                found.put(line.strip())
        found.put("")

    threading.Thread(target=read, name="twizzit-apprise", daemon=True).start()
    until = time.monotonic() + LONGEST_START_SECONDS
    started = False
    while True:
        try:
            line = found.get(timeout=max(until - time.monotonic(), 0.01))
        except queue.Empty:
            return
        if not line:
            return
        if not started:
            started, until = True, time.monotonic() + ANSWER_SECONDS
        yield line


def _read(lines: Iterator[str], expected: int) -> Iterator[tuple[int, str]]:
    for _ in range(expected):
        line = next(lines, None)
        if line is None:
            return
        number, _, outcome = line.partition(" ")
        if number.isdecimal() and outcome in apprise_process.OUTCOMES:
            yield int(number), outcome

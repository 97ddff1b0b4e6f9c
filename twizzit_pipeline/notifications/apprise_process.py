"""The process that hands one message to apprise: started by `urls` for each message, ended by it at the deadline.

Apprise logs URLs whole at its lower levels, follows redirects, reads an answer without a limit and waits for one that
drips. Here it has no log, no redirect, a limit of memory, and an end that does not depend on who started it.

Input: JSON of `urls`, `subject`, `text` and `seconds`, on standard input, so that no list of processes shows it.
Output: ``ready`` when apprise is loaded, then a line for each URL: its number, a space and one of `OUTCOMES`.
"""

import json
import logging
import resource
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

READY = "ready"
DELIVERED, REFUSED, NOT_UNDERSTOOD = OUTCOMES = ("delivered", "refused", "not understood")
LONGEST_START_SECONDS = 40  # with the answer less than a minute, after which a message is due again
_MEMORY = 768 * 1024 * 1024  # bytes of addresses; apprise takes about 200 MB of them


def main() -> int:
    """Reads the task, sends, and says what came of each URL."""
    signal.alarm(LONGEST_START_SECONDS)  # ends the process, whatever it does
    logging.disable(logging.CRITICAL)
    with suppress(ValueError, OSError):  # where the system has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    task = json.load(sys.stdin)
    send = _sender(task["subject"], task["text"])
    _say(READY)
    signal.alarm(task["seconds"])
    threads = [
        threading.Thread(target=_attempt, args=(send, number, url), daemon=True)
        for number, url in enumerate(task["urls"], 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(task["seconds"])
    return 0


def _sender(subject: str, text: str) -> Callable[[str], str]:
    """What sends to one URL, and says the outcome."""
    import apprise  # noqa: PLC0415  (after the limits are set)
    import requests  # noqa: PLC0415

    requests.Session.get_redirect_target = lambda *_: None  # type: ignore[method-assign]
    asset = apprise.AppriseAsset(app_id="Twizzit pipeline", app_desc="Twizzit pipeline", app_url="", async_mode=False)

    def send(url: str) -> str:
        service = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        if service is None:
            return NOT_UNDERSTOOD
        taken = service.notify(body=text, title=subject, body_format=apprise.NotifyFormat.TEXT)
        return DELIVERED if taken else REFUSED

    return send


def _attempt(send: Callable[[str], str], number: int, url: str) -> None:
    try:
        outcome = send(url)
    except Exception:  # its text may hold the URL
        outcome = REFUSED
    _say(f"{number} {outcome}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

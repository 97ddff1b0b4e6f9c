"""Looking a host's name up within a time, which the system's own function does not offer."""

import socket
import threading
import time

_LOOK_SECONDS = 0.2


def addresses_of(host: str, port: int, *, seconds: float | None, ended: threading.Event | None = None) -> list[str]:
    """The host's addresses, in the system's order, each once.

    Args:
        seconds: how long to wait at most; None waits as long as the system does.
        ended: ends the waiting once it is set.

    Raises:
        OSError: the name cannot be resolved, or was not in time (`TimeoutError`).
    """
    if seconds is None:
        return _ask(host, port)
    outcome: list[list[str] | OSError] = []
    done = threading.Event()

    def ask() -> None:
        try:
            outcome.append(_ask(host, port))
        except OSError as error:
            outcome.append(error)
        finally:
            done.set()

    # A name server that stays silent holds this thread until the system gives up; it keeps no process from ending.
    threading.Thread(target=ask, name="twizzit-lookup", daemon=True).start()
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not done.wait(min(left, _LOOK_SECONDS)):
        if ended is not None and ended.is_set():
            break
    found = outcome[0] if outcome else TimeoutError("the name was not resolved in time")
    if isinstance(found, OSError):
        raise found
    return found


def _ask(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise socket.gaierror("no name of a host") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))

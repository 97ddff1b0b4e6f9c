"""Ports that `up` gives its children: free ones, known before anything is started."""

import errno
import socket

from twizzit_pipeline.errors import SettingsError


def taken_for(what: str, host: str, port: int, option: str) -> int:
    """The port, if no process listens on it; a free one for 0.

    Nothing is held: a child that is started again must find the same port free.

    Raises:
        SettingsError: it is in use, or the host is none of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):  # the latter of a part that is too long
        raise _not_here(what, host) from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:  # no other port would do
                raise _not_here(what, host) from None
            raise SettingsError(
                f"{what} cannot listen on {host}:{port} ({error.strerror}): end what listens there, or choose another "
                f"port with {option} (0: any)"
            ) from None
        return int(probe.getsockname()[1])


def _not_here(what: str, host: str) -> SettingsError:
    return SettingsError(f"{host} is no address of this machine: choose another for {what}")

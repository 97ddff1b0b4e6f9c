"""The cookies of the pages: their names, and that no script, no other site and no plain http elsewhere gets them."""

import ipaddress
from typing import Any

from fastapi import Request, Response

SESSION = "twizzit_session"
GUEST = "twizzit_guest"
LANGUAGE = "twizzit_language"
NOTICE = "twizzit_notice"
PATH = "/twizzit"
YEAR_SECONDS = 365 * 24 * 3600

# A proxy that sends one of these stands between: the browser is elsewhere, whatever name it calls here.
_OF_PROXIES = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "via", "x-real-ip")


def put(request: Request, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """Sets a cookie; without `seconds` it lasts until the browser ends."""
    response.set_cookie(name, value, max_age=seconds, **_flags(request))


def drop(request: Request, response: Response, name: str) -> None:
    """Takes a cookie back."""
    response.delete_cookie(name, **_flags(request))


def _flags(request: Request) -> dict[str, Any]:
    return {"path": PATH, "httponly": True, "samesite": "strict", "secure": not _is_here(request)}


def _is_here(request: Request) -> bool:
    """Whether the browser is on this machine, with no proxy between; where that is not certain, it is not."""
    said: str = request.app.state.service.settings.pages_url or ""
    if "https" in (request.url.scheme, said.partition(":")[0]) or any(name in request.headers for name in _OF_PROXIES):
        return False
    caller = request.client.host if request.client is not None else ""
    return _is_loopback(request.url.hostname or "") and _is_loopback(caller)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

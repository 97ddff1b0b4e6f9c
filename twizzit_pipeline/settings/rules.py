"""What the text of a setting must be: one function for each kind, which gives the text back or says what it must be.

A message never holds the text, which may be a secret.
"""

import re
from contextlib import suppress
from datetime import date
from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import SecretStr


def in_small_letters(value: object) -> object:
    """A word of a closed set, however it is written."""
    return value.strip().lower() if isinstance(value, str) else value


def listed(value: str) -> tuple[str, ...]:
    """The parts of a text separated by commas."""
    return tuple(filter(None, map(str.strip, value.split(","))))


def _require(pattern: str, text: str, what: str) -> None:
    if re.fullmatch(pattern, text) is None:
        raise ValueError(what)


def namespace(value: str) -> str:
    """
    Raises:
        ValueError: Kubernetes has no namespace of this name.
    """
    _require(
        r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        value,
        "it must be the name of a namespace: 1 to 63 small letters, digits and inner hyphens",
    )
    return value


def image(value: str) -> str:
    """
    Raises:
        ValueError: it is no name of an image.
    """
    _require(r"[!-~]+", value, "it must be the name of an image, without spaces, like registry.example/twizzit:1.2")
    return value


def broker(value: SecretStr) -> SecretStr:
    """
    Raises:
        ValueError: it is no URL of a broker.
    """
    what = "it must be a URL like redis://:password@host:6379/0"
    _require(r"[a-z][a-z0-9+]*://[!-~]+", value.get_secret_value(), what)
    for url in value.get_secret_value().split(";"):  # Celery takes several brokers so
        try:
            _ = urlsplit(url).port
        except ValueError:
            what += "; in a password /, ?, #, [ and ] are written %2F, %3F, %23, %5B and %5D"
            raise ValueError(what) from None
    return value


def month_and_day(value: str) -> str:
    """
    Raises:
        ValueError: no year has such a day, or only a leap year.
    """
    with suppress(ValueError):
        if re.fullmatch(r"[0-9]{2}-[0-9]{2}", value):
            date.fromisoformat(f"2001-{value}")
            return value
    raise ValueError("it must be a month and a day, like 07-01")


def origins(value: str) -> str:
    """
    Raises:
        ValueError: one of them is no origin as a browser sends it.
    """
    for origin in listed(value):
        if re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/?#\s@*]+", origin) is None:
            raise ValueError(
                "each origin is a scheme and a host, like https://shotspot.example or capacitor://localhost, "
                "without a slash"
            )
    return value


def address_of_pages(value: str) -> str:
    """
    Raises:
        ValueError: it is no address without a path.
    """
    _require(
        r"https?://[A-Za-z0-9.:\[\]_-]+/?",
        value,
        "it must be a scheme and a host, like https://shotspot.example, without a path",
    )
    return value


def host(value: str) -> str:
    """
    Raises:
        ValueError: it has the form of no name and no address of a machine.
    """
    if not _is_host(value):
        raise ValueError("it must be the name or the address of one machine, without a port, like 127.0.0.1 or ::1")
    return value


def _is_host(value: str) -> bool:
    """Whether it has the form of a name or an address; `socket` raises another error for a part that is too long."""
    with suppress(ValueError):
        return bool(ip_address(value))
    return len(value) < 254 and re.fullmatch(r"\w[\w-]{0,62}(\.\w[\w-]{0,62})*\.?", value) is not None


def webhook(value: SecretStr) -> SecretStr:
    """
    Raises:
        ValueError: it is no URL that a message can be posted to.
    """
    url = r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?([/?][!-~]*)?"
    _require(url, value.get_secret_value(), "it must be a URL like https://hooks.example/services/T0/B0/secret")
    return value


def urls(value: SecretStr) -> SecretStr:
    """
    Raises:
        ValueError: one of them is no URL; the message has its number.
    """
    for number, url in enumerate(value.get_secret_value().split(), 1):
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,29}://[!-~]+", url) is None:
            raise ValueError(f"URL {number} must be one like ntfy://topic or tgram://token/chat, separated by spaces")
    return value


def mail_addresses(value: str) -> str:
    """
    Raises:
        ValueError: one of them is no bare address.
    """
    for address in listed(value):
        if re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+", address) is None:
            raise ValueError("each address must be bare, like admin@club.example, separated by commas")
    return value


def one_mail_address(value: str) -> str:
    """
    Raises:
        ValueError: there are several, or it is no bare address.
    """
    if len(listed(value)) > 1:
        raise ValueError("it must be one address, like twizzit@club.example")
    return mail_addresses(value)

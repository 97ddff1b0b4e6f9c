"""Templates, each value in them escaped unless it is markup of ours, and the headers of what they make."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response

# No script and no style but our own files; nothing from elsewhere, nothing inside of another page.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # a link's address is a key, and proxies log from where a file was asked for
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Cookie, Accept-Language",
}


@cache
def file(name: str) -> str:
    """Where a file of `static` is; another place as soon as its content changes."""
    content = (files(__package__) / "static" / name).read_bytes()
    return f"/twizzit/static/{name}?v={hashlib.sha256(content).hexdigest()[:10]}"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("twizzit_pipeline.http_api.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["file"] = file
    return made


def rendered(template: str, values: Mapping[str, Any]) -> str:
    """What a template makes of these values.

    Raises:
        jinja2.UndefinedError: it names one that is missing.
    """
    return _environment().get_template(template).render(values)


def guard(response: Response) -> None:
    """Adds the headers that keep other sites, scripts and proxies away."""
    for name, value in HEADERS.items():
        response.headers[name] = value

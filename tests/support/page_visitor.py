"""A browser without scripts, for the tests of the pages: it keeps cookies, follows redirects and sends forms back."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from pydantic import SecretStr

from tests.support.api_server import JWT_SECRET, ApiServer
from twizzit_pipeline.http_api.pages.invitations import Role, invite
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database

OPERATOR = Actor("os", "operator")
_TOKEN = re.compile(r'name="token" value="([^"]+)"')
_SPACE = re.compile(r"\s+")


class PageVisitor:
    """One browser. `page`: the last answer."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.page = client.get("/health")

    def get(self, path: str, **headers: str) -> httpx.Response:
        self.page = self.client.get(path, headers=headers)
        return self.page

    def post(
        self,
        path: str,
        headers: dict[str, str] | None = None,
        /,
        *,
        token: str | None = None,
        **fields: str | list[str],
    ) -> httpx.Response:
        """Sends a form, with the token of the page that was shown last."""
        found = _TOKEN.findall(self.page.text)
        sent = {"token": token if token is not None else (found[-1] if found else ""), **fields}
        self.page = self.client.post(path, data=sent, headers=headers)
        return self.page

    @property
    def text(self) -> str:
        """What the page says, without markup."""
        body = re.sub(r"<[^>]*>", " ", self.page.text.partition("<body>")[2])
        return _SPACE.sub(" ", html.unescape(body)).strip()


@contextmanager
def visitor(api: ApiServer, *, language: str = "en", follow: bool = True, **headers: str) -> Iterator[PageVisitor]:
    """A browser that has not signed in."""
    with httpx.Client(
        base_url=api.root,
        headers={"Accept-Language": language, "Accept": "text/html", **headers},
        follow_redirects=follow,
        timeout=60,
        trust_env=False,
        verify=False,
    ) as client:
        yield PageVisitor(client)


def link_to(database: Database, credential_id: int, *, role: Role = "admin", minutes: int = 5) -> str:
    """The path of a link, as `twizzit link` makes it."""
    made = invite(
        database.engine,
        SecretStr(JWT_SECRET),
        "http://pages.example",
        role=role,
        credential_id=credential_id,
        minutes=minutes,
        actor=OPERATOR,
    )
    return made.url.removeprefix("http://pages.example")


def sign_in(browser: PageVisitor, path: str) -> httpx.Response:
    """Opens a link, and presses its button."""
    key = path.partition("key=")[2]
    browser.get(path)
    return browser.post("/twizzit/link", key=key)

"""One request of a browser: who it is, in which language, what its form holds, and what it gets.

What belongs here: reading cookies, the token of forms, and the two questions that every page asks before anything else:
may this role see it (`access_table`, by the line of the API's route that does the same), and may it see this club
(`access`).
"""

import re
import secrets
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Any, cast

from cachetools import TTLCache
from fastapi import Depends, Path, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.http_api.access import Caller, forbidden, held
from twizzit_pipeline.http_api.access_table import ACCESS
from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.pages import cookies, moments
from twizzit_pipeline.http_api.pages.forms import Form, form_of
from twizzit_pipeline.http_api.pages.rendering import rendered
from twizzit_pipeline.http_api.pages.signing import LONGEST_SECONDS, Refused, Session, Signer
from twizzit_pipeline.http_api.pages.texts import LANGUAGES, Texts, texts_of, wanted
from twizzit_pipeline.http_api.service import Service
from twizzit_pipeline.storage.engine import driver_errors

START = "/twizzit"
SIGN_IN = f"{START}/sign-in"
_OWN_SITE = {"same-origin", "none"}  # of the header that a browser sends along, whatever proxies make of `Host`
_OWN_PLACE = re.compile(r"/twizzit(/[A-Za-z0-9_-]+)*(\?[A-Za-z0-9_=&%+.-]*)?")


class NotSignedIn(Exception):
    """The page is for people who are signed in."""


class Refusal(Exception):
    """What was asked for cannot be done, in a text of the catalogue."""

    def __init__(self, status: int, key: str, **values: object) -> None:
        super().__init__(key)
        self.status, self.key, self.values = status, key, values


@dataclass(frozen=True)
class Pages:
    """What belongs to the pages of one running API. `ended`: ids of sessions that were signed out of."""

    signer: Signer
    ended: TTLCache[str, bool] = field(default_factory=lambda: TTLCache(10_000, ttl=LONGEST_SECONDS))


@dataclass
class Visit:
    """One request.

    Attributes:
        session: None before a person has signed in.
        guest: what stands for the session in the forms of this browser until then.
        notice: kind and text of a line to show, which the request before left.
    """

    request: Request
    pages: Pages
    texts: Texts
    session: Session | None
    guest: str
    notice: tuple[str, str] | None = None
    form: Form = field(default_factory=lambda: Form(()))
    _shown: bool = False  # a page was made, so the notice was read
    _signed_in_now: bool = False

    @classmethod
    def begin(cls, request: Request) -> "Visit":
        """What the request's cookies and headers say."""
        pages: Pages = request.app.state.pages
        language = request.cookies.get(cookies.LANGUAGE, "")
        if language not in LANGUAGES:
            language = wanted(request.headers.get("accept-language", ""))
        guest = request.cookies.get(cookies.GUEST, "")
        notice = _read(pages.signer.read_notice, request.cookies.get(cookies.NOTICE))
        session = _read(pages.signer.read_session, request.cookies.get(cookies.SESSION))
        if session is not None and session.id in pages.ended:
            session = None
        return cls(request, pages, texts_of(language), session, guest or secrets.token_urlsafe(16), notice)

    @property
    def service(self) -> Service:
        """What every route works with."""
        return cast("Service", self.request.app.state.service)

    @property
    def caller(self) -> Caller:
        """Who is signed in; once `signed_in` has asked for it, with what an administrator limited them to.

        Raises:
            NotSignedIn: there is none.
        """
        if self.session is None:
            raise NotSignedIn
        return getattr(self.request.state, "caller", None) or self.session.caller

    @property
    def form_token(self) -> str:
        """What the forms of this page bring along."""
        return self.pages.signer.form_token(self._of)

    @property
    def _of(self) -> str:
        return self.guest if self.session is None else self.session.id

    @property
    def was_signed_in(self) -> bool:
        """Whether the browser has a session that is over: it ended, or the secret of the API is another one by now."""
        return self.session is None and cookies.SESSION in self.request.cookies

    @property
    def is_fragment(self) -> bool:
        """Whether htmx asks for a part of a page."""
        return "hx-request" in self.request.headers

    async def check_form(self) -> None:
        """Reads the form, and refuses one of another page than ours.

        A request with the header ``Authorization``, which no form can send, needs no token.

        Raises:
            Refusal: it has no token, or one of another session; or a page elsewhere sent it.
            NotSignedIn: it is of a session that is over.
        """
        self.form = await form_of(self.request)
        from_elsewhere = self.request.headers.get("sec-fetch-site", "same-origin") not in _OWN_SITE
        by_program = self.session is None and "authorization" in self.request.headers
        if from_elsewhere or not (by_program or self.pages.signer.fits(self.form.text("token"), self._of)):
            if self.was_signed_in and not from_elsewhere:
                raise NotSignedIn
            raise Refusal(403, "error.form_is_old")

    def may(self, line: str) -> bool:
        """Whether the role of the caller has this line of the access table."""
        return self.session is not None and self.caller.role in ACCESS[line]

    def page(self, template: str, *, code: int = 200, **values: Any) -> HTMLResponse:
        """A page, or a part of one."""
        self._shown = True
        texts = self.texts
        common = {
            "t": texts,
            "n": texts.count,
            "moment": partial(moments.moment, texts=texts),
            "day": partial(moments.day, texts=texts),
            "length": partial(moments.length, texts=texts),
            "languages": LANGUAGES,
            "visit": self,
            "here": self.here,
        }
        return HTMLResponse(rendered(template, common | values), code)

    @property
    def here(self) -> str:
        """The path of the page that is shown, to come back to."""
        if self.request.method != "GET":
            return START
        query = self.request.url.query
        place = self.request.url.path + (f"?{query}" if query else "")
        return own_place(place)

    def go(self, place: str, *, said: str | None = None, kind: str = "done") -> RedirectResponse:
        """A redirect to a page of ours, which shows the line `said`."""
        answer = RedirectResponse(place, 303)
        if said is not None:
            self.note(answer, said, kind=kind)
        return answer

    def note(self, answer: Response, said: str, *, kind: str) -> None:
        """Has the next page show a line."""
        self._shown = False
        self.notice = None
        notice = self.pages.signer.notice(kind, said[:1000])
        cookies.put(self.request, answer, cookies.NOTICE, notice, seconds=60)

    def back(self, *, said: str | None = None, kind: str = "done") -> RedirectResponse:
        """A redirection to the page that had the form, with a line to show there."""
        return self.go(own_place(self.form.text("back")), said=said, kind=kind)

    def sign_in(self, session: Session) -> None:
        """From now on this browser is signed in; the cookie goes with the answer."""
        self.session = session
        self._signed_in_now = True

    def leave(self, response: Response) -> None:
        """The cookies that go with an answer."""
        if self.session is not None:
            renewed = self.session if self._signed_in_now else None if self.is_fragment else self.session.renewed()
            if renewed is not None:
                cookies.put(self.request, response, cookies.SESSION, self.pages.signer.session(renewed))
        elif self._shown and self.request.cookies.get(cookies.GUEST) != self.guest:
            cookies.put(self.request, response, cookies.GUEST, self.guest)
        if self._shown and self.notice is not None and not self.is_fragment:
            cookies.drop(self.request, response, cookies.NOTICE)


@dataclass(frozen=True)
class ClubVisit:
    """A request about one club that the caller reaches."""

    visit: Visit
    credential: Credential

    @property
    def id(self) -> int:
        """The credential's id."""
        return self.credential.id

    @property
    def place(self) -> str:
        """Where its pages are."""
        return f"{START}/clubs/{self.id}"

    def page(self, template: str, *, code: int = 200, **values: Any) -> HTMLResponse:
        """One of its pages."""
        club = {"credential": self.credential, "place": self.place}
        return self.visit.page(template, code=code, **club | values)


def visit_of(request: Request) -> Visit:
    """The visit that `PageRoute` began."""
    return cast("Visit", request.state.visit)


Here = Annotated[Visit, Depends(visit_of)]


def signed_in(line: str) -> Any:
    """A dependency: the visit of a caller whose role has this line of the access table.

    Raises (when a request comes):
        NotSignedIn: there is none, or none any more.
        Problem: 403.
    """
    roles = ACCESS[line]

    def admitted(request: Request) -> Visit:
        return _admit(request, roles)

    return Depends(admitted)


def at_club(line: str) -> Any:
    """A dependency: the same about the club in the path.

    Raises (when a request comes):
        UnknownCredential: there is none.
    """
    roles = ACCESS[line]

    def admitted(
        request: Request, credential_id: Annotated[int, Path(alias="credentialId", ge=1, le=2**31 - 1), PLAIN]
    ) -> ClubVisit:
        visit = _admit(request, roles)
        visit.caller.require(credential_id)
        with driver_errors():
            return ClubVisit(visit, store.get(visit.service.engine, credential_id))

    return Depends(admitted)


def own_place(place: str) -> str:
    """The place, if it is one of these pages; else the first of them."""
    return place if _OWN_PLACE.fullmatch(place) else START


def _admit(request: Request, roles: Any) -> Visit:
    visit = visit_of(request)
    if visit.session is None:
        raise NotSignedIn
    here = request.client.host if request.client is not None else None
    caller = held(visit.service.engine, replace(visit.session.caller, address=here))
    request.state.caller = caller
    if caller.role not in roles:
        raise forbidden()
    return visit


def _read(read: Any, text: str | None) -> Any:
    try:
        return None if text is None else read(text)
    except (Refused, KeyError, TypeError, ValueError):
        return None

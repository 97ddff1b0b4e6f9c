"""Signing in, with a token of ShotSpot or a link, and out; and the choice of a language."""

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Query, Request, Response

from twizzit_pipeline.http_api.access import Caller, forbidden, held
from twizzit_pipeline.http_api.access_table import ACCESS
from twizzit_pipeline.http_api.pages import cookies
from twizzit_pipeline.http_api.pages.routing import page_router
from twizzit_pipeline.http_api.pages.signing import Link, Refused, new_session
from twizzit_pipeline.http_api.pages.texts import LANGUAGES
from twizzit_pipeline.http_api.pages.visits import SIGN_IN, START, Here, Refusal, Visit, own_place
from twizzit_pipeline.http_api.problems import Problem
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.engine import driver_errors

router = page_router()

LINK_PLACE = "/link"
_ROLES = ACCESS["GET /organizations"]  # those of the first page
_TARGET = "pages"


@router.get("/sign-in")
def sign_in_page(here: Here, cookies_missing: Annotated[bool, Query(alias="cookies")] = False) -> Response:
    """Where people sign in."""
    if here.session is not None:
        return here.go(START)
    return here.page("sign_in.html", cookies_missing=cookies_missing, problem=None)


@router.post("/sign-in")
async def sign_in(here: Here) -> Response:
    """Sign in with a token of ShotSpot, in the form or in the header ``Authorization``."""
    header = here.request.headers.get("authorization")
    token = header or f"Bearer {here.form.text('shotspot_token').removeprefix('Bearer ').strip()}"
    try:
        caller, ends = here.service.tokens.signed_in(token)
    except Problem as problem:
        said = "sign_in.change_password" if problem.status == 403 else "sign_in.token_refused"
        return _again(here, said)
    if caller.role not in _ROLES:
        return _again(here, "sign_in.role_refused")
    await run_sync(_note_token, here, caller)
    return _in(here, caller, ends)


@router.get(LINK_PLACE)
def link_page(here: Here, key: Annotated[str, Query(max_length=2000)] = "") -> Response:
    """What a link of `twizzit link` opens: one button, so that a program that follows links uses none up."""
    return here.page("link.html", link=_read_link(here, key), key=key)


@router.post(LINK_PLACE)
def use_link(here: Here) -> Response:
    """Sign in with a link, once."""
    link = _read_link(here, here.form.text("key"))
    if link.role not in _ROLES:
        raise forbidden()
    caller = Caller(f"link-{link.id}", link.role, frozenset({link.credential_id}))
    with driver_errors(), here.service.engine.begin() as connection:
        details = {"with": "link", "role": link.role, "credential_id": link.credential_id}
        if not audit.record_once(
            connection, caller.actor, action="sign_in", target=_TARGET, target_id=link.id, details=details
        ):
            raise Refusal(403, "link.used")
    return _in(here, caller, None)


@router.post("/sign-out")
def sign_out(here: Here) -> Response:
    """End the session, here and for copies of its cookie."""
    if here.session is not None:
        here.pages.ended[here.session.id] = True
    here.session = None
    answer = here.go(SIGN_IN, said=here.texts("sign_in.signed_out"))
    cookies.drop(here.request, answer, cookies.SESSION)
    return answer


@router.get("/language/{language}")
def choose_language(request: Request, here: Here, language: str, back: str = START) -> Response:
    """Remember a language, and go back."""
    answer = here.go(own_place(back))
    if language in LANGUAGES:
        cookies.put(request, answer, cookies.LANGUAGE, language, seconds=cookies.YEAR_SECONDS)
    return answer


def _again(here: Visit, said: str) -> Response:
    return here.page("sign_in.html", code=403, cookies_missing=False, problem=here.texts(said))


def _in(here: Visit, caller: Caller, ends: float | None) -> Response:
    here.sign_in(new_session(caller, ends))
    return here.go(f"{START}?in=1")


def _read_link(here: Visit, key: str) -> Link:
    try:
        return here.pages.signer.read_link(key)
    except (Refused, KeyError, TypeError, ValueError):
        raise Refusal(403, "link.refused") from None


def _note_token(here: Visit, caller: Caller) -> None:
    """The row of a sign-in, once what a coach reaches could be looked up."""
    engine = here.service.engine
    held(engine, caller)
    with driver_errors(), engine.begin() as connection:
        audit.record(
            connection,
            caller.actor,
            action="sign_in",
            target=_TARGET,
            target_id=None,
            details={"with": "token", "role": caller.role},
        )

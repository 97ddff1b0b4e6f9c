"""What the pages sign: links to sign in with, sessions, notices, and the tokens of forms. Pure, but for the clock.

What belongs here: making and reading them. Each is signed with a key of its own, made from the API's secret and from
what it is for, and says what it is for: none of them is a token of the API or of ShotSpot, nor one of another kind.
"""

import hashlib
import hmac
import secrets
import time
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import jwt
from pydantic import SecretStr

from twizzit_pipeline.http_api.access import Caller

Purpose = Literal["link", "session", "notice", "form"]

_ALGORITHM = "HS256"
IDLE_SECONDS = 60 * 60
LONGEST_SECONDS = 12 * 3600
RENEW_SECONDS = 60
_NOTICE_SECONDS = 60
LONGEST_LINK_MINUTES = 24 * 60  # as the command has it
# What is good for longer than any is made was signed by a clock that was ahead, and would be good for as long.
_LONGEST: dict[str, int] = {
    "link": 60 * LONGEST_LINK_MINUTES,
    "session": IDLE_SECONDS,
    "notice": _NOTICE_SECONDS,
}
_CLOCKS_APART_SECONDS = 60


class Refused(Exception):
    """What was sent is none of ours, was changed, or is over."""


@dataclass(frozen=True, slots=True)
class Link:
    """What `twizzit link` signs: one sign-in, to one club, as one role.

    Attributes:
        until: seconds since 1970, when it is over.
    """

    id: str
    role: str
    credential_id: int
    until: int


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in.

    Attributes:
        id: by chance, made anew at each sign-in.
        user_id: as the audit log names them.
        credentials: those that they are held to; None where they are not.
        ends: when they must sign in again, in seconds since 1970; `idle`: when, unless they open a page before.
    """

    id: str
    user_id: str | None
    role: str
    credentials: tuple[int, ...] | None
    ends: int
    idle: int

    @property
    def caller(self) -> Caller:
        """The caller of the API that they are."""
        return Caller(self.user_id, self.role, None if self.credentials is None else frozenset(self.credentials))

    def renewed(self) -> "Session | None":
        """The session with its time of rest begun anew; None where that makes no difference worth a cookie."""
        idle = min(int(time.time()) + IDLE_SECONDS, self.ends)
        return replace(self, idle=idle) if idle - self.idle >= RENEW_SECONDS else None


def new_session(caller: Caller, ends: float | None) -> Session:
    """A session of this caller, that ends at `ends` at the latest, if there is such a moment."""
    now = int(time.time())
    end = now + LONGEST_SECONDS if ends is None else int(min(ends, now + LONGEST_SECONDS))
    held = None if caller.credentials is None else tuple(sorted(caller.credentials))
    return Session(secrets.token_urlsafe(16), caller.user_id, caller.role, held, end, min(end, now + IDLE_SECONDS))


class Signer:
    """Signs and reads them with keys made from one secret."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret.get_secret_value().encode()

    def link(self, role: str, credential_id: int, seconds: int) -> tuple[Link, str]:
        """A new link, and its text."""
        made = Link(secrets.token_urlsafe(12), role, credential_id, int(time.time()) + seconds)
        return made, self._signed("link", asdict(made), made.until)

    def read_link(self, text: str) -> Link:
        """
        Raises:
            Refused: it is no link of ours, or it is over.
        """
        found = self._read("link", text)
        return Link(str(found["id"]), str(found["role"]), int(found["credential_id"]), int(found["until"]))

    def session(self, session: Session) -> str:
        """The text of a session, for a cookie."""
        return self._signed("session", asdict(session), session.idle)

    def read_session(self, text: str) -> Session:
        """
        Raises:
            Refused: it is no session of ours, or it is over.
        """
        found = self._read("session", text)
        if int(found["ends"]) > time.time() + LONGEST_SECONDS + _CLOCKS_APART_SECONDS:
            raise Refused
        held = found["credentials"]
        return Session(
            id=str(found["id"]),
            user_id=found["user_id"],
            role=str(found["role"]),
            credentials=None if held is None else tuple(int(one) for one in held),
            ends=int(found["ends"]),
            idle=int(found["idle"]),
        )

    def notice(self, kind: str, text: str) -> str:
        """One line that the next page shows, for a cookie."""
        return self._signed("notice", {"kind": kind, "text": text}, int(time.time()) + _NOTICE_SECONDS)

    def read_notice(self, text: str) -> tuple[str, str]:
        """Kind and text.

        Raises:
            Refused: it is no notice of ours, or it is over.
        """
        found = self._read("notice", text)
        return str(found["kind"]), str(found["text"])

    def form_token(self, of: str) -> str:
        """What every form of this session (or of this browser, before one) must bring along."""
        return hmac.new(self._key("form"), of.encode(), hashlib.sha256).hexdigest()

    def fits(self, token: str, of: str) -> bool:
        """Whether a form was made for this session."""
        return hmac.compare_digest(token.encode(), self.form_token(of).encode())

    def _key(self, purpose: Purpose) -> bytes:
        return hmac.new(self._secret, f"twizzit pages: {purpose}".encode(), hashlib.sha256).digest()

    def _signed(self, purpose: Purpose, what: dict[str, Any], until: int) -> str:
        claims = {"aud": f"twizzit-pages-{purpose}", "exp": until, purpose: what}
        return jwt.encode(claims, self._key(purpose), algorithm=_ALGORITHM)

    def _read(self, purpose: Purpose, text: str) -> dict[str, Any]:
        try:
            claims = jwt.decode(
                text,
                self._key(purpose),
                algorithms=[_ALGORITHM],
                audience=f"twizzit-pages-{purpose}",
                options={"require": ["exp", "aud"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise Refused from None
        if claims["exp"] > time.time() + _LONGEST[purpose] + _CLOCKS_APART_SECONDS:
            raise Refused
        found: dict[str, Any] = claims[purpose]
        return found

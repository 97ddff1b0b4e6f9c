"""What a caller may reach. Every route asks here, and nowhere else: of one credential, or which of them to list.

A coach is held to credentials by the token (its claim `organizations`), by what an administrator said of the user
(`credentials.coaches`), or by both: then to those that both name.
"""

from dataclasses import dataclass, replace

from sqlalchemy import Engine

from twizzit_pipeline.credentials import coaches
from twizzit_pipeline.http_api.problems import Problem
from twizzit_pipeline.storage.audit import Actor

COACH = "coach"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a token that is right.

    Attributes:
        role: in small letters; may be one that this API does not have.
        credentials: the credentials that a coach is held to; None where they are not.
        address: where the request came from; None where that is not known.
    """

    user_id: str | None
    role: str
    credentials: frozenset[int] | None
    address: str | None = None

    @property
    def actor(self) -> Actor:
        """The caller as the audit log writes them down."""
        return Actor(kind="token", id=self.user_id or "unknown", role=self.role)

    @property
    def identity(self) -> str:
        """Who is counted where calls are limited: the user, however the token is spelled; the address without one."""
        return f"user {self.user_id}" if self.user_id is not None else f"address {self.address}"

    def may_use(self, credential_id: int | None) -> bool:
        """Whether they reach this credential; what belongs to none only where they are not held to some."""
        return self.credentials is None or credential_id in self.credentials

    def require(self, credential_id: int | None) -> None:
        """Refuses a credential that the caller does not reach, whether there is one or not.

        Raises:
            Problem: 403.
        """
        if not self.may_use(credential_id):
            raise forbidden()


def held(engine: Engine, caller: Caller) -> Caller:
    """The caller, held to the clubs that an administrator limited them to.

    Raises:
        DatabaseUnavailable: it cannot be looked up, so nothing is shown.
    """
    if caller.role != COACH or caller.user_id is None:
        return caller
    visible = coaches.visible_to(engine, caller.user_id)
    if visible is None:
        return caller
    return replace(caller, credentials=visible if caller.credentials is None else visible & caller.credentials)


def forbidden() -> Problem:
    """403 in the guide's words."""
    return Problem(403, "Insufficient permissions")

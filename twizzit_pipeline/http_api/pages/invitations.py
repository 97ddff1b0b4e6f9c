"""Links to sign in with, made and noted: what `twizzit link` and `twizzit up --demo` print."""

from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr
from sqlalchemy import Engine

from twizzit_pipeline.http_api.pages.signing import Signer
from twizzit_pipeline.storage.audit import Actor, record_beside

Role = Literal["admin", "coach"]
ROLES: tuple[Role, ...] = ("admin", "coach")


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link. `not_noted`: why the audit log has no row of it; None where it has."""

    url: str
    not_noted: str | None


def invite(
    engine: Engine, secret: SecretStr, base: str, *, role: Role, credential_id: int, minutes: int, actor: Actor
) -> Invitation:
    """A link to one club for one role, good for one sign-in within so many minutes.

    Args:
        secret: of the API's tokens.
        base: where browsers reach the pages, without `/twizzit`.
    """
    link, text = Signer(secret).link(role, credential_id, 60 * minutes)
    details = {"link": link.id, "role": role, "credential_id": credential_id, "minutes": minutes}
    not_noted = record_beside(engine, actor, action="link", target="pages", details=details)
    return Invitation(f"{base.rstrip('/')}/twizzit/link?key={text}", not_noted)

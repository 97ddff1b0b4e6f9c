"""Which club of ShotSpot the organization of a credential is, where its name does not decide.

What belongs here: what an administrator says. What a sync makes of it is in `plan.places`.
"""

import difflib
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select, update

from twizzit_pipeline.credentials.rows import locked
from twizzit_pipeline.credentials.store import get
from twizzit_pipeline.errors import UnknownClub
from twizzit_pipeline.storage.audit import Actor, record, this_user
from twizzit_pipeline.storage.tables import clubs, credentials

_MOST_SHOWN = 20
_LARGEST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Club:
    """A club of ShotSpot."""

    id: int
    name: str


def named_club(engine: Engine, credential_id: int) -> Club | None:
    """The club that an administrator said the organization is; None where its name decides.

    Raises:
        UnknownCredential: no row has that id.
    """
    club_id = get(engine, credential_id).club_id
    with engine.connect() as connection:
        row = connection.execute(select(clubs.c.id, clubs.c.name).where(clubs.c.id == club_id)).one_or_none()
    return None if row is None else Club(row.id, row.name)


def set_club(engine: Engine, credential_id: int, club: int | str | None, *, actor: Actor | None = None) -> Club | None:
    """Say which club of ShotSpot the credential's organization is; that club, None where it was taken back.

    New teams go into that club from the next sync on, whatever the organization is called. Teams that are mapped
    already stay in the club in which they are.

    Args:
        club: the id or the exact name of the club; a text of digits is an id, unless a club is called so. None: its
            name decides again.

    Raises:
        UnknownCredential: no row has that id.
        UnknownClub: no club has that id or name; the message lists those that have a similar name, or the first.
    """
    with engine.begin() as connection:
        before = locked(connection, credential_id, beside_syncs=True).club_id
        found = None if club is None else _found(connection, club)
        club_id = None if found is None else found.id
        if club_id != before:
            connection.execute(
                update(credentials)
                .where(credentials.c.id == credential_id)
                .values(club_id=club_id, updated_at=func.timezone("utc", func.now()))
            )
            who, details = actor or this_user(), {"club_id": club_id, "club_id_before": before}
            record(
                connection,
                who,
                action="set_club",
                target="credential",
                target_id=str(credential_id),
                details=details,
            )
    return found


def _found(connection: Connection, club: int | str) -> Club:
    wanted = select(clubs.c.id, clubs.c.name).order_by(clubs.c.name)
    by_name = {name: Club(club_id, name) for club_id, name in connection.execute(wanted)}
    text = str(club).strip()
    if isinstance(club, str) and text in by_name:
        return by_name[text]
    number = int(text) if text.isdecimal() and int(text) <= _LARGEST_ID else None
    found = next((one for one in by_name.values() if one.id == number), None)
    if found is not None:
        return found
    raise UnknownClub(f"No club of ShotSpot has the id or the name {text!r}; {_choice(text, by_name)}")


def _choice(text: str, by_name: dict[str, Club]) -> str:
    """The clubs to choose from, the most similar names first."""
    if not by_name:
        return "there is no club yet: a sync of its teams makes one"
    similar = difflib.get_close_matches(text, by_name, n=_MOST_SHOWN, cutoff=0.3)
    names = list(dict.fromkeys([*similar, *by_name]))[:_MOST_SHOWN]
    more = f", and {len(by_name) - len(names)} more" if len(by_name) > len(names) else ""
    return "there are: " + ", ".join(f"{by_name[name].id} ({name})" for name in names) + more

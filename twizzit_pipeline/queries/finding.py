"""Which club, team or player a person means: an id, or a name as people type it, without regard to accents and case.

What belongs here: what fits a text. A text that is an id means that row; a name must fit exactly one: whole names come
before their beginnings, and those before names that hold all the words.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Engine, Select, exists, false, func, literal, select

from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.rows import unknown
from twizzit_pipeline.errors import NotUnique, UnknownPlayer, UnknownTeam
from twizzit_pipeline.runs.season_rows import today
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import (
    clubs,
    player_mappings,
    players,
    seasons,
    team_mappings,
    teams,
    twizzit_players,
)
from twizzit_pipeline.transform.names import normalised_name

_LARGEST_ID = 2**31 - 1  # of a serial column
_MOST_CHOICES = 40
_MOST_FOUND = 20
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person plays. `player_id` is None for one whom Twizzit lists in the team and ShotSpot does not have."""

    team_id: int
    player_id: int | None
    twizzit_id: str | None


def find_credential(engine: Engine, text: str) -> int:
    """The credential that is meant: by its id, its key (``3-kc-antwerpen``), or its club's name.

    A number is an id first, then the name of a club ("1860 Korfbal"). One that is neither is taken as it is: the use
    case says that there is no such credential.

    Raises:
        NotUnique: no name fits, or several do; lists the credentials to choose from.
        UnknownCredential: it is a number that no id can be.
    """
    with driver_errors():
        listed = store.list_all(engine)
    number = _number(text)
    if number is not None and number in {one.id for one in listed}:
        return number
    found = fitting(text, listed, lambda one: (one.organization_name, one.partition_key or ""))
    if number is not None and not found:
        if number > _LARGEST_ID:
            raise unknown(number)
        return number
    if len(found) == 1:
        return found[0].id
    said = f"“{text}” fits {len(found)} clubs" if found else f"No club is called “{text}”"
    what = "say which by its id:" if found or listed else "there are none yet: twizzit credentials add --help"
    raise NotUnique(f"{said}; {what}", tuple(f"{one.id}  {one.organization_name}" for one in found or listed))


def find_team(engine: Engine, text: str, *, credential_ids: Collection[int] | None = None) -> int:
    """The team of ShotSpot that is meant: by its id, its name ("U19 1"), or that with its club's.

    Of teams with one name, the mapped ones come before others, those of a season that runs before those of one that
    does not, and those of a newer season before those of an older one. A number is an id first, then a name ("1"); one
    that is neither is taken as it is.

    Args:
        credential_ids: the teams that these credentials sync alone.

    Raises:
        NotUnique: several teams fit.
        UnknownTeam: none does.
    """
    number = _number(text)
    if number is not None and number in {row.id for row in _teams(engine, None)}:
        return number
    found = fitting(
        text,
        _teams(engine, credential_ids),
        lambda row: (row.name, f"{row.club} {row.name}", f"{row.name} {row.club}"),
    )
    found = [row for row in found if row.mapped] or found
    newest: dict[tuple[str, str], Any] = {}
    for row in found:  # those of now first
        newest.setdefault((row.club, row.name), row)
    if len(newest) == 1:
        return int(next(iter(newest.values())).id)
    if not newest and number is not None:
        return number
    if not newest:
        raise UnknownTeam(f"No team of ShotSpot is called “{text}”; see: twizzit mappings teams")
    choices = [f"{row.id}  {row.name} ({', '.join(filter(None, (row.club, row.season)))})" for row in newest.values()]
    raise NotUnique(f"“{text}” fits {len(choices)} teams; say which by its id:", (*choices[:_MOST_CHOICES],))


def find_player(
    engine: Engine, text: str, *, team_id: int | None = None, credential_ids: Collection[int] | None = None
) -> Place:
    """The player that is meant, in ShotSpot or in what the last syncs saw in Twizzit: by first, last or whole name.

    Args:
        text: a number means ShotSpot's id of a player, ``Twizzit 1000030`` Twizzit's.
        team_id: who plays in this team alone.
        credential_ids: players of the teams that these credentials sync alone.

    Raises:
        NotUnique: several people fit.
        UnknownPlayer: none does.
    """
    people = _people(engine, team_id, credential_ids)
    if (number := _number(text)) is not None:
        found = [row for row in people if row.player_id == number]
    elif (twizzit_id := _twizzit_id(text)) is not None:
        found = [row for row in people if row.twizzit_id == twizzit_id]
    else:
        found = fitting(
            text,
            people,
            lambda row: (row.last, row.first, f"{row.first} {row.last}", f"{row.last} {row.first}"),
        )
    if len(found) == 1:
        return Place(found[0].team_id, found[0].player_id, found[0].twizzit_id)
    if not found:
        raise UnknownPlayer("No player of a team has that name, in ShotSpot or in the last syncs")
    choices = [
        f"{row.player_id or f'Twizzit {row.twizzit_id}'}  {row.first} {row.last} ({row.team}, {row.club})"
        for row in found
    ]
    raise NotUnique(f"That name fits {len(choices)} players; say which by its id:", (*choices[:_MOST_CHOICES],))


def players_like(engine: Engine, text: str, *, credential_ids: Collection[int] | None = None) -> list[Place]:
    """Where the people play whom a name, or a part of one, fits best; the first twenty of them.

    Args:
        credential_ids: players of the teams that these credentials sync alone.
    """
    people = _people(engine, None, credential_ids)
    found = fitting(
        text, people, lambda row: (row.last, row.first, f"{row.first} {row.last}", f"{row.last} {row.first}")
    )
    return [Place(row.team_id, row.player_id, row.twizzit_id) for row in found[:_MOST_FOUND]]


def fitting(text: str, rows: Iterable[_T], names: Callable[[_T], Iterable[str]]) -> list[_T]:
    """The rows that a text fits best: by a whole name, else by the beginning of one, else by all of its words."""
    wanted = normalised_name(text)
    keyed = [(row, [normalised_name(name) for name in names(row) if name]) for row in rows]
    if not wanted:
        return []
    words = set(wanted.split())
    ways: tuple[Callable[[str], bool], ...] = (
        lambda name: name == wanted,
        lambda name: name.startswith(wanted),
        lambda name: words <= set(name.split()),
    )
    for fits in ways:
        found = [row for row, keys in keyed if any(map(fits, keys))]
        if found:
            return found
    return []


def _number(text: str) -> int | None:
    return int(text) if text.strip().isascii() and text.strip().isdigit() else None


def _twizzit_id(text: str) -> str | None:
    """The id of ``Twizzit 1000030``, as a list of players to choose from calls one whom ShotSpot does not have."""
    word, _, id_ = text.strip().partition(" ")
    return id_.strip() if word.casefold() == "twizzit" and _number(id_) is not None else None


def _teams(engine: Engine, credential_ids: Collection[int] | None) -> Sequence[Any]:
    """A season that began last may be over, an indoor one within an outdoor one, or have yet to begin."""
    runs = func.coalesce(literal(today()).between(seasons.c.start_date, seasons.c.end_date), false())
    wanted = (
        select(
            teams.c.id,
            teams.c.name,
            clubs.c.name.label("club"),
            seasons.c.name.label("season"),
            team_mappings.c.id.is_not(None).label("mapped"),
        )
        .join(clubs, clubs.c.id == teams.c.club_id)
        .join(seasons, seasons.c.id == teams.c.season_id, isouter=True)
        .join(team_mappings, team_mappings.c.local_team_id == teams.c.id, isouter=True)
        .order_by(runs.desc(), seasons.c.start_date.desc().nulls_last(), clubs.c.name, teams.c.name, teams.c.id)
    )
    if credential_ids is not None:
        wanted = wanted.where(among(team_mappings.c.credential_id, credential_ids))
    with driver_errors(), engine.connect() as connection:
        return connection.execute(wanted).all()


def _people(engine: Engine, team_id: int | None, credential_ids: Collection[int] | None) -> list[Any]:
    """All people with a team: ShotSpot's players, then those whom a snapshot lists in a mapped team and who have no
    mapping.
    """
    known, listed = _players_in_teams(), _listed_without_mapping()
    if team_id is not None:
        known, listed = known.where(teams.c.id == team_id), listed.where(teams.c.id == team_id)
    if credential_ids is not None:
        of_these = among(team_mappings.c.credential_id, credential_ids)
        known, listed = known.where(of_these), listed.where(of_these)
    with driver_errors(), engine.connect() as connection:
        return [*connection.execute(known), *(_Unknown(*row) for row in connection.execute(listed))]


def _players_in_teams() -> Select[Any]:
    return (
        select(
            players.c.id.label("player_id"),
            remote_id(player_mappings).label("twizzit_id"),
            players.c.first_name.label("first"),
            players.c.last_name.label("last"),
            teams.c.id.label("team_id"),
            teams.c.name.label("team"),
            clubs.c.name.label("club"),
        )
        .join(teams, teams.c.id == players.c.team_id)
        .join(clubs, clubs.c.id == teams.c.club_id)
        .join(player_mappings, player_mappings.c.local_player_id == players.c.id, isouter=True)
        .join(team_mappings, team_mappings.c.local_team_id == teams.c.id, isouter=True)
        .order_by(players.c.last_name, players.c.first_name, players.c.id)
    )


def _listed_without_mapping() -> Select[Any]:
    """In the columns of `_Unknown`."""
    snapshot = twizzit_players.c
    mapped = exists().where(
        remote_id(player_mappings) == snapshot.twizzit_player_id,
        *(
            player_mappings.c[name].is_not_distinct_from(team_mappings.c[name])
            for name in ("twizzit_host", "twizzit_dialect", "twizzit_organization_id")
        ),
    )
    return (
        select(
            snapshot.twizzit_player_id.label("twizzit_id"),
            snapshot.first_name.label("first"),
            snapshot.last_name.label("last"),
            teams.c.id.label("team_id"),
            teams.c.name.label("team"),
            clubs.c.name.label("club"),
        )
        .distinct()
        .join(
            team_mappings,
            (remote_id(team_mappings) == snapshot.twizzit_team_id)
            & (team_mappings.c.credential_id == snapshot.credential_id),
        )
        .join(teams, teams.c.id == team_mappings.c.local_team_id)
        .join(clubs, clubs.c.id == teams.c.club_id)
        .where(~mapped)
        .order_by(snapshot.last_name, snapshot.first_name, snapshot.twizzit_player_id)
    )


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A person whom ShotSpot does not have, with the columns of one whom it does."""

    twizzit_id: str
    first: str
    last: str
    team_id: int
    team: str
    club: str
    player_id: None = None

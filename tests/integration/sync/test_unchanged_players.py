"""The players that PostgreSQL finds unchanged are those that the plan leaves alone, row for row, after any change.

The world of an example starts as a sync leaves it; then rows of the scan, of the mappings and of ShotSpot are changed
at random. The plan of all people and the plan of those that are read must be the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, insert

from tests.support.memory_shotspot import SEASON
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.rows import Owner
from twizzit_pipeline.plan.states import PlayerState
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.state.teams_and_players import read_player_state

PEOPLE = 4
HOST, OTHER_HOST = "twizzit.test", "elsewhere.test"
THEN, LATER = (datetime(2026, 9, day, 10, tzinfo=UTC).replace(tzinfo=None) for day in (1, 2))
# Clubs 1 and 2; remote team "11" is team 1 and "12" team 2 of club 1, "13" team 3 of club 2; nothing maps "19".
CLUB_OF = {1: 1, 2: 1, 3: 2}

Change = tuple[str, Any]


def _one_of(table: str, **columns: list[Any]) -> st.SearchStrategy[Change]:
    return st.one_of(
        *(st.sampled_from([(f"{table}.{name}", value) for value in values]) for name, values in columns.items())
    )


SCAN = _one_of(
    "scan",
    first_name=["Noë", "Lotte"],
    last_name=["Peeters"],
    gender=[None, "male"],
    jersey_number=[None, 0, 7, 2],
    name_guessed=[True],
    twizzit_team_id=["12", "13", "19"],
)
MAPPING = _one_of(
    "mapping",
    twizzit_player_name=["Another Person", None],
    team_mapping_id=[2, None],
    sync_status=["failed", "pending", None],
    sync_error=["of before"],
    credential_id=[2, 3, None],
    twizzit_host=[OTHER_HOST, None],
    twizzit_dialect=["v1", None],
    twizzit_organization_id=["20", None],
    twizzit_organization_name=["Another", "kc duinen", None],
    last_synced_at=[LATER, None],
    last_synced_seen=[LATER, None],
    last_values=[None],
    twizzit_remote_id=["stand-in"],
)
BASE = _one_of(
    "base",
    first_name=["Lotte"],
    gender=[None],
    jersey_number=[None, 7],
    twizzit_team_id=["12", "13", None],
    is_active=[False, None],
    number_withheld=[True, False],
    unknown=["more"],
)
PLAYER = _one_of(
    "player",
    club_id=[2, None],
    team_id=[2, 3, None],
    first_name=["Edited"],
    gender=[None],
    jersey_number=[None, 50],
    is_active=[False],
)
TEAM = _one_of("team", credential_id=[2, None], twizzit_host=[OTHER_HOST], twizzit_organization_id=["20"])
WHOLE = st.sampled_from([("without mapping", True), ("without base key", "gender"), ("gone", True)])


@dataclass(frozen=True)
class Person:
    """What was tampered with of one person; `also_in`: a second team, and whether the row there says another number."""

    changes: tuple[Change, ...] = ()
    also_in: tuple[str, bool] | None = None
    rival: str | None = None


@dataclass(frozen=True)
class World:
    people: tuple[Person, ...]
    teams: tuple[Change, ...] = ()
    is_federation: bool = False
    names_a_club: bool = False
    free: tuple[int, ...] = field(default=())  # people for whom a player of their name and number stands by, unmapped
    policy: str = "twizzit"
    asked: tuple[tuple[int, str], ...] = ()  # people of whom a conflict waits, and ShotSpot's value in it
    free_are: tuple[str, bool] = ("plain", True)  # how the names of those who stand by are typed; whether they play
    doubts: tuple[tuple[int, str], ...] = ()  # people of whom a doubtful link with who stands by waits, or is decided


PERSONS = st.builds(
    Person,
    st.lists(st.one_of(SCAN, MAPPING, BASE, PLAYER, WHOLE), max_size=2).map(tuple),
    st.one_of(st.none(), st.none(), st.tuples(st.sampled_from(["12", "13", "19"]), st.booleans())),
    st.sampled_from([None, None, None, "host", "no organization", "stand-in"]),
)
WORLDS = st.builds(
    World,
    st.lists(PERSONS, min_size=PEOPLE, max_size=PEOPLE).map(tuple),
    st.lists(TEAM, max_size=1).map(tuple),
    st.booleans(),
    st.booleans(),
    st.lists(st.integers(0, PEOPLE - 1), unique=True, max_size=2).map(tuple),
    st.sampled_from(["twizzit", "shotspot", "newest", "ask"]),
    st.dictionaries(st.integers(0, PEOPLE - 1), st.sampled_from(["Edited", "Before"]), max_size=2).map(
        lambda asked: tuple(asked.items())
    ),
    st.tuples(st.sampled_from(["plain", "accents", "hyphens"]), st.sampled_from([True, True, False])),
    st.dictionaries(st.integers(0, PEOPLE - 1), st.sampled_from(["open", "create", "link"]), max_size=3).map(
        lambda doubts: tuple(doubts.items())
    ),
)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.engine.connect() as opened:
        _write_places(opened)
        yield opened
        opened.rollback()


@pytest.mark.timeout(600)
@given(WORLDS)
@example(World((Person(),) * PEOPLE))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_plan_is_the_same_without_those_that_are_left_out(connection: Connection, world: World) -> None:
    with connection.begin_nested() as this_example:
        owner, season_id = _write(connection, world)
        everyone = read_player_state(connection, owner, season_id, SEASON)
        read = read_player_state(connection, owner, season_id, SEASON, whole=False)
        this_example.rollback()
    assert _said(plan_players(_sorted(read))) == _said(plan_players(_sorted(everyone)))
    assert read.unchanged + len({row.id for row in read.remote}) == len({row.id for row in everyone.remote})


@pytest.mark.parametrize(("held", "settled"), [("First1", True), ("Edited", False)])
def test_one_of_whom_something_is_asked_is_read_and_settled_where_both_agree(
    connection: Connection, held: str, settled: bool
) -> None:
    """Nothing else changed of that person: the base is what Twizzit says."""
    person = Person((("player.first_name", held),))
    owner, season_id = _write(
        connection, World((Person(), person, Person(), Person()), asked=((1, "Edited"),), policy="ask")
    )
    read = read_player_state(connection, owner, season_id, SEASON, whole=False)
    plan = plan_players(read)
    assert ([row.id for row in read.remote], plan.unchanged) == (["101"], PEOPLE)
    assert (len(plan.settled), plan.questions, plan.changes) == (int(settled), [], [])


@pytest.mark.parametrize("typed", ["plain", "accents", "hyphens"])
@pytest.mark.parametrize(("doubts", "read_one"), [((), True), (((1, "create"),), False)])
def test_one_for_whom_another_stands_by_is_read_until_that_is_decided(
    connection: Connection, typed: str, doubts: Any, read_one: bool
) -> None:
    world = World((Person(),) * PEOPLE, free=(1,), free_are=(typed, True), doubts=doubts)
    owner, season_id = _write(connection, world)
    read = read_player_state(connection, owner, season_id, SEASON, whole=False)
    plan = plan_players(read)
    assert [row.id for row in read.remote] == (["101"] if read_one else [])
    assert (plan.unchanged, plan.changes) == (PEOPLE, [])
    assert [(one.local_id, one.candidates) for one in plan.questions] == ([(101, (301,))] if read_one else [])


def test_of_a_world_without_changes_no_one_is_read(connection: Connection) -> None:
    two_teams = Person(also_in=("12", False))
    owner, season_id = _write(connection, World((Person(), two_teams, Person(), Person())))
    read = read_player_state(connection, owner, season_id, SEASON, whole=False)
    assert (read.unchanged, read.remote, read.mappings, read.local, read.teams) == (PEOPLE, [], [], [], {})


@pytest.mark.parametrize(
    "change",
    [
        ("scan.last_name", "Peeters"),
        ("scan.jersey_number", 7),
        ("scan.twizzit_team_id", "12"),
        ("mapping.sync_status", "failed"),
        ("mapping.last_synced_at", LATER),
        ("base.number_withheld", True),
        ("player.club_id", None),
        ("without mapping", True),
    ],
)
def test_one_who_differs_is_read_alone(connection: Connection, change: Change) -> None:
    owner, season_id = _write(connection, World((Person(), Person((change,)), Person(), Person())))
    read = read_player_state(connection, owner, season_id, SEASON, whole=False)
    assert read.unchanged == PEOPLE - 1
    assert [row.id for row in read.remote] == ["101"]


@pytest.mark.parametrize("season", [replace(SEASON, decides=False), replace(SEASON, repairs=True)])
def test_an_older_season_and_a_repair_look_at_everyone(connection: Connection, season: Any) -> None:
    owner, season_id = _write(connection, World((Person(),) * PEOPLE))
    read = read_player_state(connection, owner, season_id, season, whole=False)
    assert (read.unchanged, len(read.remote)) == (0, PEOPLE)


def _sorted(state: PlayerState) -> PlayerState:
    """Rows come in no order; of two mappings that may be meant alike the plan takes the first."""
    return replace(
        state,
        mappings=sorted(state.mappings, key=lambda row: row.id),
        local=sorted(state.local, key=lambda row: row.id),
        remote=sorted(state.remote, key=lambda row: (row.id, row.team_id)),
    )


def _said(plan: Plan) -> tuple[object, ...]:
    return (
        sorted(map(repr, plan.changes)),
        sorted(map(repr, plan.failed)),
        sorted(map(repr, plan.warned)),
        sorted(plan.seen),
        plan.unchanged,
        sorted(map(repr, plan.questions)),
        sorted(plan.settled),
    )


def _write_places(connection: Connection) -> None:
    """What is the same in every world: credentials, a season, clubs and teams, in ids that are known."""
    for id_, active in ((1, True), (2, True), (3, False)):
        login = {"api_username": "u", "encrypted_password": "00", "encryption_iv": "00", "is_active": active}
        _insert(connection, tables.credentials, [{"id": id_, "organization_name": f"KC Duinen {id_}", **login}])
    days = {"start_date": SEASON.start_date, "end_date": SEASON.end_date}
    _insert(connection, tables.twizzit_seasons, [{"id": 1, "credential_id": 1, "label": SEASON.label, **days}])
    _insert(connection, tables.clubs, [{"id": id_, "name": f"Club {id_}"} for id_ in (1, 2)])
    teams = [{"id": id_, "club_id": club_id, "name": f"U{id_}"} for id_, club_id in CLUB_OF.items()]
    _insert(connection, tables.teams, teams)


def _write(connection: Connection, world: World) -> tuple[Owner, int]:
    """The rows of a world."""
    owner = Owner(1, "v2", "10", "KC Duinen", host=HOST, names_own_teams_alone=True)
    said = {"is_federation": world.is_federation, "conflict_policy": world.policy}
    _insert(connection, tables.sync_config, [{"credential_id": 1, **said}])
    _insert(connection, tables.conflicts, [_question(place, local) for place, local in world.asked])
    _insert(connection, tables.conflicts, [_doubt(place, how) for place, how in world.doubts])
    mapped = {"last_values": {"club_name": None}, **_owned(owner)}
    teams = [{"id": id_, "local_team_id": id_, "twizzit_team_id": f"1{id_}", **mapped} for id_ in CLUB_OF]
    teams[0] |= _of("team", world.teams)
    _insert(connection, tables.team_mappings, teams)
    listed = {"credential_id": 1, "season_id": 1}
    scanned = [{**listed, "twizzit_team_id": f"1{id_}", "name": f"U{id_}", "club_name": None} for id_ in CLUB_OF]
    scanned[2]["club_name"] = "Club 2" if world.names_a_club else None
    _insert(connection, tables.twizzit_teams, scanned)
    people = list(enumerate(world.people))
    _insert(connection, tables.twizzit_players, [listed | row for one in people for row in _scanned(*one)])
    players = [_player(*one) for one in people]
    players += [_standing_by(place, *world.free_are) for place in world.free]
    players += [{**_player(place, Person()), **_RIVAL, "id": 200 + place} for place, one in people if one.rival]
    _insert(connection, tables.players, players)
    _insert(connection, tables.player_mappings, [row for one in people for row in _mappings(owner, *one)])
    return owner, 1


_RIVAL = {"club_id": 2, "team_id": None, "first_name": "Rival", "last_name": "Row", "jersey_number": None}


def _question(place: int, local: str) -> dict[str, Any]:
    both = {"base": "Of before", "local": local, "remote": f"First{place}"}
    of = {"credential_id": 1, "entity": "players", "twizzit_id": str(100 + place), "local_id": 100 + place}
    return {**of, "kind": "field", "column_name": "first_name", **both}


def _doubt(place: int, how: str) -> dict[str, Any]:
    is_open = how == "open"
    decided = {"status": "open" if is_open else "resolved", "resolution": None if is_open else how}
    of = {"credential_id": 1, "entity": "players", "twizzit_id": str(100 + place), "local_id": 100 + place}
    value = 300 + place if how == "link" else None
    return {**of, "kind": "doubtful_link", "base": {}, "candidates": [300 + place], "value": value, **decided}


def _of_twizzit(place: int) -> dict[str, Any]:
    return {"first_name": f"First{place}", "last_name": f"Last{place}", "gender": "female", "jersey_number": place + 1}


def _scanned(place: int, person: Person) -> Iterator[dict[str, Any]]:
    if ("gone", True) in person.changes:
        return
    row = {"twizzit_team_id": "11", "twizzit_player_id": str(100 + place), **_of_twizzit(place), "name_guessed": False}
    row |= _of("scan", person.changes)
    yield row
    if person.also_in is not None and person.also_in[0] != row["twizzit_team_id"]:
        team, other_number = person.also_in
        yield row | {"twizzit_team_id": team} | ({"jersey_number": 9} if other_number else {})


def _player(place: int, person: Person) -> dict[str, Any]:
    row = {"id": 100 + place, "club_id": 1, "team_id": 1, "is_active": True, **_of_twizzit(place)}
    row |= _of("player", person.changes)
    return row | ({"jersey_number": 50 + place} if row["jersey_number"] == 50 else {})  # a club has each once


def _standing_by(place: int, typed: str, is_active: bool) -> dict[str, Any]:
    """A player of the same name without a mapping, with a number that another may ask for."""
    row = {**_player(place, Person()), "id": 300 + place, "team_id": None, "jersey_number": {0: 7, 1: 0}.get(place)}
    first = {"plain": "First", "accents": "FÍrst", "hyphens": "-first"}[typed]
    return {**row, "first_name": f"{first}{place}", "is_active": is_active}


def _mappings(owner: Owner, place: int, person: Person) -> Iterator[dict[str, Any]]:
    flags = {name: value for name, value in person.changes if "." not in name}
    base = {**_of_twizzit(place), "twizzit_team_id": "11", "is_active": True, **_of("base", person.changes)}
    base.pop(flags.get("without base key", ""), None)
    mapping = {
        "local_player_id": 100 + place,
        "twizzit_player_id": str(100 + place),
        "twizzit_remote_id": None,
        "twizzit_player_name": f"First{place} Last{place}",
        "team_mapping_id": 1,
        "last_values": base,
        "sync_status": "success",
        "sync_error": None,
        "last_synced_at": THEN,
        "last_synced_seen": THEN,
        **_owned(owner),
    }
    changed = mapping | _of("mapping", person.changes)
    if changed["twizzit_remote_id"]:
        changed |= {"twizzit_player_id": f"{100 + place}@x", "twizzit_remote_id": str(100 + place)}
    if "without mapping" not in flags:
        yield changed
    if person.rival is not None:
        yield mapping | {"local_player_id": 200 + place} | _as_rival(100 + place)[person.rival]


def _as_rival(id_: int) -> dict[str, dict[str, Any]]:
    return {
        "host": {"twizzit_host": "third.test"},
        "no organization": {"twizzit_organization_id": None, "twizzit_organization_name": "KC  Duinen"},
        "stand-in": {"twizzit_player_id": f"{id_}@y", "twizzit_remote_id": str(id_)},
    }


def _owned(owner: Owner) -> dict[str, Any]:
    return {
        "credential_id": owner.credential_id,
        "twizzit_host": owner.host,
        "twizzit_dialect": owner.dialect,
        "twizzit_organization_id": owner.organization_id,
        "twizzit_organization_name": owner.organization_name,
    }


def _of(table: str, changes: tuple[Change, ...]) -> dict[str, Any]:
    """Column → value of the changes to one table."""
    return {name.partition(".")[2]: value for name, value in changes if name.partition(".")[0] == table}


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)

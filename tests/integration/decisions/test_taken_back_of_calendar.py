"""A side that takes its change back while a question about the calendar waits, in both dialects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.calendar_world import EVERYTHING, games
from tests.support.decided_world import DecidedWorld
from tests.support.sync_world import SyncWorld
from tests.support.synced_world import SyncedOnce, taken_over
from twizzit_pipeline.simulator import events, v1
from twizzit_pipeline.simulator.calendar_truth import calendar_truth
from twizzit_pipeline.simulator.events import series_of
from twizzit_pipeline.storage import tables

SMALL: dict[str, Any] = {"clubs": 2, "teams": 2, "players_per_team": 2, "other_contacts": 0}
DIALECTS = ("v2", "v1")


def SYNCED_BY(world: SyncWorld) -> None:  # noqa: N802 - the fixture's name
    """A club of each dialect."""
    for place, dialect in enumerate(DIALECTS):
        world.sync(world.add_credential(place, dialect), steps=EVERYTHING)


@dataclass
class Case:
    """A column that both sides change: how each does so, and takes it back; and the side that will."""

    reverted_by: str
    entity: str
    column: str
    held: Callable[[], Mapping[str, Any]]
    edit: Callable[[Any], None]
    twizzit: Callable[[bool], None]


@pytest.fixture(params=DIALECTS)
def club(request: pytest.FixtureRequest, world: SyncWorld, synced: SyncedOnce) -> DecidedWorld:
    taken_over(world, synced)
    place = DIALECTS.index(request.param)
    return DecidedWorld(world, sorted(synced.dialects)[place], world.roster(place=place)[1][0])


@pytest.fixture
def cases(club: DecidedWorld, monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    """For each side that takes back one of each column: of two matches, and of a competition."""
    world, place = club.world, DIALECTS.index(club.world.dialects[club.credential_id])
    truth = calendar_truth(world.simulator.world, world.club(place), friendlies=place == 0)
    matches = (id_ for id_, one in truth.matches.items() if one.status == "scheduled" and one.competition_id)
    mapped = world.rows(tables.competition_mappings, credential_id=club.credential_id)
    renamed = renamed_series(monkeypatch)
    return [
        case
        for side, competition in zip(("shotspot", "twizzit"), mapped, strict=False)
        for case in (
            of_match(club, side, next(matches), "date"),
            of_match(club, side, next(matches), "status"),
            of_competition(club, side, competition, renamed),
        )
    ]


def renamed_series(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The ids of the series that Twizzit calls otherwise: an account has no way to rename one."""
    renamed = set[str]()

    def named(*of: Any) -> tuple[int, str]:
        found = series_of(*of)
        return (found[0], REMOTE["name"]) if str(found[0]) in renamed else found

    for module in (events, v1):
        monkeypatch.setattr(module, "series_of", named)
    return renamed


def of_match(club: DecidedWorld, side: str, match: str, column: str) -> Case:
    world = club.world
    place = DIALECTS.index(world.dialects[club.credential_id])
    game = games(world)[match]
    changes = world.club(place).match_changes
    before = changes.get(int(match))

    def twizzit(changed: bool) -> None:
        if not changed:
            changes.pop(int(match)) if before is None else changes.update({int(match): before})
        elif column == "date":
            world.simulator.changes.move_match(int(match), "2026-12-20T15:00:00")
        else:
            world.simulator.changes.postpone_match(int(match))

    return Case(
        side,
        "matches",
        column,
        lambda: games(world)[match],
        lambda value: world.change(tables.games, game["id"], **{column: value}),
        twizzit,
    )


def of_competition(club: DecidedWorld, side: str, mapping: Mapping[str, Any], renamed: set[str]) -> Case:
    world, row_id, series_id = club.world, mapping["local_competition_id"], mapping["twizzit_competition_id"]
    return Case(
        side,
        "competitions",
        "name",
        lambda: world.rows(tables.competitions, id=row_id)[0],
        lambda value: world.change(tables.competitions, row_id, name=value),
        lambda changed: renamed.add(series_id) if changed else renamed.discard(series_id),
    )


LOCAL: Mapping[str, Any] = {
    "date": lambda value: value + timedelta(days=1),
    "status": lambda _: "cancelled",
    "name": lambda _: "Onze reeks",
}
REMOTE: Mapping[str, Any] = {
    "date": datetime(2026, 12, 20, 14, tzinfo=UTC),
    "status": "to_reschedule",
    "name": "Anders van Twizzit",
}


def test_the_change_of_the_other_side_stands(club: DecidedWorld, cases: list[Case]) -> None:
    def sync() -> Any:
        return club.world.sync(club.credential_id, steps=EVERYTHING)

    def held() -> list[Any]:
        return [case.held()[case.column] for case in cases]

    assert len(cases) == 6
    club.ask()
    was = held()
    local = [LOCAL[case.column](value) for case, value in zip(cases, was, strict=True)]
    for case, value in zip(cases, local, strict=True):
        case.edit(value)
        case.twizzit(True)
    sync()
    found = sorted((one.entity, one.column) for one in club.open())
    assert found == sorted((case.entity, case.column) for case in cases)
    assert held() == local

    for case, value in zip(cases, was, strict=True):
        if case.reverted_by == "shotspot":
            case.edit(value)
        else:
            case.twizzit(False)
    synced = sync()

    stands = zip(cases, local, strict=True)
    assert held() == [REMOTE[case.column] if case.reverted_by == "shotspot" else value for case, value in stands]
    settled = [(one.column, one.status, one.reason) for one in club.open(over=True)]
    assert sorted(settled) == sorted((case.column, "settled", f"{case.reverted_by}_reverted") for case in cases)
    assert not any(synced.history[case.entity].details.get("conflicts") for case in cases)
    before = club.world.dump()
    sync()
    assert (club.world.dump(), club.open()) == (before, [])

"""The check of what is set aside: a jump, a team that lost its players, a team that one function took."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import delete, insert, text

from tests.support.sync_world import SyncWorld
from tests.support.synced_world import SyncedOnce, taken_over
from twizzit_pipeline.contracts.counts import RowCounts
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.quality.asides import details_before, set_aside_in_plan, set_aside_in_scan
from twizzit_pipeline.quality.findings import Finding
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.twizzit.records import SetAside

SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 6, "other_contacts": 0}
TRAINER = "not_a_player: Trainer"


@pytest.fixture
def club(world: SyncWorld, synced: SyncedOnce) -> int:
    """A credential whose club was synced, without a history."""
    credential_id = taken_over(world, synced)
    with world.database.engine.begin() as connection:
        connection.execute(delete(tables.sync_history))
    return credential_id


def remember(
    world: SyncWorld, credential_id: int, *, read: int, aside: Mapping[str, int], players: Mapping[str, int], times: int
) -> None:
    """Earlier syncs that found so much."""
    details = {
        "season": world.season,
        "listed": read,
        "rows": {"read": read, "kept": read - sum(aside.values()), "rejected": 0, "set_aside": sum(aside.values())},
        "set_aside": {label: {"count": count, "twizzit_ids": []} for label, count in aside.items()},
        "team_players": players,
    }
    row = {"credential_id": credential_id, "sync_type": "players", "sync_direction": "import", "status": "success"}
    with world.database.engine.begin() as connection:
        for _ in range(times):
            connection.execute(insert(tables.sync_history).values(**row, started_at=text("now()"), details=details))


def trainers(count: int, team: str, function: str = "Trainer") -> tuple[SetAside, ...]:
    return tuple(SetAside(f"{team}{number}", "not_a_player", function, team) for number in range(count))


def scanned(aside: tuple[SetAside, ...], players: Mapping[str, int], **more: Any) -> ScanReport:
    kept = sum(players.values())
    counts = RowCounts(kept + len(aside), kept, 0, len(aside))
    return ScanReport("players", season_exists=True, counts=counts, set_aside=aside, team_players=players, **more)


def judged(world: SyncWorld, credential_id: int, report: ScanReport, **narrowing: Any) -> Finding:
    with world.session(credential_id, narrowing=Narrowing(**narrowing)) as session:
        season = session.stored_season()
        assert season is not None
        with session.engine.connect() as connection:
            before = details_before(connection, session, report.entity)
            return set_aside_in_scan(connection, session, season, report, before)


def teams(world: SyncWorld) -> list[str]:
    """The ids of the three teams that were scanned."""
    return sorted(row["twizzit_team_id"] for row in world.rows(tables.twizzit_teams))


def test_what_is_set_aside_as_ever_is_fine(world: SyncWorld, club: int) -> None:
    first, *_ = teams(world)
    remember(world, club, read=24, aside={TRAINER: 3}, players={first: 21}, times=4)
    found = judged(world, club, scanned(trainers(3, first), {first: 21}))
    assert found.fine
    assert found.numbers == {"rows": 3, "share": 0.125, "syncs_compared": 4, "tolerated": 0.1}


@pytest.mark.parametrize(
    ("now", "of", "fine"),
    [(1, 12, True), (2, 12, True), (3, 12, False), (3, 30, True), (4, 30, False), (30, 400, True), (41, 400, False)],
)
def test_a_share_that_jumps_is_a_warning_and_one_of_twelve_is_none(
    world: SyncWorld, club: int, now: int, of: int, fine: bool
) -> None:
    first, *_ = teams(world)
    remember(world, club, read=of, aside={}, players={first: of}, times=1)
    aside = trainers(now, first)
    found = judged(world, club, scanned(aside, {first: of - now}))
    assert found.fine is fine
    if not fine:
        assert found.reasons == {f"more_than_usual: {TRAINER}": now}
        assert set(found.ids) == {row.id for row in aside}
        assert not found.grave


def test_each_reason_is_compared_with_its_own_past(world: SyncWorld, club: int) -> None:
    first, *_ = teams(world)
    remember(world, club, read=24, aside={TRAINER: 6}, players={first: 18}, times=5)
    found = judged(world, club, scanned(trainers(6, first, "Jeugdlid"), {first: 18}))
    assert found.reasons == {"more_than_usual: not_a_player: Jeugdlid": 6}
    remember(world, club, read=24, aside={"not_a_player: Jeugdlid": 6}, players={first: 18}, times=6)
    assert judged(world, club, scanned(trainers(6, first, "Jeugdlid"), {first: 18})).fine, "that is the usual now"


def test_a_team_that_had_players_and_has_none_is_named(world: SyncWorld, club: int) -> None:
    first, second, third = teams(world)
    remember(world, club, read=12, aside={}, players={first: 6, second: 6, "no longer listed": 6}, times=2)
    found = judged(world, club, scanned((), {first: 6}))
    assert found.reasons == {"team_without_players": 1}
    assert found.ids_of == {"team_without_players": (second,)}
    assert judged(world, club, scanned((), {first: 6}, failed={second: "no answer"})).fine, "it was not read"
    assert judged(world, club, scanned((), {third: 2}), group_id=third).fine, "the others were not asked for"
    assert judged(world, club, scanned((), {}), group_id=second).ids == (second,)


def test_a_team_that_one_function_took_is_named_on_a_first_sync_too(world: SyncWorld, club: int) -> None:
    first, second, third = teams(world)
    aside = (
        *trainers(12, first, "Kernlid"),
        *trainers(1, first),
        *trainers(2, second),
        *trainers(8, third, "Delegee"),
        SetAside("900", "other_season", None, second),
        SetAside("901", "other_season", "2025-2026", second),
        *(SetAside(f"90{number}", "other_season", "2025-2026", second) for number in range(2, 7)),
    )
    found = judged(world, club, scanned(aside, {third: 3}))
    assert found.reasons == {"whole_team: Kernlid": 1}
    assert found.ids == (first,)
    assert found.numbers["syncs_compared"] == 0


def test_what_the_club_has_said_of_a_function_is_not_asked_again(world: SyncWorld, club: int) -> None:
    first, *_ = teams(world)
    report = scanned(trainers(5, first, "Stafmedewerker"), {})
    assert judged(world, club, report).ids == (first,)
    config.change(world.database.engine, club, actor=Actor("os", "me"), functions={"stafmedewerker": "other"})
    assert judged(world, club, report).fine


def test_a_plan_that_sets_more_aside_than_usual_is_a_warning(world: SyncWorld, club: int) -> None:
    remember(world, club, read=20, aside={}, players={}, times=3)
    report = MappingReport(
        "players", season_exists=True, unchanged=15, set_aside={"same_club": ("1", "2", "3", "4", "5")}
    )
    with world.session(club) as session, session.engine.connect() as connection:
        found = set_aside_in_plan(connection, session, report, report.items)
    assert found.reasons == {"more_than_usual: same_club": 5}
    assert found.numbers == {"rows": 5, "share": 0.25, "syncs_compared": 3, "tolerated": 0.1}


def test_a_scan_writes_down_what_the_next_ones_are_compared_with(world: SyncWorld, club: int) -> None:
    done = world.sync(club)
    details = world.history_of(done.run_id)["players"].details
    counts = details["rows"]
    assert counts["read"] == counts["kept"] + counts["rejected"] + counts["set_aside"] > 0
    assert set(details["team_players"]) == set(teams(world))
    assert sum(details["team_players"].values()) == counts["kept"]

"""Whose turn it is: one sync of an organization at a time, requested ones before those that are due."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from twizzit_pipeline.credentials.rows import Credential
from twizzit_pipeline.entities import SYNC_TYPES
from twizzit_pipeline.runs.lease import lease_keys
from twizzit_pipeline.scheduling.schedule import Schedule
from twizzit_pipeline.scheduling.standing import EARLIEST, LATEST, Asked, Held, Standing, View
from twizzit_pipeline.scheduling.turns import Turn, next_in_line
from twizzit_pipeline.scheduling.wishes import RequestOptions

NOW = datetime(2026, 11, 23, 13, tzinfo=UTC)
DAY = date(2026, 11, 23)
MINUTE = timedelta(minutes=1)
SEASON = "2026-2027"


def standing(credential_id: int, organization: str | None = None, **more: Any) -> Standing:
    """Of an organization of its own, not due and not asked for."""
    endpoint = "https://app.twizzit.com/v2/api"
    named = organization or str(credential_id)
    credential = Credential(
        credential_id, f"KC {named}", "user", endpoint, True, f"{credential_id}-kc", named, None, None, None, None, None
    )
    plan = Schedule(credential_id, 60, auto_sync_enabled=True, next_sync_at=NOW + MINUTE)
    return replace(Standing(credential, plan, frozenset(SYNC_TYPES), (), None, frozenset()), **more)


def due(credential_id: int, minutes: int = 1, **more: Any) -> Standing:
    one = standing(credential_id, **more)
    assert one.schedule is not None
    return replace(one, schedule=replace(one.schedule, next_sync_at=NOW - minutes * MINUTE))


def asked(credential_id: int, minutes: int = 0, organization: str | None = None, **more: Any) -> Standing:
    request = Asked(
        credential_id, "all", None, RequestOptions(), "cli", "queued", None, 0, NOW - minutes * MINUTE, False, False
    )
    return standing(credential_id, organization, asked=replace(request, **more))


def held(one: Standing, run_id: str = "run", *, silent: bool = False) -> tuple[Held, ...]:
    return tuple(Held(key, one.credential.id, run_id, "", silent) for key in lease_keys(one.credential))


def line(*standings: Standing, leases: Sequence[Held] = (), **more: Any) -> list[int]:
    view = View(NOW, {one.credential.id: one for one in standings}, tuple(leases), frozenset())
    return [turn.credential_id for turn in next_in_line(view, day=DAY, season_start="07-01", **more)]


def test_who_asked_comes_before_who_is_due_and_who_waits_longest_first() -> None:
    assert line(due(1, 5), due(2, 9), asked(3, 1), asked(4, 2), standing(5)) == [4, 3, 2, 1]
    assert line(asked(2, 1), asked(1, 1)) == [1, 2], "at one moment the first by id"


def test_an_organization_has_one_turn() -> None:
    assert line(asked(1, 1, "10"), asked(2, 2, "10"), asked(3, 0, "11")) == [2, 3]


@pytest.mark.parametrize("waits", [{"status": "started"}, {"claimed": True}])
def test_a_request_that_is_carried_out_keeps_the_others_of_its_organization_waiting(waits: dict[str, Any]) -> None:
    assert line(asked(1, 2, "10", **waits), asked(2, 1, "10"), asked(3)) == [3]


def test_a_lease_or_a_run_of_the_orchestrator_shuts_its_organization() -> None:
    one, other = asked(1, 1, "10"), asked(2, 0, "10")
    assert line(one, other, asked(3), leases=held(one)) == [3]
    assert line(one, other, asked(3), busy=[2, 99]) == [3]


def test_a_run_that_yields_lets_its_own_credential_pass_and_no_other_of_the_organization() -> None:
    one, other = asked(1, 1, "10"), asked(2, 2, "10")
    assert line(one, leases=held(one, "backfill"), yielding=["backfill"]) == [1]
    assert line(other, leases=held(one, "backfill"), yielding=["backfill"]) == []
    assert line(one, leases=held(one, "backfill")) == []


def test_who_cannot_sync_by_itself_takes_no_turn_of_others() -> None:
    off = due(1, 9, organization="10", wanted=frozenset())
    assert line(off, due(2, 1, organization="10")) == [2]
    never = replace(standing(3), schedule=None)
    assert line(never) == []


def test_what_is_due_for_the_first_time_is_due_now() -> None:
    first = standing(1)
    assert first.schedule is not None
    first = replace(first, schedule=replace(first.schedule, next_sync_at=None))
    assert line(first, due(2, 1)) == [2, 1]
    assert Turn(first, None).due is None


def test_the_teams_come_along_where_they_were_never_read() -> None:
    players = replace(standing(1), wanted=frozenset({"players"}))
    assert Turn(players, None).entities(SEASON) == {"teams", "players"}
    assert Turn(replace(players, teams_read=frozenset({SEASON})), None).entities(SEASON) == {"players"}
    one = asked(1, season="2025-2026", sync_type="players")
    turn = Turn(one, one.asked)
    assert turn.season(DAY, "07-01") == "2025-2026"
    assert turn.due is None
    assert turn.entities("2025-2026") == {"teams", "players"}
    assert Turn(standing(1), None).season(DAY, "07-01") == SEASON


@pytest.mark.parametrize(
    ("minutes", "next_sync_at", "off", "begins"),
    [
        (4, NOW, (), "its interval of 4 minutes"),
        (5, NOW, (), None),
        (525_600, None, (), None),
        (525_601, NOW, (), "its interval of 525601 minutes"),
        (60, EARLIEST, (), "its next_sync_at is no time"),
        (60, LATEST, (), "its next_sync_at is no time"),
        (60, NOW, ("teams", "players"), None),
        (60, NOW, ("teams", "players", "competitions"), "it is to sync nothing"),
    ],
)
def test_what_keeps_a_credential_from_syncing(
    minutes: int, next_sync_at: datetime | None, off: Sequence[str], begins: str | None
) -> None:
    plan = Schedule(1, minutes, auto_sync_enabled=True, next_sync_at=next_sync_at)
    wanted = frozenset(SYNC_TYPES).difference(off)
    one = standing(1, schedule=plan, wanted=wanted)
    found = one.trouble(DAY, "07-01")
    assert (found is None) if begins is None else (found or "").startswith(begins)
    quiet = replace(one, schedule=replace(plan, auto_sync_enabled=False))
    assert quiet.trouble(DAY, "07-01") is None
    inactive = replace(one, credential=replace(one.credential, is_active=False))
    assert (inactive.trouble(DAY, "07-01") or "").startswith("it is switched off")


def test_what_was_left_by_a_process_that_died() -> None:
    one = asked(1, status="started", run_id="run")

    def view(*leases: Held) -> View:
        return View(NOW, {1: one, 2: standing(2)}, leases, frozenset())

    assert not view(*held(one)).abandoned
    assert view().abandoned
    assert view(*held(one), *held(standing(2), "other", silent=True)).abandoned
    assert not view().lacks_keys
    without_key = replace(one, credential=replace(one.credential, partition_key=None))
    assert View(NOW, {1: without_key}, (), frozenset()).lacks_keys

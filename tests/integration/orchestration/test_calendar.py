"""Competitions and matches through Dagster: with everything else, by themselves, and when they cannot be read."""

from collections.abc import Callable, Iterator

import dagster as dg
import pytest

from tests.support.orchestrator import Orchestrator, orchestrated
from tests.support.recorded_runs import materialization, rules
from twizzit_pipeline.credentials import store
from twizzit_pipeline.orchestration.launch import RunResult, run_job
from twizzit_pipeline.orchestration.partitions import CredentialSeason
from twizzit_pipeline.runs import history
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.calendar_truth import calendar_truth
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

pytestmark = pytest.mark.dagster_tables

WRITTEN = (
    tables.clubs,
    tables.seasons,
    tables.teams,
    tables.competitions,
    tables.games,
    tables.team_mappings,
    tables.competition_mappings,
    tables.match_mappings,
    tables.opponents,
    tables.twizzit_competitions,
    tables.twizzit_matches,
    tables.sync_changes,
)
CALENDAR = ["twizzit_competitions", "twizzit_matches", "twizzit_competition_mappings", "twizzit_match_mappings"]


@pytest.fixture
def here(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> Iterator[Orchestrator]:
    club = simulate(clubs=1, teams=2, players_per_team=2, other_contacts=0, tidy=frozenset({1}))
    with orchestrated(settings, database, club, retry_attempts=1, step_retries=0) as found:
        yield found


def run(here: Orchestrator, credential_id: int, job_name: str = "sync_all") -> RunResult:
    return run_job(here.settings, here.database, job_name=job_name, credential_id=credential_id, season=here.season)


def partition_of(here: Orchestrator, credential_id: int) -> str:
    return CredentialSeason(str(store.get(here.engine, credential_id).partition_key), here.season).key


def numbers(here: Orchestrator, credential_id: int, asset: str) -> dict[str, object]:
    made = materialization(here.instance, asset, partition_of(here, credential_id))
    return {name: value.value for name, value in made.metadata.items()}


def statuses(here: Orchestrator, run_id: str) -> dict[str, str]:
    return {row.entity: row.status for row in history.for_run(here.engine, run_id)}


def faults(here: Orchestrator, credential_id: int) -> set[tuple[str, str]]:
    """The calendar's rules that were not kept; each of them was judged."""
    found = rules(here.instance, partition_of(here, credential_id))
    assert {asset for asset, _ in found} >= set(CALENDAR)
    return {(asset, rule) for (asset, rule), kept in found.items() if asset in CALENDAR and not kept}


def rows(here: Orchestrator) -> dict[str, list[tuple[object, ...]]]:
    with here.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key))]
            for table in WRITTEN
        }


def test_everything_at_once_then_what_happened_to_matches(here: Orchestrator) -> None:
    credential_id = here.credential()
    first = run(here, credential_id)
    assert (first.success, first.failures) == (True, ())
    entities = ("teams", "players", "competitions", "matches")
    assert statuses(here, first.run_id) == dict.fromkeys(entities, "success")
    truth = calendar_truth(here.simulator.world, here.simulator.world.organizations[0])
    assert numbers(here, credential_id, "twizzit_competition_mappings")["created"] == len(truth.competitions)
    assert numbers(here, credential_id, "twizzit_match_mappings")["created"] == len(truth.matches)
    calls = [numbers(here, credential_id, asset)["calls"] for asset in CALENDAR]
    assert calls == [3, 0, 0, 0], "the types of events and two windows, read once for both scans"
    assert faults(here, credential_id) == set()

    coming = [remote_id for remote_id, match in truth.matches.items() if match.status == "scheduled"]
    moved, cancelled, vanished = coming[:3]
    here.simulator.changes.move_match(int(moved), "2027-04-01 20:00")
    here.simulator.changes.cancel_match(int(cancelled))
    here.simulator.changes.remove_match(int(vanished))
    before_calls = here.simulator.calls.total
    alone = run(here, credential_id, "sync_competitions")
    assert alone.success
    assert statuses(here, alone.run_id) == {"competitions": "success", "matches": "success"}
    once_more = here.simulator.calls.total - before_calls - (3 + 3 + 2)
    assert once_more in (0, 1, 2), (
        "a login, organization and seasons besides, and the missing match's days; a page of a round length once more"
    )
    counts = numbers(here, credential_id, "twizzit_match_mappings")
    assert (counts["moved"], counts["cancelled"], counts["postponed"], counts["finished"]) == (1, 1, 0, 0)
    assert (counts["created"], counts["unchanged"]) == (0, len(truth.matches) - 3)
    assert counts["news_twizzit_ids"] == {"moved": [moved], "cancelled": [cancelled]}
    assert faults(here, credential_id) == {("twizzit_match_mappings", "every_match_is_still_listed")}


def test_a_calendar_that_cannot_be_read_delays_no_other_credential(here: Orchestrator) -> None:
    credential_id = here.credential()
    here.switch_on(credential_id)
    (wanted,) = here.tick()
    assert (wanted.job_name, wanted.asset_selection) == ("sync_all", None)
    here.simulator.faults.arm("forbidden", path="/events", times=None)
    result = here.run(wanted)
    failed = [str(event.step_key) for event in result.all_events if event.is_step_failure]
    assert failed == ["twizzit_competitions"]
    assert statuses(here, result.run_id) == {"teams": "success", "players": "success", "competitions": "failed"}
    assert numbers(here, credential_id, "twizzit_player_mappings")["created"] == 4
    # the schedule goes on: teams and players are not kept waiting by what only a person can change
    planned = here.planned(credential_id)
    assert (planned.consecutive_failures, planned.last_sync_at is not None) == (0, True)


def test_matches_wait_for_the_teams_that_play_them(here: Orchestrator) -> None:
    credential_id = here.credential()
    here.simulator.faults.arm("forbidden", path="/groups", times=None)
    result = run(here, credential_id)
    assert [failure.asset for failure in result.failures] == ["twizzit_teams"]
    assert statuses(here, result.run_id) == {"teams": "failed", "competitions": "success", "matches": "failed"}
    assert rows(here)["twizzit_matches"]
    assert rows(here)["competitions"]
    assert not rows(here)["games"]


def test_what_is_turned_on_runs_and_is_the_whole(here: Orchestrator) -> None:
    credential_id = here.credential()
    here.switch_on(credential_id, sync_players=False)
    (wanted,) = here.tick()
    assert wanted.job_name == "sync_all"
    assert {key.to_user_string() for key in wanted.asset_selection or ()} == {
        "twizzit_teams",
        "twizzit_team_mappings",
        *CALENDAR,
    }
    result = here.run(wanted)
    assert result.success
    assert set(statuses(here, result.run_id)) == {"teams", "competitions", "matches"}
    assert here.planned(credential_id).last_sync_at is not None
    here.switch_on(credential_id, sync_teams=False, next_sync_at=None)
    (wanted,) = here.tick()
    assert (wanted.job_name, wanted.asset_selection) == ("sync_competitions", None)
    evaluated = {event.asset_check_evaluation_data.asset_key for event in check_events(result)}
    assert evaluated == {dg.AssetKey(name) for name in ("twizzit_teams", "twizzit_team_mappings", *CALENDAR)}


def check_events(result: dg.ExecuteInProcessResult) -> list[dg.DagsterEvent]:
    return [event for event in result.all_events if event.event_type_value == "ASSET_CHECK_EVALUATION"]

"""Runs on the real instance: what Dagster keeps of them, and how they end when something is wrong.

Most tests look at the runs of one story, made once. Runs that are ended from outside are in `test_ended`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import dagster as dg
import pytest
from pydantic import SecretStr
from sqlalchemy import delete, func, insert, select, text, update

from tests.conftest import settings_with
from tests.support.orchestrator import QUIET
from tests.support.recorded_runs import ASSETS, CHECKS, Here, checks, materialization, not_judged, rules
from twizzit_pipeline.definitions import build_definitions
from twizzit_pipeline.errors import UnknownCredential, UnknownSeason
from twizzit_pipeline.orchestration.checks.rules import RULES_OF
from twizzit_pipeline.orchestration.launch import RunResult
from twizzit_pipeline.orchestration.partitions import CredentialSeason, register_partitions
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.lease import credential_key
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database, open_database

pytestmark = pytest.mark.dagster_tables

Kept = Mapping[tuple[str, str], bool]


@dataclass(frozen=True)
class Story:
    """Four runs: everything of one club, its teams, its players, everything of another club that may not read players.

    `made` and `rows` are of the first run, by asset; `calls` those that it made by Twizzit's count. The rules of both
    clubs' partitions are as they were between the third run and the last.
    """

    here: Here
    instance: dg.DagsterInstance
    club: int
    other: int
    whole: RunResult
    made: Mapping[str, dg.AssetMaterialization]
    rows: Mapping[str, int]
    calls: int
    of_whole: Kept
    teams: RunResult
    players: RunResult
    before: tuple[Kept, Kept]
    last: RunResult

    @property
    def partitions(self) -> tuple[CredentialSeason, CredentialSeason]:
        return self.here.partition(self.club), self.here.partition(self.other)


@pytest.fixture(scope="module")
def story(
    new_database_of_dagster: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    clubs = SimulatorOptions(clubs=2, teams=2, players_per_team=4, other_contacts=3)
    with new_database_of_dagster() as url, SimulatorServer(clubs) as simulator:
        settings = settings_with(url, tmp_path_factory.mktemp("runs"))
        with open_database(settings) as database:
            here = Here(settings, database, simulator)
            with here.instance() as instance:
                yield story_of(here, instance)


def story_of(here: Here, instance: dg.DagsterInstance) -> Story:
    club, other = here.credential(0), here.credential(1)
    partitions = [here.partition(one).key for one in (club, other)]
    whole = here.run(club)
    made = {asset: materialization(instance, asset, partitions[0]) for asset in ASSETS}
    rows = {asset: here.rows(asset, club) for asset in ASSETS}
    calls, of_whole = here.simulator.calls.total, rules(instance, partitions[0])

    teams = here.run(club, "sync_teams")
    with here.engine.begin() as connection:
        connection.execute(update(tables.players).values(is_twizzit_registered=False))
    cut = here.simulator.faults.arm("cut", path="/contacts")
    players = here.run(club, "sync_players")
    assert cut.met == 1

    before = (rules(instance, partitions[0]), rules(instance, partitions[1]))
    here.simulator.faults.arm("forbidden", path="/group-contacts", times=None)
    last = here.run(other)
    return Story(here, instance, club, other, whole, made, rows, calls, of_whole, teams, players, before, last)


def statuses(here: Here, result: RunResult) -> dict[str, str]:
    return {row.entity: row.status for row in history.for_run(here.engine, result.run_id)}


def test_a_run_is_in_the_instance_with_its_partition_numbers_and_checks(story: Story) -> None:
    result = story.whole
    assert (result.success, result.interrupted, result.failures) == (True, False, ())

    partition, _ = story.partitions
    run = story.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert (run.job_name, run.status) == ("sync_all", dg.DagsterRunStatus.SUCCESS)
    assert run.tags["dagster/partition/credential"] == partition.credential
    assert run.tags["dagster/partition/season"] == story.here.season
    assert run.tags["twizzit/trigger"] == "cli"

    calls = 0
    for asset in ASSETS:
        metadata = story.made[asset].metadata
        assert metadata["dagster/row_count"].value == story.rows[asset] > 0
        calls += int(str(metadata["calls"].value)) if "calls" in metadata else 0
    assert calls == story.calls, "every call is accounted for, and one token serves all steps"

    assert set(checks(story.instance, partition.key)) == {(key.asset_key.to_user_string(), key.name) for key in CHECKS}
    found = story.of_whole
    assert set(found) == {(asset, rule.name) for asset in ASSETS for rule in RULES_OF[asset]}
    assert not found["twizzit_teams", "name_present"], "the simulator holds a team without a name"
    assert found["twizzit_teams", "id_length"]
    assert found["twizzit_player_mappings", "no_doubtful_link"]


def test_a_check_is_about_the_materialization_of_its_own_run(story: Story) -> None:
    """It is found by looking for the last one, which must be there by then."""
    events = story.instance.all_logs(story.whole.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    evaluations = [event.get_dagster_event().asset_check_evaluation_data for event in events]
    assert len(evaluations) == len(CHECKS)
    targets = [one.target_materialization_data for one in evaluations]
    assert {None if target is None else target.run_id for target in targets} == {story.whole.run_id}


def test_a_check_that_fails_as_an_error_fails_no_run(story: Story) -> None:
    assert story.players.success
    of_club, _ = story.before
    assert not of_club["twizzit_player_mappings", "registration_in_step"]


def test_a_second_credential_has_its_own_results(story: Story) -> None:
    mine, others = (partition.key for partition in story.partitions)
    of_club, of_other = story.before
    assert of_club
    assert of_other == {}
    assert rules(story.instance, mine) == of_club
    assert ("twizzit_teams", "name_present") in rules(story.instance, others)
    assert len(story.instance.get_materialized_partitions(dg.AssetKey("twizzit_teams"))) == 2
    assert story.instance.get_materialized_partitions(dg.AssetKey("twizzit_players")) == {mine}


def test_half_a_sync_leaves_the_other_half_alone(story: Story) -> None:
    for only, half in (("teams", story.teams), ("players", story.players)):
        assert half.success
        assert {row.sync_type for row in history.for_run(story.here.engine, half.run_id)} == {only}


def test_players_that_cannot_be_read_keep_no_team_from_being_mapped(story: Story) -> None:
    assert [failure.asset for failure in story.last.failures] == ["twizzit_players"]
    assert story.here.rows("twizzit_team_mappings", story.other) > 0
    assert story.here.rows("twizzit_player_mappings", story.other) == 0
    assert statuses(story.here, story.last) == {
        "teams": "partial_success",
        "players": "failed",
        "competitions": "success",
        "matches": "success",
    }


def test_nothing_of_dagsters_tables_holds_a_name_or_a_secret(story: Story) -> None:
    here = story.here
    with here.engine.connect() as connection:
        names = connection.scalars(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'dagster'")
        ).all()
        kept = "\n".join(
            str(line) for name in names for line in connection.scalars(text(f"SELECT t::text FROM dagster.{name} t"))
        )
    assert "sync_players" in kept
    organizations = here.simulator.world.organizations
    assert not any(organization.account.password in kept for organization in organizations)
    people = here.simulator.world.truth(organizations[0], here.season).players.values()
    spoken = {part for person in people for part in (person.first_name, person.last_name)}
    found = {name for name in spoken if f" {name} " in kept or f'"{name}"' in kept or f"{name}," in kept}
    assert len(spoken) > 5
    assert not found


@pytest.fixture
def here(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> Here:
    return Here(settings, database, simulate(clubs=1, teams=1, players_per_team=2, other_contacts=0))


@pytest.fixture
def instance(here: Here) -> Iterator[dg.DagsterInstance]:
    with here.instance() as opened:
        yield opened


def test_every_asset_can_be_materialized_by_itself(here: Here, instance: dg.DagsterInstance) -> None:
    credential_id = here.credential()
    register_partitions(instance, here.engine)
    instance.add_dynamic_partitions("season", [here.season])
    everything = build_definitions(settings=here.settings).resolve_implicit_global_asset_job_def()
    for asset in ASSETS:
        result = everything.execute_in_process(
            instance=instance,
            partition_key=here.partition(credential_id).key,
            asset_selection=[dg.AssetKey(asset)],
            run_config=QUIET,
            raise_on_error=True,
        )
        assert result.success
        assert {key.to_user_string() for key in instance.get_latest_materialization_events([dg.AssetKey(asset)])} == {
            asset
        }
        assert here.rows(asset, credential_id) > 0
        assert {row.status for row in history.for_run(here.engine, result.run_id)} <= {"success", "partial_success"}


def test_a_run_repairs_where_its_tag_says_so(here: Here, instance: dg.DagsterInstance) -> None:
    credential_id = here.credential()
    here.run(credential_id, "sync_teams")
    register_partitions(instance, here.engine)
    job = build_definitions(settings=here.settings).resolve_job_def("sync_teams")
    for tag in (None, "false", "True"):  # "true" is what the command writes: test_repair_cli
        with here.engine.begin() as connection:
            connection.execute(update(tables.teams).where(tables.teams.c.id == 1).values(name="Kadetten"))
        result = job.execute_in_process(
            instance=instance,
            partition_key=here.partition(credential_id).key,
            tags={} if tag is None else {"twizzit/repair": tag},
            run_config=QUIET,
        )
        repairs = tag == "True"
        (row,) = history.for_run(here.engine, result.run_id)
        assert row.details.get("repaired") == ({"name": 1} if repairs else None), tag
        with here.engine.connect() as connection:
            name = connection.scalar(select(tables.teams.c.name).where(tables.teams.c.id == 1))
        assert (name == "Kadetten") != repairs, tag


def test_a_season_that_the_account_does_not_have_succeeds_and_writes_nothing(
    here: Here, instance: dg.DagsterInstance
) -> None:
    credential_id = here.credential()
    result = here.run(credential_id, season="1999-2000")
    assert result.success
    partition = here.partition(credential_id, "1999-2000")
    for asset in ASSETS:
        assert materialization(instance, asset, partition.key).metadata["season_exists"].value is False
        assert here.rows(asset, credential_id) == 0
    rows = history.for_run(here.engine, result.run_id)
    assert {row.entity: row.details["season_exists"] for row in rows} == dict.fromkeys(
        ("teams", "players", "competitions", "matches"), False
    )
    assert not instance.has_dynamic_partition("season", "1999-2000"), "a typing error does not stay a partition"


def test_a_wrong_password_is_one_line_with_what_to_do(here: Here, instance: dg.DagsterInstance) -> None:
    result = here.run(here.credential(password=SecretStr("not-the-password")))
    assert not result.success
    assert result.error == "LoginRefused"
    assert result.error_message is not None
    assert "\n" not in result.error_message
    assert [failure.asset for failure in result.failures] == ["twizzit_teams", "twizzit_competitions"]
    assert len({failure.message for failure in result.failures}) == 1
    assert here.simulator.calls.total == 1, "no step retries what the account is refused"
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.FAILURE


def test_a_second_sync_of_an_organization_has_to_wait(here: Here) -> None:
    credential_id = here.credential()
    with here.engine.begin() as connection:
        connection.execute(
            insert(tables.leases).values(
                organization=credential_key(credential_id),
                token=func.gen_random_uuid(),
                credential_id=credential_id,
                dagster_run_id="another run",
                holder="another machine|1",
                heartbeat_at=func.now(),
            )
        )
    result = here.run(credential_id, "sync_teams")
    assert not result.success
    assert result.error == "SyncInProgress"
    assert result.error_message is not None
    assert result.error_message.startswith("Sync already in progress")
    with here.engine.begin() as connection:
        connection.execute(delete(tables.leases))
    assert here.run(credential_id, "sync_teams").success


def test_what_cannot_be_a_partition_makes_no_run(here: Here, instance: dg.DagsterInstance) -> None:
    with pytest.raises(UnknownCredential):
        here.run(4711)
    with pytest.raises(UnknownSeason):
        here.run(here.credential(), season="\u200b")
    assert instance.get_runs_count() == 0


def test_a_run_without_a_partition_says_what_to_choose(here: Here, instance: dg.DagsterInstance) -> None:
    """As Dagster's launchpad and its GraphQL let one start."""
    job = build_definitions(settings=here.settings).resolve_job_def("sync_teams")
    result = job.execute_in_process(instance=instance, run_config=QUIET, raise_on_error=False)
    failed = result.failure_data_for_node("twizzit_teams")
    assert failed is not None
    assert failed.user_failure_data is not None
    assert failed.user_failure_data.description == (
        "This run has no partition: choose a credential and a season, then launch it again"
    )
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.tags["twizzit/outcome"] == "failed"


@pytest.mark.parametrize("unknown", ["season", "credential"])
def test_a_run_of_a_partition_that_does_not_exist_says_what_to_choose(
    here: Here, instance: dg.DagsterInstance, unknown: str
) -> None:
    """As Dagster's GraphQL, and a launchpad that was filled in by hand, let one start: no call is made for nothing."""
    known = here.partition(here.credential())
    register_partitions(instance, here.engine)
    instance.add_dynamic_partitions("season", [here.season])
    keys = {"credential": known.credential, "season": known.season}
    keys |= {"season": "1999-2000"} if unknown == "season" else {"credential": "4711-nowhere"}
    tags = {f"dagster/partition/{dimension}": key for dimension, key in keys.items()}
    tags["dagster/partition"] = "|".join(keys.values())
    definitions = build_definitions(settings=here.settings)
    for job_name in ("sync_teams", "sync_competitions", "preview_sync"):
        job = definitions.resolve_job_def(job_name)
        result = job.execute_in_process(instance=instance, run_config=QUIET, raise_on_error=False, tags=tags)
        said = {
            event.step_failure_data.user_failure_data.description
            for event in result.all_events
            if event.is_step_failure and event.step_failure_data.user_failure_data is not None
        }
        assert said == {
            "Dagster lists no season 1999-2000: choose one of its partitions, or read that season once with "
            "twizzit sync 1 --season 1999-2000"
            if unknown == "season"
            else "Dagster lists no credential 4711-nowhere: choose one of its partitions; a new credential is among "
            "them after a few seconds"
        }, job_name
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        assert (run.status, run.tags["twizzit/outcome"]) == (dg.DagsterRunStatus.FAILURE, "failed"), job_name
    assert here.simulator.calls.total == 0


def test_a_step_that_fails_leaves_its_checks_and_those_that_wait_for_it_as_not_judged(story: Story) -> None:
    """No other club's result is hidden: the list shows what was announced last, and that is not "not executed"."""
    mine, others = (partition.key for partition in story.partitions)
    unjudged = not_judged(story.instance, others)
    assert set(unjudged) == {"twizzit_players", "twizzit_player_mappings"}
    (said,) = {description for descriptions in unjudged.values() for description in descriptions}
    assert said is not None
    assert said.startswith("Not judged: ")
    assert str(story.last.error_message) in said
    assert not_judged(story.instance, mine) == {}
    latest = story.instance.event_log_storage.get_latest_asset_check_execution_by_key(CHECKS)
    assert {record.partition for record in latest.values()} == {others}
    failed = {key.asset_key.to_user_string() for key, record in latest.items() if record.status.value != "SUCCEEDED"}
    assert failed == {"twizzit_teams"}, "the simulator holds a team without a name; nothing else is red"


def test_the_list_of_runs_marks_a_partial_success(story: Story) -> None:
    outcomes = {"partial_success": [story.whole, story.teams, story.players], "failed": [story.last]}
    for outcome, results in outcomes.items():
        runs = story.instance.get_runs(dg.RunsFilter(tags={"twizzit/outcome": outcome}))
        assert {run.run_id for run in runs} == {result.run_id for result in results}


def test_a_failure_with_a_safe_message_is_kept_without_a_traceback(story: Story) -> None:
    events = story.instance.all_logs(story.last.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    (failure,) = [event.get_dagster_event().step_failure_data for event in events]
    assert failure.error is not None
    assert (failure.error.message, list(failure.error.stack)) == (story.last.error_message, [])
    assert failure.user_failure_data is not None
    assert failure.user_failure_data.description == story.last.error_message


def test_the_failure_of_the_run_itself_is_kept_in_the_same_line(story: Story) -> None:
    """The UI shows it as the last event, with all that it holds."""
    events = story.instance.all_logs(story.last.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    (failure,) = [event.get_dagster_event().job_failure_data for event in events]
    assert failure.error is not None
    assert (failure.error.message, list(failure.error.stack)) == (story.last.error_message, [])
    assert (failure.error.cause, failure.error.context) == (None, None)
    first = failure.first_step_failure_event
    assert first is not None
    assert first.step_failure_data.error == failure.error
    assert "Traceback" not in str(events)
    assert ".py" not in str(failure)

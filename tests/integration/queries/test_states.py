"""A credential's state follows, for each entity, the newest sync that spoke of the running season: in the views, the
overview and the metrics alike.
"""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from tests.support.monitored import add_credential, add_run
from twizzit_pipeline.http_api.metrics import Metrics
from twizzit_pipeline.queries import monitoring_views, overview
from twizzit_pipeline.queries.credential_state import CredentialState
from twizzit_pipeline.queries.overview import CredentialStatus
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.twizzit.records import Season

RUNNING = seasons.season_of(seasons.today(), "07-01").label
OTHER = "2001-2002"
FAILED = {"status": "failed", "items_processed": 0, "items_succeeded": 0, "error_message": "Twizzit refuses the login"}
PARTIAL = {
    "status": "partial_success",
    "items_succeeded": 8,
    "items_failed": 2,
    "error_message": "2 rejected: name (7)",
}
ENTITIES = ("teams", "players", "competitions", "matches")


def row(entity: str, season: str = RUNNING, *, how: dict[str, Any] | None = None, **details: Any) -> dict[str, Any]:
    own = {"entity": "matches"} if entity == "matches" else {}
    kind = "competitions" if entity == "matches" else entity
    return {"sync_type": kind, "details": {"season": season, **own, **details}, **(how or {})}


def everything(season: str = RUNNING, **changes: Any) -> list[dict[str, Any]]:
    return [row(entity, season, **changes) for entity in ENTITIES]


def status(database: Database) -> CredentialStatus:
    (one,) = overview.read(database.engine, season_start="07-01").credentials
    return one


@pytest.fixture
def club(database: Database) -> int:
    return add_credential(database, "KC Noord")


SAYS_NOTHING: dict[str, list[dict[str, Any]]] = {
    "a season that the account has not": everything("2027", season_exists=False),
    "another season": everything(OTHER),
    "one team alone": [row("teams", group_id="5"), row("players", group_id="5")],
    "one entity": [row("competitions"), row("matches")],
    "an entity that failed in another season": [row("teams", OTHER, how=FAILED)],
}


@pytest.mark.parametrize("later", SAYS_NOTHING)
@pytest.mark.parametrize(
    ("before", "state"),
    [([row("teams", how=FAILED)], CredentialState.FAILING), ([row("players", how=PARTIAL)], CredentialState.PARTIAL)],
)
def test_a_sync_that_speaks_of_something_else_changes_no_state(
    database: Database, club: int, before: list[dict[str, Any]], state: CredentialState, later: str
) -> None:
    add_run(database, club, timedelta(hours=3), *everything())
    add_run(database, club, timedelta(hours=2), *before)
    then = status(database)
    assert then.state is state
    add_run(database, club, timedelta(hours=1), *SAYS_NOTHING[later])
    now = status(database)
    assert (now.state, now.why, now.needs_attention) == (state, then.why, state is CredentialState.FAILING)
    assert now.facts.last_success_at == then.facts.last_success_at
    assert f'twizzit_sync_state{{credential_id="{club}",state="{state.value}"}} 1.0' in scraped(database)


def scraped(database: Database) -> str:
    return Metrics(database.engine, season_start="07-01").exposition().decode()


def test_the_next_sync_of_the_same_entity_and_season_changes_it(database: Database, club: int) -> None:
    add_run(database, club, timedelta(hours=3), *everything())
    add_run(database, club, timedelta(hours=2), row("teams", how=FAILED))
    add_run(database, club, timedelta(hours=1), row("teams"))
    assert status(database).state is CredentialState.OFF


def test_an_entity_that_is_turned_off_says_nothing(database: Database) -> None:
    club = add_credential(database, "KC Noord", sync_competitions=False)
    add_run(database, club, timedelta(hours=3), *everything(how=FAILED))
    add_run(database, club, timedelta(hours=1), row("teams"), row("players"))
    assert status(database).state is CredentialState.OFF


def test_everything_has_arrived_when_the_last_of_the_entities_has(database: Database, club: int) -> None:
    add_run(database, club, timedelta(hours=5), *everything())
    add_run(database, club, timedelta(hours=1), row("competitions"), row("matches"))
    found = overview.read(database.engine, season_start="07-01")
    last = found.credentials[0].facts.last_success_at
    assert last is not None
    assert timedelta(hours=4, minutes=59) < found.activity.now - last < timedelta(hours=5, minutes=1)
    stamp = f'twizzit_sync_last_success_timestamp_seconds{{credential_id="{club}"}}'
    (line,) = (one for one in scraped(database).splitlines() if one.startswith(stamp))
    assert float(line.split()[-1]) == pytest.approx(last.timestamp())


def test_empty_syncs_are_in_no_success_rate(database: Database, club: int) -> None:
    add_run(database, club, timedelta(hours=2), row("teams", how=FAILED))
    nothing = {"items_processed": 0, "items_succeeded": 0}
    add_run(database, club, timedelta(hours=1), *everything("2027", season_exists=False, how=nothing))
    (teams,) = monitoring_views.rates(database.engine)
    assert (teams.sync_type, teams.total_syncs, teams.successful, teams.failed) == ("teams", 1, 0, 1)
    facts = status(database).facts
    assert (facts.total_syncs, facts.successful, facts.last_success_at) == (1, 0, None)


def test_a_sync_under_way_hides_no_failure(database: Database, club: int) -> None:
    add_run(database, club, timedelta(hours=1), row("teams", how=FAILED))
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO twizzit_leases (organization, token, credential_id, dagster_run_id, holder)"
                " VALUES ('x', gen_random_uuid(), :club, 'another', 'elsewhere|1')"
            ),
            {"club": club},
        )
    one = status(database)
    assert (one.state, one.lasting, one.needs_attention) == (CredentialState.RUNNING, CredentialState.FAILING, True)
    assert f'twizzit_sync_lasting_state{{credential_id="{club}",state="failing"}} 1.0' in scraped(database)


TODAY = seasons.today()
YEAR = timedelta(days=365)
LISTED: dict[str, list[tuple[str, date | None, date | None]]] = {
    "none": [],
    "with dates": [("Vorig", TODAY - YEAR, TODAY - timedelta(days=1)), ("Nu", TODAY, TODAY + YEAR)],
    "two that run": [("A", TODAY - YEAR, TODAY + YEAR), ("B", TODAY - timedelta(days=9), TODAY + YEAR)],
    "on one day": [("A", TODAY, TODAY + YEAR), ("B", TODAY, TODAY + YEAR)],
    "all over": [("A", TODAY - 3 * YEAR, TODAY - 2 * YEAR), ("B", TODAY - 2 * YEAR, TODAY - YEAR)],
    "none has begun": [("A", TODAY + YEAR, TODAY + 2 * YEAR), ("B", TODAY + 2 * YEAR, TODAY + 3 * YEAR)],
    "without dates": [(OTHER, None, None), (RUNNING, None, None), ("2099-2100", None, None)],
    "a label without a year": [("Seizoen", None, None), (OTHER, None, None)],
    "dates the wrong way round": [(RUNNING, TODAY + YEAR, TODAY - YEAR), (OTHER, None, None)],
    "one end alone": [(RUNNING, None, TODAY - YEAR), (OTHER, TODAY, None)],
}


@pytest.mark.parametrize("listed", LISTED)
@pytest.mark.parametrize("start", ["07-01", "08-15", "12-31"])
def test_the_view_and_the_rule_know_the_same_running_season(
    database: Database, club: int, listed: str, start: str
) -> None:
    rows = [Season(str(number), *one) for number, one in enumerate(LISTED[listed])]
    with database.engine.begin() as connection:
        seasons.refresh(connection, club, rows)
        known = seasons.known(connection, club, start)
        wanted = seasons.running(known, TODAY) or seasons.season_of(TODAY, start).label
        connection.execute(text("SELECT set_config('twizzit.season_start', :start, true)"), {"start": start})
        assert connection.scalar(text("SELECT season FROM twizzit_running_seasons")) == wanted


@pytest.mark.parametrize(
    ("days", "another_ends", "running"), [(0, YEAR, "B"), (1, YEAR, "B"), (2, YEAR, "A"), (2, -YEAR, "B")]
)
def test_the_view_and_the_rule_miss_a_season_that_is_not_listed_any_more(
    database: Database, club: int, days: int, another_ends: timedelta, running: str
) -> None:
    """Two days later, and where another one runs."""
    one = Season("1", "A", TODAY - 2 * YEAR, TODAY + another_ends)
    with database.engine.begin() as connection:
        seasons.refresh(connection, club, [one, Season("2", "B", TODAY - YEAR, TODAY + YEAR)])
        seasons.refresh(connection, club, [one], day=TODAY - timedelta(days=days))
        seasons.refresh(connection, club, [one])
        assert seasons.running(seasons.known(connection, club, "07-01"), TODAY) == running
        assert connection.scalar(text("SELECT season FROM twizzit_running_seasons")) == running
        seasons.refresh(connection, club, [one, Season("2", "B", TODAY - YEAR, TODAY + YEAR)])
        assert connection.scalar(text("SELECT season FROM twizzit_running_seasons")) == "B"


def test_a_season_that_is_new_begins_without_a_past(database: Database, club: int) -> None:
    add_run(database, club, timedelta(hours=1), *everything(OTHER, how=FAILED))
    assert status(database).state is CredentialState.UNSYNCED
    with database.engine.begin() as connection:
        connection.execute(insert(tables.twizzit_seasons).values(credential_id=club, label=OTHER))
    assert status(database).state is CredentialState.FAILING
    assert status(database).facts.running_season == OTHER

"""GET /metrics: what Prometheus reads, who may, and that the dashboard and the alerts ask for what is there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, make_url, text

from tests.conftest import _execute
from tests.support.api_server import ApiServer, token
from tests.support.monitored import add_calls, add_credential, scene
from twizzit_pipeline.http_api.access_table import Role
from twizzit_pipeline.http_api.metrics import Metrics
from twizzit_pipeline.queries.credential_state import CredentialState
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

DEPLOY = Path(__file__).parents[3] / "deploy"
# A name of ours in an expression, or in what a variable is filled with.
METRIC = re.compile(r"\btwizzit_[a-z0-9_]+")


@pytest.fixture
def metrics(database: Database) -> Metrics:
    return Metrics(database.engine, season_start="07-01")


def read(metrics: Metrics) -> dict[str, dict[tuple[str, ...], float]]:
    """Metric → values of its labels, by the labels' names → value."""
    return {
        sample.name: {
            tuple(one.labels[name] for name in sorted(one.labels)): one.value
            for one in family.samples
            if one.name == sample.name
        }
        for family in families(metrics.exposition().decode())
        for sample in family.samples
    }


def families(exposition: str) -> list[Metric]:
    return list(text_string_to_metric_families(exposition))


def test_they_say_of_each_credential_how_it_is(database: Database, metrics: Metrics) -> None:
    scene(database)
    found = read(metrics)
    states = {("1", "ok"), ("2", "failing"), ("3", "partial"), ("4", "late"), ("5", "unsynced")}
    assert found["twizzit_sync_state"] == dict.fromkeys(states, 1)
    counted = found["twizzit_credentials"]
    assert set(counted) == {(state.value,) for state in CredentialState}
    assert {state for (state,), number in counted.items() if number} == {state for _, state in states}
    assert found["twizzit_credential_info"][("5", 'KC "Midden" vzw')] == 1
    assert found["twizzit_sync_late"] == {("1",): 0, ("2",): 1, ("3",): 0, ("4",): 1, ("5",): 0}
    assert found["twizzit_sync_consecutive_failures"][("2",)] == 3
    assert found["twizzit_calls_this_month"][("1",)] == 85
    assert found["twizzit_calls_monthly_limit"] == {("1",): 100}
    assert found["twizzit_sync_interval_seconds"] == {("1",): 3600, ("2",): 3600, ("4",): 3600}


def test_they_say_what_waits_for_a_person_by_id_alone(database: Database, metrics: Metrics) -> None:
    credential_id = add_credential(database, "A")
    other = add_credential(database, "B")
    nothing = {(str(credential_id),): 0, (str(other),): 0}
    names = ("twizzit_departures_held", "twizzit_open_questions", "twizzit_plans_waiting")
    assert [read(metrics)[name] for name in names] == [nothing] * 3
    with database.engine.begin() as connection:
        for local_id, status in enumerate(("held", "held", "waiting", "refused")):
            one = {"entity": "players", "twizzit_id": f"9{local_id}", "local_id": local_id, "season": "2026-2027"}
            connection.execute(
                tables.departures.insert().values(credential_id=credential_id, kind="gone", status=status, **one)
            )
        for kind, status in (("field", "open"), ("doubtful_link", "open"), ("field", "settled")):
            one = {"entity": "players", "twizzit_id": f"8{kind}{status}", "kind": kind, "status": status}
            connection.execute(tables.conflicts.insert().values(credential_id=credential_id, remote="Ann Onym", **one))
        for reason in ("asked", "review"):
            one = {"season": "2026-2027", "reason": reason, "counts": {"changes": 1}, "document": {"name": "Ann Onym"}}
            later = text("clock_timestamp() + interval '1 day'")
            connection.execute(tables.plans.insert().values(credential_id=credential_id, expires_at=later, **one))
    found = read(metrics)
    assert [found[name] for name in names] == [{**nothing, (str(credential_id),): number} for number in (2, 2, 1)]
    assert "Onym" not in metrics.exposition().decode()


def test_they_say_how_the_last_syncs_went(database: Database, metrics: Metrics) -> None:
    scene(database)
    found = read(metrics)
    assert found["twizzit_sync_last_rejected_rows"][("3", "players")] == 2
    assert found["twizzit_sync_last_failed_items"][("3", "players")] == 2
    assert found["twizzit_sync_last_processed_items"][("3", "players")] == 10
    assert found["twizzit_sync_last_duration_seconds"][("3", "teams")] == 12
    assert set(found["twizzit_sync_last_success_timestamp_seconds"]) == {("1",), ("2",), ("3",), ("4",)}
    with database.engine.connect() as connection:
        now = float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0)
    assert 2390 < now - found["twizzit_sync_last_success_timestamp_seconds"][("1",)] < 2460
    assert 1140 < found["twizzit_sync_next_timestamp_seconds"][("1",)] - now <= 1200
    assert found["twizzit_syncs_30_days"] == {
        ("success", "teams"): 3,
        ("failed", "teams"): 1,
        ("partial_success", "teams"): 0,
        ("success", "players"): 2,
        ("failed", "players"): 0,
        ("partial_success", "players"): 1,
    }
    assert found["twizzit_sync_success_30_days_ratio"] == pytest.approx({("teams",): 1.0, ("players",): 0.9333})


def test_they_say_who_is_there_and_what_waits(database: Database, metrics: Metrics) -> None:
    assert "twizzit_orchestrator_heartbeat_age_seconds" not in read(metrics)
    scene(database)
    with database.engine.begin() as connection:
        for status in ("queued", "queued", "started", "success"):
            done = "now()" if status == "success" else "NULL"
            connection.exec_driver_sql(
                "INSERT INTO twizzit_sync_requests (credential_id, sync_type, trigger, status, completed_at)"
                f" VALUES (1, 'teams', 'request', '{status}', {done})"
            )
        connection.exec_driver_sql(
            "INSERT INTO twizzit_leases (organization, token, credential_id, dagster_run_id, holder)"
            " VALUES ('x', gen_random_uuid(), 1, 'run', 'elsewhere|1')"
        )
    found = read(metrics)
    assert found["twizzit_sync_requests"] == {("queued",): 2, ("started",): 1}
    assert found["twizzit_leases_held"] == {(): 1}
    assert found["twizzit_sync_state"][("1", "running")] == 1
    assert 5 <= found["twizzit_orchestrator_heartbeat_age_seconds"][()] < 60


def test_the_names_follow_prometheus_and_people_are_in_none(database: Database, metrics: Metrics) -> None:
    scene(database)
    for family in families(metrics.exposition().decode()):
        assert family.documentation, family.name
        assert family.type == "gauge"
        assert not family.name.endswith(("_total", "_count", "_ms", "_percent")), family.name
        labels = {name for one in family.samples for name in one.labels}
        assert labels <= {"credential_id", "state", "type", "status", "version", "organization_name"}
        assert "organization_name" not in labels or family.name == "twizzit_credential_info"


def test_a_scrape_costs_as_many_queries_however_many_credentials_and_the_month_is_read_once(
    database: Database, metrics: Metrics
) -> None:
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    numbers = []
    for _ in range(3):
        before = len(asked)
        add_credential(database, "KC Noord")
        add = len(asked)
        metrics.exposition()
        numbers.append(len(asked) - add)
        assert before < add
    assert numbers[0] <= 12
    assert numbers[1:] == [numbers[0] - 1] * 2
    assert sum("twizzit_success_rate" in statement for statement in asked) == 1


# --- over HTTP --------------------------------------------------------------------------------------------------------


@pytest.fixture
def api(settings: Settings, database: Database) -> Iterator[ApiServer]:
    with ApiServer(settings, database) as server:
        yield server


def test_prometheus_gets_them_with_a_token_of_its_own(api: ApiServer, database: Database) -> None:
    scene(database)
    sent = {"Authorization": f"Bearer {token('monitor')}", "Accept": "application/openmetrics-text;version=x;q=0.9,*/*"}
    for path in ("/metrics", "/api/twizzit/metrics"):
        answer = httpx.get(api.root + path, headers=sent, verify=False)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert 'twizzit_sync_state{credential_id="4",state="late"} 1.0' in answer.text.splitlines()
        statuses: dict[Role, int] = {"admin": 200, "coach": 403, "user": 403}
        for role, status in statuses.items():
            headers = {"Authorization": f"Bearer {token(role)}"}
            assert httpx.get(api.root + path, headers=headers, verify=False).status_code == status
        assert httpx.get(api.root + path, verify=False).status_code == 401


def test_a_token_for_metrics_is_good_for_nothing_else(api: ApiServer) -> None:
    with api.client(token("monitor")) as client:
        for path in ("/credentials", "/organizations", "/audit", "/mappings/players", "/sync/history/1"):
            assert client.get(path).status_code == 403, path
        assert client.delete("/credentials/1").status_code == 403


def test_a_database_that_is_away_is_503_and_comes_back(api: ApiServer, database: Database) -> None:
    with database.engine.begin() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar()
    given = make_url(database.url.get_secret_value())
    admin = given.set(database="postgres", drivername="postgresql").render_as_string(hide_password=False)
    with api.client(token("monitor")) as client:
        assert client.get("/metrics").status_code == 200
        database.engine.dispose()
        _execute(admin, f"ALTER DATABASE {name} RENAME TO {name}_away")
        try:
            answer = client.get("/metrics")
            assert (answer.status_code, answer.json()["error"]) == (503, "Database unavailable")
        finally:
            _execute(admin, f"ALTER DATABASE {name}_away RENAME TO {name}")
        assert client.get("/metrics").status_code == 200


def test_a_missing_view_says_what_to_run(api: ApiServer, database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP VIEW twizzit_credential_status")
    with api.client(token("monitor")) as client:
        answer = client.get("/metrics")
    assert answer.status_code == 503
    assert answer.json()["message"].endswith("run: twizzit migrate")


# --- the dashboard and the alerts -------------------------------------------------------------------------------------


def test_the_dashboard_and_the_alerts_ask_for_metrics_that_are_there(database: Database, metrics: Metrics) -> None:
    scene(database)
    add_calls(database, 2, 7)
    known = set(read(metrics))
    dashboard = json.loads((DEPLOY / "grafana" / "twizzit.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    queries = [one["query"]["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    alerts = (DEPLOY / "twizzit-alerts.yml").read_text(encoding="utf-8")
    alerts = "\n".join(line for line in alerts.splitlines() if "expr:" in line)
    asked = [set(METRIC.findall(one)) for one in (*expressions, *queries, alerts)]
    assert all(asked)
    assert set().union(*asked) <= known
    # All but the version and what helps to compute one's own are on the dashboard.
    unseen = {"twizzit_build_info", "twizzit_sync_next_timestamp_seconds", "twizzit_sync_interval_seconds"}
    unseen |= {"twizzit_sync_consecutive_failures", "twizzit_sync_last_processed_items"}
    assert known - set().union(*asked) == unseen
    states = set(re.findall(r"[a-z]+", " ".join(re.findall(r'state=~"([^"]+)"', " ".join([*expressions, alerts])))))
    assert states <= {state.value for state in CredentialState}


def test_the_dashboard_can_be_imported_anywhere() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "twizzit.json").read_text(encoding="utf-8"))
    assert "id" not in dashboard  # Grafana gives one
    assert dashboard["schemaVersion"] >= 39
    variables = {one["name"]: one for one in dashboard["templating"]["list"]}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + across, place["y"] + down) for across in range(place["w"]) for down in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(across for across, _ in cells) < 24
        taken |= cells
        for one in (panel, *panel.get("targets", ())):
            assert panel["type"] == "row" or one["datasource"]["uid"] == "${datasource}"

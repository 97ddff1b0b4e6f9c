"""The read routes over a database that a real sync has filled: history, mappings, who is registered, configuration."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime

import httpx
import pytest
from sqlalchemy import select, update

from tests.conftest import settings_with
from tests.support.api_server import ApiServer, token
from tests.support.calendar_world import EVERYTHING
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.contracts.rules.players import RULES
from twizzit_pipeline.runs import history
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.calendar_truth import calendar_truth
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.transform.names import normalised_name

MAPPED = {
    "teams": tables.team_mappings,
    "players": tables.player_mappings,
    "competitions": tables.competition_mappings,
    "matches": tables.match_mappings,
}


@pytest.fixture(scope="module")
def world(
    new_database: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SyncWorld]:
    """Two clubs with their calendars, the first synced twice; the tests of this module change configurations alone."""
    with new_database() as url, SimulatorServer() as simulator:
        settings = settings_with(url, tmp_path_factory.mktemp("api"))
        with open_database(settings) as database:
            made = SyncWorld(quick(settings), database, simulator)
            first, second = made.add_credential(0), made.add_credential(1)
            made.sync(first)
            made.sync(second, steps=EVERYTHING)
            made.sync(first, steps=EVERYTHING)
            yield made


@pytest.fixture(scope="module")
def api(world: SyncWorld) -> Iterator[ApiServer]:
    with ApiServer(world.settings, world.database) as server:
        yield server


def test_the_history_has_the_shape_of_the_guide_newest_first(coach: httpx.Client) -> None:
    rows = coach.get("/sync/history/1").json()["history"]
    assert set(rows[0]) == {
        "id",
        "credentialId",
        "questions",
        "syncType",
        "entity",
        "season",
        "seasonExists",
        "syncDirection",
        "status",
        "itemsProcessed",
        "itemsSucceeded",
        "itemsFailed",
        "errorMessage",
        "startedAt",
        "completedAt",
        "syncedAt",
    }
    assert [row["syncType"] for row in rows] == [*["competitions"] * 2, "players", "teams", "players", "teams"]
    assert [row["entity"] for row in rows] == ["matches", "competitions", "players", "teams", "players", "teams"]
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    assert {row["credentialId"] for row in rows} == {1}
    assert {row["syncDirection"] for row in rows} == {"import"}
    assert all(row["syncedAt"] == row["completedAt"] and row["completedAt"].endswith("Z") for row in rows)
    assert rows[0]["itemsProcessed"] == rows[0]["itemsSucceeded"] + rows[0]["itemsFailed"]


def test_the_history_comes_in_pages(coach: httpx.Client) -> None:
    everything = coach.get("/sync/history/1").json()["history"]
    pages = [coach.get(f"/sync/history/1?limit=1&offset={place}").json()["history"] for place in range(7)]
    assert [row for page in pages for row in page] == everything
    assert pages[6] == []
    assert coach.get("/sync/history/1?limit=100").json()["history"] == everything


def test_one_sync_shows_what_did_not_arrive_by_id(coach: httpx.Client, world: SyncWorld) -> None:
    players = coach.get("/sync/history/1?limit=1&offset=2").json()["history"][0]
    one = coach.get(f"/sync/history/1/{players['id']}").json()["history"]
    assert {key: one[key] for key in players} == players
    rejected = world.simulator.world.truth(world.club()).rejected["players"]
    assert {row["twizzitId"] for row in one["rejectedRows"]} == set(rejected)
    assert {row["entity"] for row in one["rejectedRows"]} == {"players"}
    assert all(set(row) == {"entity", "twizzitId", "columnName", "rule", "message"} for row in one["rejectedRows"])
    said = {row["rule"]: row["message"] for row in one["rejectedRows"]}
    assert said.items() <= {rule.name: rule.broken for rule in RULES}.items()
    assert one["season"] == world.season
    assert one["dagsterRunId"]
    assert one["failedItems"] == []
    assert one["rows"]["read"] == one["rows"]["kept"] + one["rows"]["rejected"] + one["rows"]["setAside"]
    assert one["rows"]["kept"] > 0
    assert one["eventTypes"] is None
    matches = coach.get("/sync/history/1?limit=1").json()["history"][0]
    types = coach.get(f"/sync/history/1/{matches['id']}").json()["history"]["eventTypes"]
    assert types["read"]
    assert not set(types["read"]) & set(types["notRead"])


def test_a_sync_is_found_under_its_own_credential_alone(coach: httpx.Client) -> None:
    foreign = coach.get("/sync/history/2").json()["history"][0]["id"]
    assert coach.get(f"/sync/history/2/{foreign}").status_code == 200
    for path in (f"/sync/history/1/{foreign}", "/sync/history/1/99999999999", "/sync/history/99/1"):
        assert coach.get(path).status_code == 404
    assert coach.get("/sync/history/1/0").status_code == 400


def test_team_mappings_have_the_shape_that_was_asked_for(coach: httpx.Client, world: SyncWorld) -> None:
    answer = coach.get("/mappings/teams?credentialId=1")
    rows = answer.json()["mappings"]
    truth = world.simulator.world.truth(world.club())
    assert {row["twizzitTeamId"]: row["twizzitTeamName"] for row in rows} == dict(truth.teams)
    assert answer.headers["x-total-count"] == str(len(rows))
    local = {row["id"]: row["name"] for row in world.rows(tables.teams)}
    assert all(local[row["internalTeamId"]] == row["internalTeamName"] for row in rows)
    assert {(row["syncStatus"], row["syncError"], row["credentialId"]) for row in rows} == {("success", None, 1)}
    assert all(row["lastSyncedAt"].endswith("Z") for row in rows)


def test_player_mappings_of_a_team_are_those_who_play_in_it(coach: httpx.Client, world: SyncWorld) -> None:
    group_id, _ = world.roster()
    team_id = world.local_id(group_id, "team")
    answer = coach.get(f"/mappings/players?teamId={team_id}")
    rows = answer.json()["mappings"]
    playing = {row["id"]: row for row in world.rows(tables.players, team_id=team_id)}
    assert len(rows) > 5
    assert {row["internalPlayerId"] for row in rows} == set(playing)
    assert answer.headers["x-total-count"] == str(len(rows))
    for row in rows:
        player = playing[row["internalPlayerId"]]
        said = (row["internalPlayerFirstName"], row["internalPlayerLastName"], row["jerseyNumber"])
        assert said == (player["first_name"], player["last_name"], player["jersey_number"])
        assert row["internalPlayerName"] == f"{player['first_name']} {player['last_name']}"
        assert (row["internalTeamId"], row["twizzitTeamId"]) == (team_id, str(group_id))
        assert row["twizzitTeamName"]
        assert row["twizzitPlayerName"]
    assert coach.get("/mappings/players?teamId=999999").json() == {"mappings": []}


def test_mappings_come_in_pages_with_the_total(coach: httpx.Client, world: SyncWorld) -> None:
    total = len(world.rows(tables.player_mappings))
    seen = []
    for offset in range(0, total, 50):
        answer = coach.get(f"/mappings/players?limit=50&offset={offset}")
        assert answer.headers["x-total-count"] == str(total)
        seen += [row["id"] for row in answer.json()["mappings"]]
    assert len(seen) == len(set(seen)) == total
    of_one = coach.get("/mappings/players?credentialId=2&limit=1")
    assert of_one.headers["x-total-count"] == str(len(world.rows(tables.player_mappings, credential_id=2)))
    assert coach.get("/mappings/teams?credentialId=77").status_code == 404


def test_every_competition_is_linked_with_its_matches(coach: httpx.Client, world: SyncWorld) -> None:
    truth = calendar_truth(world.simulator.world, world.club())
    answer = coach.get("/mappings/competitions?credentialId=1")
    rows = answer.json()["mappings"]
    assert {row["twizzitCompetitionId"]: row["twizzitCompetitionName"] for row in rows} == truth.competitions
    assert answer.headers["x-total-count"] == str(len(rows))
    local = {row["id"]: row for row in world.rows(tables.competitions)}
    for row in rows:
        competition = local[row["internalCompetitionId"]]
        said = (row["internalCompetitionName"], row["competitionType"], row["status"], row["season"])
        assert said == (competition["name"], "league", "in_progress", world.season)
        assert (row["startDate"], row["endDate"]) == (str(competition["start_date"]), str(competition["end_date"]))
        played = [one for one in truth.matches.values() if one.competition_id == row["twizzitCompetitionId"]]
        assert row["matches"] == len(played) > 0


def test_matches_come_as_they_are_played(coach: httpx.Client, world: SyncWorld) -> None:
    truth = calendar_truth(world.simulator.world, world.club()).matches
    rows = coach.get("/mappings/matches?credentialId=1").json()["mappings"]
    starts = [datetime.fromisoformat(row["startsAt"]) for row in rows]
    assert starts == sorted(starts)
    assert all(row["startsAt"].endswith("Z") for row in rows)
    assert all(row["hourKnown"] for row in rows)
    assert set(truth) == {row["twizzitMatchId"] for row in rows}
    for row, at in zip(rows, starts, strict=True):
        true = truth[row["twizzitMatchId"]]
        assert (at, row["status"]) == (true.starts_at, true.status)
        assert (row["homeScore"], row["awayScore"]) == (true.score or (0, 0))
        own, other = ("home", "away") if true.is_home else ("away", "home")
        assert row[f"{own}Name"].startswith(f"{world.club().name} ")
        assert normalised_name(row[f"{other}Name"]) == normalised_name(true.opponent)
        assert (row["internalCompetitionId"] is None) is (true.competition_id is None)


def test_matches_are_found_by_competition_and_by_team(coach: httpx.Client, world: SyncWorld) -> None:
    everything = coach.get("/mappings/matches").json()["mappings"]
    row = next(one for one in everything if one["internalCompetitionId"])
    competition, team = row["internalCompetitionId"], row["internalHomeTeamId"]
    in_competition = [one for one in everything if one["internalCompetitionId"] == competition]
    of_team = [one for one in everything if team in (one["internalHomeTeamId"], one["internalAwayTeamId"])]
    for query, wanted in ((f"competitionId={competition}", in_competition), (f"teamId={team}", of_team)):
        answer = coach.get(f"/mappings/matches?{query}")
        assert answer.json()["mappings"] == wanted
        assert answer.headers["x-total-count"] == str(len(wanted))
        assert 0 < len(wanted) < len(everything)
        paged = [coach.get(f"/mappings/matches?{query}&limit=1&offset={place}").json() for place in range(2)]
        assert [one for page in paged for one in page["mappings"]] == wanted[:2]


def test_a_coach_held_to_a_credential_reads_its_rows_alone(api: ApiServer, world: SyncWorld) -> None:
    with api.client(token("coach", credentials=[2])) as client:
        for path, table in MAPPED.items():
            answer = client.get(f"/mappings/{path}")
            assert {row["credentialId"] for row in answer.json()["mappings"]} == {2}
            assert answer.headers["x-total-count"] == str(len(world.rows(table, credential_id=2)))
        own = world.rows(tables.team_mappings, credential_id=2)[0]["local_team_id"]
        foreign = world.rows(tables.team_mappings, credential_id=1)[0]["local_team_id"]
        assert client.get(f"/registered?teamId={own}").status_code == 200
        assert client.get(f"/registered?teamId={foreign}").status_code == 403
        assert client.get(f"/mappings/players?teamId={foreign}").json() == {"mappings": []}


def test_a_coach_reads_who_of_a_team_is_registered(coach: httpx.Client, world: SyncWorld) -> None:
    group_id, _ = world.roster()
    team_id = world.local_id(group_id, "team")
    answer = coach.get(f"/registered?teamId={team_id}").json()
    of_team = {row["id"] for row in world.rows(tables.players, team_id=team_id)}
    registered = {row["playerId"] for row in answer["players"] if row["registered"]}
    assert {row["playerId"] for row in answer["players"] if row["here"]} == of_team <= registered
    assert (answer["total"], answer["registered"]) == (len(answer["players"]), len(registered))
    row = answer["players"][0]
    assert set(row) >= {"playerId", "firstName", "lastName", "jerseyNumber", "registered", "reason"}
    assert coach.get("/registered?teamId=999999").status_code == 404
    outside = [row for row in answer["players"] if not row["here"] and row["code"] != "set_aside"]
    listed = {str(one.id) for one in world.club().players(group_id)}
    assert {row["twizzitId"] for row in outside if row["code"] == "rejected"} == listed - {
        row["twizzitId"] for row in answer["players"] if row["here"]
    }
    assert answer["namesMissing"] is None
    assert all(row["playerId"] is None and row["reason"].startswith("in Twizzit, not here: ") for row in outside)
    assert (answer["inTwizzit"], answer["here"]) == (len(listed), len(of_team))


def test_a_team_and_a_player_are_asked_for_by_name(coach: httpx.Client, api: ApiServer, world: SyncWorld) -> None:
    team_id = world.local_id(world.roster()[0], "team")
    (team,) = world.rows(tables.teams, id=team_id)
    (club,) = world.rows(tables.clubs, id=team["club_id"])
    by_name = coach.get("/registered", params={"team": f"{club['name']} {team['name']}"})
    assert by_name.json() == coach.get(f"/registered?teamId={team_id}").json()
    several = coach.get("/registered", params={"team": team["name"]})
    assert (several.status_code, several.json()["error"]) == (409, "Not unique")
    assert f"{team_id}  {team['name']} (" in "\n".join(several.json()["choices"])
    with api.client(token("coach", credentials=[1])) as client:
        assert client.get("/registered", params={"team": team["name"]}).json()["teamId"] == team_id
    player = world.rows(tables.players, team_id=team_id)[0]
    name = f"{player['first_name']} {player['last_name']}".upper()
    alone = coach.get("/registered", params={"team": str(team_id), "player": name}).json()
    assert [row["playerId"] for row in alone["players"]] == [player["id"]]
    assert coach.get("/registered", params={"team": "Nowhere 7"}).status_code == 404
    assert coach.get("/registered", params={"player": "Never Nowhere"}).status_code == 404
    assert coach.get("/registered").status_code == 400


def test_what_was_set_aside_is_shown_with_what_would_change_that(coach: httpx.Client, world: SyncWorld) -> None:
    history_id = coach.get("/sync/history/2").json()["history"][0]["id"]
    details = {
        "rows": {"read": 12, "kept": 9, "rejected": 0, "set_aside": 3},
        "set_aside": {
            "not_a_player: Trainer": {"count": 2, "twizzit_ids": ["7", "8"]},
            "listed_twice": {"count": 1, "twizzit_ids": ["9"]},
        },
    }
    wanted = tables.sync_history.c.id == history_id
    with world.database.engine.begin() as connection:
        before = connection.scalars(select(tables.sync_history.c.details).where(wanted)).one()
        connection.execute(update(tables.sync_history).where(wanted).values(details={**before, **details}))
    one = coach.get(f"/sync/history/2/{history_id}").json()["history"]
    with world.database.engine.begin() as connection:
        connection.execute(update(tables.sync_history).where(wanted).values(details=before))
    assert one["rows"] == {"read": 12, "kept": 9, "rejected": 0, "setAside": 3}
    assert one["setAside"] == [
        {
            "reason": "not_a_player",
            "word": "Trainer",
            "count": 2,
            "twizzitIds": ["7", "8"],
            "message": "“Trainer” is not a player's function",
            "change": {"functions": {"Trainer": "player"}},
        },
        {
            "reason": "listed_twice",
            "word": None,
            "count": 1,
            "twizzitIds": ["9"],
            "message": "listed more than once, and taken once",
            "change": None,
        },
    ]


def test_calls_of_syncs_and_of_looking_around_are_shown(coach: httpx.Client, world: SyncWorld) -> None:
    found, other = (coach.get(f"/sync/config/{id_}").json() for id_ in (1, 2))
    assert found["callsThisMonth"] + other["callsThisMonth"] == world.simulator.calls.total
    counted = sum(row.details["calls"] for row in history.recent(world.database.engine, 1))
    assert found["callsThisMonth"] >= counted > 0
    assert datetime.fromisoformat(found["lastSyncAt"]).tzinfo is not None

"""A sync that repairs: every mapped row of the season is Twizzit's again, and people can read what was repaired."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert

from tests.support.api_server import ApiServer, token
from tests.support.calendar_world import EVERYTHING, games
from tests.support.sync_world import STEPS, WRITTEN_BY_A_SYNC, SyncWorld
from tests.support.synced_world import first_sync
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.errors import InactiveCredential, NothingScanned, UnknownSeason
from twizzit_pipeline.queries import journal
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.runs.history import HistoryRow
from twizzit_pipeline.storage import tables
from twizzit_pipeline.sync.preview.repairs import RepairPreview, repairs_to_come

REASON = "repaired_on_request"
CALENDAR = (tables.competitions, tables.games, tables.competition_mappings, tables.match_mappings, tables.opponents)
ALL = (*WRITTEN_BY_A_SYNC, *CALENDAR)


SMALL: dict[str, Any] = {"clubs": 2, "teams": 4, "players_per_team": 6}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


@pytest.fixture
def credential(club: int) -> int:
    """A club that was synced once."""
    return club


def preview(world: SyncWorld, credential: int, **more: Any) -> RepairPreview:
    day = {"day": seasons.today(), "season_start": world.settings.season_start}
    return repairs_to_come(world.database.engine, credential, **{"only": None, "season": None, **day, **more})


def repair(world: SyncWorld, credential: int, season: str | None = None, steps: Any = EVERYTHING) -> Any:
    with world.session(credential, season, repair=True) as session:
        session.to_map = {step.__name__.removeprefix("map_") for step in steps if step.__name__.startswith("map_")}
        reports = {step.__name__: step(session) for step in steps}
    return reports, world.history_of(session.run_id)


def coming(world: SyncWorld) -> list[dict[str, Any]]:
    """Games that are still to be played, by id."""
    return [game for game in games(world).values() if game["status"] == "scheduled"]


def edit_one_of_each(world: SyncWorld) -> dict[str, int]:
    """A person edits a team, a player, a competition and a game; their ids by table."""
    group_id, roster = world.roster()
    team, player = world.team(group_id), world.player(roster[0])
    (competition, *_) = world.rows(tables.competitions)
    (game, *_) = coming(world)
    world.change(tables.teams, team["id"], name="Kadetten")
    world.change(tables.players, player["id"], first_name="Elders", jersey_number=None, is_active=False)
    world.change(tables.competitions, competition["id"], name="Onze reeks")
    world.change(tables.games, game["id"], date=game["date"] + timedelta(days=3), status="cancelled")
    return {"teams": team["id"], "players": player["id"], "competitions": competition["id"], "games": game["id"]}


def local(world: SyncWorld) -> dict[str, list[dict[str, Any]]]:
    """ShotSpot's rows without the moment at which they were written."""
    found = world.dump((tables.teams, tables.players, tables.competitions, tables.games))
    return {
        table: [{name: value for name, value in row.items() if name != "updated_at"} for row in rows]
        for table, rows in found.items()
    }


def test_edits_survive_a_sync_and_no_repair_and_a_second_repair_writes_nothing(
    world: SyncWorld, credential: int
) -> None:
    before = local(world)
    edit_one_of_each(world)
    edited = local(world)
    synced = world.sync(credential, steps=EVERYTHING)
    assert local(world) == edited

    _, rows = repair(world, credential)
    assert local(world) == before
    columns = {entity: row.details["repaired"] for entity, row in rows.items()}
    assert columns["teams"] == columns["competitions"] == {"name": 1}
    assert set(columns["players"]) >= {"first_name", "is_active"}
    assert columns["matches"] == {"date": 1, "status": 1}
    for row in rows.values():
        assert row.details["repair"] is True
        assert row.details["warnings"][REASON]["count"] == 1
        assert not {"moved", "cancelled", "reinstated"} & row.details.keys(), "nothing happened to a match"
    assert_the_api_shows(world, credential, rows, synced.history["teams"])

    held = world.dump(ALL)
    _, again = repair(world, credential)
    assert world.dump(ALL) == held
    assert {row.details["update"] for row in again.values()} == {0}
    assert [row.details["repaired"] for row in again.values()] == [{}] * 4


def assert_the_api_shows(
    world: SyncWorld, credential: int, repaired: dict[str, HistoryRow], synced: HistoryRow
) -> None:
    """What was repaired of each entity; and of a plain sync, nothing."""
    with ApiServer(world.settings, world.database) as server, server.client(token("coach")) as coach:
        for entity, row in repaired.items():
            shown = coach.get(f"/sync/history/{credential}/{row.id}").json()["history"]["repair"]
            assert shown["columns"] == row.details["repaired"], entity
            assert (shown["count"], len(shown["twizzitIds"])) == (1, 1)
            assert "a repair was asked for" in shown["message"]
        assert coach.get(f"/sync/history/{credential}/{synced.id}").json()["history"]["repair"] is None


def test_the_journal_distinguishes_a_repair_from_what_twizzit_changed(world: SyncWorld, credential: int) -> None:
    _, roster = world.roster()
    player = world.player(roster[0])
    world.change(tables.players, player["id"], last_name="Elders")
    with world.simulator.world.lock:
        world.club().contacts[roster[0]].first_name = "Nieuw"
    since = max(one.id for one in journal.changes(world.database.engine, credential))
    _, rows = repair(world, credential, steps=STEPS)
    written = [one for one in journal.changes(world.database.engine, credential) if one.id > since]
    assert {(one.table_name, one.row_id) for one in written} == {("players", player["id"])}
    assert {one.action: (one.before, one.after) for one in written} == {
        "update": ({"first_name": player["first_name"]}, {"first_name": "Nieuw"}),
        "repair": ({"last_name": "Elders"}, {"last_name": player["last_name"]}),
    }
    assert {one.history_id for one in written} == {rows["players"].id}
    assert rows["players"].details["repaired"] == {"last_name": 1}


def test_the_preview_says_what_the_repair_then_writes_and_costs_no_call(world: SyncWorld, credential: int) -> None:
    edited = edit_one_of_each(world)
    held, calls = world.dump(ALL), world.simulator.calls.total
    shown = preview(world, credential)
    assert (world.dump(ALL), world.simulator.calls.total) == (held, calls)
    said = {one.entity: [(row.row_id, set(row.columns)) for row in one.repairs] for one in shown.entities}
    assert said["teams"] == [(edited["teams"], {"name"})]
    assert said["competitions"] == [(edited["competitions"], {"name"})]
    assert said["matches"] == [(edited["games"], {"date", "status"})]
    assert [row_id for row_id, _ in said["players"]] == [edited["players"]]
    assert shown.rows == 4
    since = max(one.id for one in journal.changes(world.database.engine, credential))
    repair(world, credential)
    written = {
        (one.table_name, one.row_id, column): (one.before[column], one.after[column])
        for one in journal.changes(world.database.engine, credential)
        if one.id > since and one.before and one.after
        for column in one.after
    }
    assert written == {
        (ENTITIES[one.entity].local, row.row_id, column): tuple(
            value.isoformat() if isinstance(value, datetime) else value for value in values
        )
        for one in shown.entities
        for row in one.repairs
        for column, values in row.columns.items()
    }
    assert preview(world, credential).rows == 0


def test_who_is_listed_in_a_team_that_waits_for_a_person_is_in_neither(world: SyncWorld, credential: int) -> None:
    """Three of four teams are made anew, so the new ones have names that are taken, and who is in them stays as is."""
    world.settings = world.settings.model_copy(update={"departure_least": 3})
    *waiting, (_, playing) = [world.roster(place) for place in range(4)]
    for group_id, roster in waiting:
        name = world.club().groups[group_id].name
        world.simulator.changes.remove_team(group_id)
        new = world.simulator.changes.add_team(world.club().id, name)
        for person in roster:
            world.simulator.changes.add_to_team(person, new)
    assert world.sync(credential).history["teams"].details["departures"]["held"] == 3
    edited = {"waits": world.player(waiting[0][1][0])["id"], "plays": world.player(playing[0])["id"]}
    for player in edited.values():
        world.change(tables.players, player, first_name="Elders")

    shown = preview(world, credential)

    assert [row.row_id for one in shown.entities for row in one.repairs] == [edited["plays"]]
    repair(world, credential, steps=STEPS)
    now = {name: world.rows(tables.players, id=player)[0]["first_name"] == "Elders" for name, player in edited.items()}
    assert now == {"waits": True, "plays": False}


def test_a_game_that_is_played_or_was_completed_is_left_alone(world: SyncWorld, credential: int) -> None:
    started, completed, edited, *_ = coming(world)
    away = {"date": started["date"] + timedelta(days=3), "competition_id": None}
    world.change(tables.games, started["id"], status="in_progress", **away)
    world.change(tables.games, completed["id"], status="completed", home_score=12, away_score=9, **away)
    world.change(tables.games, edited["id"], **away)
    kept = {row["id"]: row for row in world.rows(tables.games)}
    assert [row.row_id for one in preview(world, credential).entities for row in one.repairs] == [edited["id"]]
    repair(world, credential)
    now = {row["id"]: row for row in world.rows(tables.games)}
    assert [now[one["id"]] for one in (started, completed)] == [kept[one["id"]] for one in (started, completed)]
    assert now[edited["id"]] == edited


def test_a_past_season_is_left_alone(world: SyncWorld, credential: int) -> None:
    label = sorted(season.label for season in world.simulator.world.seasons_of(world.club()))[0]
    assert label < world.season
    world.sync(credential, label, steps=EVERYTHING)
    edit_one_of_each(world)
    (mapping, *_) = [row for row in world.rows(tables.team_mappings) if row["last_values"]["season"] == label]
    world.change(tables.teams, mapping["local_team_id"], name="Oude kadetten")
    before = local(world)
    shown = preview(world, credential, season=label)
    assert (shown.past, shown.rows) == (True, 0)
    _, rows = repair(world, credential, label)
    assert local(world) == before
    assert [row.details["repaired"] for row in rows.values()] == [{}] * 4


def test_one_entity_alone(world: SyncWorld, credential: int) -> None:
    edited = edit_one_of_each(world)
    shown = preview(world, credential, only="competitions")
    assert [one.entity for one in shown.entities] == ["competitions", "matches"]
    assert [row.row_id for one in shown.entities for row in one.repairs] == [edited["competitions"], edited["games"]]
    (team,) = preview(world, credential, only="teams").entities
    assert [(row.row_id, row.name, row.columns["name"][0]) for row in team.repairs] == [
        (edited["teams"], "Kadetten", "Kadetten")
    ]


def test_a_number_that_another_player_has_is_reported_before_and_after(world: SyncWorld, credential: int) -> None:
    _, roster = world.roster()
    numbered = next(one for one in roster if world.player(one)["jersey_number"] is not None)
    player = world.player(numbered)
    world.change(tables.players, player["id"], jersey_number=998)
    guest = {"club_id": player["club_id"], "first_name": "An", "last_name": "Gast"}
    with world.database.engine.begin() as connection:
        connection.execute(insert(tables.players).values(**guest, jersey_number=player["jersey_number"]))
    (_, players, *_) = preview(world, credential).entities
    assert (players.repairs, players.left) == ([], {"number_taken": (str(numbered),)})
    _, rows = repair(world, credential, steps=STEPS)
    assert world.player(numbered)["jersey_number"] == 998
    assert str(numbered) in rows["players"].details["warnings"]["number_taken"]["twizzit_ids"]


def test_the_preview_says_how_old_its_scan_is(world: SyncWorld, credential: int) -> None:
    ended = {row["sync_type"]: row["completed_at"] for row in world.rows(tables.sync_history)}
    shown = preview(world, credential)
    assert shown.oldest_scan is not None
    assert shown.oldest_scan.replace(tzinfo=None) == min(ended.values())
    assert [one.scanned_at is not None for one in shown.entities] == [True] * 4


def test_without_a_scan_it_says_so_and_what_to_do(world: SyncWorld) -> None:
    credential = world.add_credential()
    with pytest.raises(NothingScanned, match=f"twizzit sync {credential}$"):
        preview(world, credential)
    world.sync(credential)
    shown = preview(world, credential)
    assert [one.scanned_at is None for one in shown.entities] == [False, False, True, True]
    with pytest.raises(NothingScanned, match=f"twizzit sync {credential} --only competitions"):
        preview(world, credential, only="competitions")
    with pytest.raises(UnknownSeason):
        preview(world, credential, season="1999-2000")
    world.change(tables.credentials, credential, is_active=False)
    with pytest.raises(InactiveCredential):
        preview(world, credential)


def test_names_and_numbers_that_changed_hands_in_shotspot_change_back(world: SyncWorld, credential: int) -> None:
    before = local(world)
    (one, other, *_) = world.rows(tables.teams, club_id=world.team(world.roster()[0])["club_id"])
    numbered = [row for row in world.rows(tables.players) if row["jersey_number"] is not None][:2]
    exchanges: tuple[tuple[Any, ...], ...] = (
        (tables.teams, one, other, "name", "Tussen"),
        (tables.players, *numbered, "jersey_number", 998),
    )
    for table, first, second, column, between in exchanges:
        world.change(table, first["id"], **{column: between})
        world.change(table, second["id"], **{column: first[column]})
        world.change(table, first["id"], **{column: second[column]})
    assert local(world) != before
    repair(world, credential, steps=STEPS)
    assert local(world) == before


def test_an_account_of_the_old_dialect(world: SyncWorld) -> None:
    credential = world.add_credential(1, "v1")
    world.sync(credential, steps=EVERYTHING)
    (player, *_), (team, *_) = world.rows(tables.player_mappings), world.rows(tables.team_mappings)
    world.change(tables.players, player["local_player_id"], gender="female")  # of which it says nothing
    before = local(world)
    world.change(tables.players, player["local_player_id"], last_name="Elders")
    world.change(tables.teams, team["local_team_id"], name="Kadetten")
    shown = preview(world, credential)
    assert {one.entity: len(one.repairs) for one in shown.entities if one.repairs} == {"players": 1, "teams": 1}
    repair(world, credential)
    assert local(world) == before

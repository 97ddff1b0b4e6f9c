"""What has changed since the sync is left and listed, and so is what other rows refer to."""

from functools import partial
from typing import Any

from sqlalchemy import delete

from tests.support.calendar_world import EVERYTHING, games
from tests.support.sync_world import Synced, SyncWorld
from tests.support.synced_world import first_sync
from tests.support.undone import left_of, previewed, reasons, row_of, state, undo
from twizzit_pipeline.storage import tables
from twizzit_pipeline.undo.undoing import Undo

SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 7, "other_contacts": 0}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


def elsewhere(world: SyncWorld, *statements: str) -> None:
    """Tables of ShotSpot's that this project does not know."""
    with world.connected() as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_player_that_a_person_edited_since_stays_with_their_mapping_and_what_they_hang_on(
    world: SyncWorld, first: Synced
) -> None:
    people = world.roster(0)[1]
    player_id = world.local_id(people[4])
    world.change(tables.players, player_id, first_name="Roepnaam")
    team_id = world.player(people[4])["team_id"]

    done = undo(world, first)

    left = left_of(done, "players")
    assert (left.key.id, left.columns, left.reason) == (player_id, ("first_name",), "changed_since")
    (player,) = world.rows(tables.players)
    assert (player["id"], player["is_active"], player["is_twizzit_registered"]) == (player_id, True, True)
    assert [row["local_player_id"] for row in world.rows(tables.player_mappings)] == [player_id]
    (team,) = world.rows(tables.teams)
    assert (team["id"], team["is_active"]) == (team_id, True)  # its mapping stays too, so that syncs keep it
    assert {table for table, _, _ in reasons(done)} == {
        "players",
        "twizzit_player_mappings",
        "teams",
        "twizzit_team_mappings",
        "clubs",
        "seasons",
    }
    assert row_of(world, done).status == "partial_success"
    assert world.rows(tables.games) == []


def test_a_column_that_a_row_got_by_default_counts_as_edited_too(world: SyncWorld, first: Synced) -> None:
    of_a_clock = (
        "since timestamptz DEFAULT CURRENT_TIMESTAMP",
        "day date DEFAULT now()",
        "token text DEFAULT random()",
    )
    of_a_value = (
        "height integer",
        "feet text DEFAULT 'it''s (both): 2'",
        "tags text[] DEFAULT '{}'",
        "rank int DEFAULT 7",
    )
    elsewhere(world, *[f"ALTER TABLE players ADD COLUMN {column}" for column in (*of_a_clock, *of_a_value)])
    player_id = world.local_id(world.roster(0)[1][4])
    elsewhere(world, f"UPDATE players SET height = 180, feet = 'left', tags = '{{a}}', rank = 8 WHERE id = {player_id}")
    left = left_of(undo(world, first), "players")
    assert (left.key.id, set(left.columns)) == (player_id, {"height", "feet", "tags", "rank"})
    assert len(world.rows(tables.players)) == 1


def test_a_later_sync_keeps_what_it_wrote(world: SyncWorld, first: Synced) -> None:
    people = world.roster(0)[1]
    credential_id = next(iter(world.dialects))
    world.simulator.changes.rename_person(people[4], "Anna", "Peeters")
    second = world.sync(credential_id, steps=EVERYTHING)
    world.simulator.changes.rename_person(people[4], "Anna", "Janssens")
    world.sync(credential_id, steps=EVERYTHING)

    done = undo(world, second)

    left = left_of(done, "players")
    assert (left.columns, left.reason) == (("last_name",), "changed_since")
    player = world.player(people[4])
    assert player["last_name"] == "Janssens"
    assert player["first_name"] != "Anna"


def test_the_first_of_two_syncs_goes_but_for_what_the_second_one_needs(world: SyncWorld, first: Synced) -> None:
    group_id, people = world.roster(0)
    credential_id = next(iter(world.dialects))
    world.simulator.changes.add_person(group_id, "Anaïs", "Peeters", "F", 955)
    world.sync(credential_id, steps=EVERYTHING)
    new = max(row["id"] for row in world.rows(tables.players))

    done = undo(world, first)

    assert [row["id"] for row in world.rows(tables.players)] == [new]
    (team,) = world.rows(tables.teams)
    assert team["is_active"] is True
    assert {row["local_team_id"] for row in world.rows(tables.team_mappings)} == {team["id"]}
    assert ("teams", team["id"], "still_referred_to") in reasons(done)
    world.sync(credential_id, steps=EVERYTHING)
    world.assert_truth(credential_id)
    assert world.local_id(group_id, "team") == team["id"]
    assert len(people) > 1


def test_what_a_person_wrote_since_survives_the_next_sync_too(world: SyncWorld, first: Synced) -> None:
    people = world.roster(0)[1]
    credential_id = next(iter(world.dialects))
    world.simulator.changes.rename_person(people[4], "Anna", "Janssens")
    world.simulator.changes.transfer(people[5], world.roster(1)[0])
    synced = world.sync(credential_id, steps=EVERYTHING)
    world.change(tables.players, world.local_id(people[4]), last_name="Roepnaam")
    world.change(tables.players, world.local_id(people[5]), team_id=world.local_id(world.roster(2)[0], "team"))
    undo(world, synced)
    assert world.player(people[4])["first_name"] != "Anna"

    world.sync(credential_id, steps=EVERYTHING)

    player = world.player(people[4])
    assert (player["first_name"], player["last_name"]) == ("Anna", "Roepnaam")
    assert world.player(people[5])["team_id"] == world.local_id(world.roster(2)[0], "team")


def test_a_number_that_another_player_got_since_is_left_to_them(world: SyncWorld, first: Synced) -> None:
    people = world.roster(0)[1]
    credential_id = next(iter(world.dialects))
    world.simulator.changes.set_number(people[4], 901)
    world.sync(credential_id, steps=EVERYTHING)
    world.simulator.changes.set_number(people[4], 902)
    synced = world.sync(credential_id, steps=EVERYTHING)
    world.change(tables.players, world.local_id(people[5]), jersey_number=901)

    done = undo(world, synced)

    left = left_of(done, "players")
    assert (left.columns, left.reason) == (("jersey_number",), "slot_taken")
    assert left.because == f"player {world.local_id(people[5])}"
    assert world.player(people[4])["jersey_number"] == 902


def test_what_was_removed_since_stays_away(world: SyncWorld, first: Synced) -> None:
    group_id, people = world.roster(0)
    credential_id = next(iter(world.dialects))
    old = world.local_id(group_id, "team")
    world.simulator.changes.transfer(people[4], world.roster(1)[0])
    moved = world.sync(credential_id, steps=EVERYTHING)
    player_id = world.local_id(people[4])
    with world.database.engine.begin() as connection:
        connection.execute(delete(tables.games))
        connection.execute(delete(tables.teams).where(tables.teams.c.id == old))
    assert ("players", player_id, "target_gone") in reasons(undo(world, moved))
    with world.database.engine.begin() as connection:
        connection.execute(delete(tables.players).where(tables.players.c.id == player_id))
    done = undo(world, first)
    assert player_id not in {row["id"] for row in world.rows(tables.players)}
    assert ("players", player_id) not in {(one.key.table, one.key.id) for one in done.plan.left}
    others = {one.columns for one in done.plan.left if one.key.table == "players"}
    assert others == {("team_id",)}  # ShotSpot took those who played in the deleted team out of it
    assert {row["team_id"] for row in world.rows(tables.players)} == {None}


def test_what_tables_that_are_not_known_refer_to_is_put_out_of_use(world: SyncWorld, first: Synced) -> None:
    for action in ("CASCADE", "RESTRICT", "SET NULL"):
        assert_put_out_of_use(world, first, action)
        elsewhere(world, "DROP SCHEMA stats CASCADE", "DROP TABLE shots")


def assert_put_out_of_use(world: SyncWorld, first: Synced, action: str) -> None:
    """Undone, and brought back: everything is as before."""
    one = world.local_id(world.roster(0)[1][4])
    game_id = next(iter(games(world).values()))["id"]
    elsewhere(
        world,
        "CREATE SCHEMA stats",
        f"CREATE TABLE stats.medical (id serial, player integer REFERENCES players ON DELETE {action})",
        f"CREATE TABLE shots (game integer REFERENCES games ON DELETE {action}, half integer) PARTITION BY LIST (half)",
        "CREATE TABLE shots_first PARTITION OF shots FOR VALUES IN (1)",
        f"INSERT INTO stats.medical (player) VALUES ({one}), ({one})",
        f"INSERT INTO shots VALUES ({game_id}, 1)",
    )
    before = state(world)

    shown = previewed(world, first)
    assert state(world) == before
    done = undo(world, first, shown=shown)

    (player,) = world.rows(tables.players)
    assert (player["id"], player["is_active"], player["is_twizzit_registered"]) == (one, False, False)
    (game,) = world.rows(tables.games)
    assert (game["id"], game["status"]) == (game_id, "cancelled")
    kept = {step.key.table: step.because for step in done.plan.steps if step.kind == "deactivate"}
    assert (kept["players"], kept["games"]) == ("medical (2 rows)", "shots (1 row)")
    assert {row["is_active"] for row in world.rows(tables.teams)} == {False}
    with world.connected() as connection:
        assert connection.execute("SELECT player FROM stats.medical").fetchall() == [(one,), (one,)]
    again = undo(world, done.undo_id or 0)
    assert state(world) == before
    assert again.plan.left == ()


def test_composite_keys_and_rows_that_refer_to_themselves(world: SyncWorld, first: Synced) -> None:
    (team, *_) = world.rows(tables.teams)
    elsewhere(
        world,
        "ALTER TABLE teams ADD COLUMN parent integer REFERENCES teams, ADD UNIQUE (id, club_id)",
        "CREATE TABLE tents (team integer, club integer,"
        " FOREIGN KEY (team, club) REFERENCES teams (id, club_id) ON DELETE CASCADE)",
        f"INSERT INTO tents VALUES ({team['id']}, {team['club_id']})",
    )
    done = undo(world, first)
    assert [row["id"] for row in world.rows(tables.teams)] == [team["id"]]
    (kept,) = [step for step in done.plan.steps if step.kind == "deactivate"]
    assert kept.because == "tents (1 row)"
    assert reasons(done) == {
        ("clubs", team["club_id"], "still_referred_to"),
        ("seasons", team["season_id"], "still_referred_to"),
    }


def test_a_name_by_which_rows_of_another_table_are_found_stays(world: SyncWorld, first: Synced) -> None:
    """Written over, even for a moment, it would be refused, or be lost in the row that has it."""
    group_id, people = world.roster(0)
    world.simulator.changes.rename_team(group_id, "Vissers")
    world.simulator.changes.rename_person(people[0], "Anna", "Janssens")
    second = world.sync(next(iter(world.dialects)))
    after = state(world)
    for action in ("NO ACTION", "CASCADE", "SET NULL", "NO ACTION DEFERRABLE INITIALLY DEFERRED"):
        done = undone_but_for_a_name(world, second, group_id, action)
        assert world.player(people[0])["first_name"] != "Anna", action
        elsewhere(world, "DROP TABLE kit")
        undo(world, done.undo_id or 0)
        assert state(world) == after, action


def undone_but_for_a_name(world: SyncWorld, second: Synced, group_id: int, action: str) -> Undo:
    team = world.team(group_id)
    elsewhere(
        world,
        "CREATE TABLE kit (club integer, team varchar(100), season integer,"
        f" FOREIGN KEY (club, team, season) REFERENCES teams (club_id, name, season_id) ON UPDATE {action})",
        f"INSERT INTO kit SELECT club_id, name, season_id FROM teams WHERE id = {team['id']}",
    )
    done = undo(world, second)
    assert world.team(group_id)["name"] == "Vissers"
    with world.connected() as connection:
        kit = connection.execute("SELECT * FROM kit").fetchall()
    assert kit == [(team["club_id"], "Vissers", team["season_id"])]
    kept = left_of(done, "teams")
    assert (kept.columns, kept.reason, kept.because) == (("name",), "still_referred_to", "kit (1 row)")
    return done

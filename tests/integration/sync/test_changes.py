"""What changed in Twizzit, and only that, arrives in ShotSpot; the journal has enough to take it back."""

import itertools
from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import Connection, Date, String, Table, cast, delete, update

from tests.support.sync_world import MAPPINGS, SHOTSPOT, Rows, SyncWorld
from twizzit_pipeline.simulator.clubs import ODD
from twizzit_pipeline.storage import tables

JOURNALLED: dict[str, Table] = {table.name: table for table in (*SHOTSPOT, *MAPPINGS)}
TIMES = {"created_at", "updated_at", "last_synced_at", "last_synced_seen", "twizzit_verified_at"}

Change = Callable[[SyncWorld], object]


SMALL: dict[str, Any] = {"clubs": 1, "teams": 6, "players_per_team": 9, "other_contacts": 0}


def rename_team(world: SyncWorld) -> None:
    world.simulator.changes.rename_team(world.roster(1)[0], '\'t Vlaggenschip "1"')


def swap_team_names(world: SyncWorld) -> None:
    first, second = (world.club().groups[world.roster(place)[0]] for place in (0, 1))
    names = first.name, second.name
    world.simulator.changes.rename_team(first.id, names[1])
    world.simulator.changes.rename_team(second.id, names[0])


def rename_person(world: SyncWorld) -> None:
    world.simulator.changes.rename_person(world.roster()[1][4], "Zoë-Ève", "Van 't\tHof \\. O'Brien")


def change_gender(world: SyncWorld) -> None:
    contacts = world.club().contacts
    woman = next(one for one in world.roster(2)[1] if contacts[one].gender == "F")
    world.simulator.changes.set_gender(woman, "M")


def transfer(world: SyncWorld) -> None:
    world.simulator.changes.transfer(world.roster(0)[1][5], world.roster(4)[0])


def leave_one_of_two_teams(world: SyncWorld) -> None:
    truth = world.simulator.world.truth(world.club())
    remote_id, one = next((id_, one) for id_, one in truth.players.items() if len(one.team_ids) > 1)
    world.simulator.changes.remove_from_team(int(remote_id), int(min(one.team_ids, key=int)))


def change_number(world: SyncWorld) -> None:
    world.simulator.changes.set_number(world.roster(0)[1][5], 977)


def take_a_free_number_and_leave_it_to_another(world: SyncWorld) -> None:
    first, second = world.roster(0)[1][6:8]
    world.simulator.changes.set_number(first, 978)
    world.simulator.changes.set_number(second, 901)


def add_person(world: SyncWorld) -> None:
    world.simulator.changes.add_person(world.roster(3)[0], "Łukasz", "D'Hondt", "M", 955)


def add_team(world: SyncWorld) -> None:
    changes = world.simulator.changes
    group_id = changes.add_team(world.club(), "U11 2")
    changes.add_person(group_id, "Anaïs", "Peeters", "F", 956)
    changes.transfer(world.roster(5)[1][2], group_id)


def add_empty_team(world: SyncWorld) -> None:
    world.simulator.changes.add_team(world.club(), "Nieuw")


# In one sync each: changes of other rows.
CHANGES = [
    [rename_team, rename_person, change_gender],
    [swap_team_names, transfer, add_person],
    [leave_one_of_two_teams, change_number, add_empty_team],
    [take_a_free_number_and_leave_it_to_another, add_team],
]


def test_changes_arrive_and_can_be_taken_back_sync_by_sync(world: SyncWorld) -> None:
    world.simulator.changes.set_number(world.roster(0)[1][6], 901)
    world.simulator.changes.set_number(world.roster(0)[1][7], 902)
    credential_id = world.add_credential()
    world.sync(credential_id)
    states = [world.dump((*SHOTSPOT, *MAPPINGS))]
    journals = [world.rows(tables.sync_changes)]
    for changes in CHANGES:
        for change in changes:
            change(world)
        synced = world.sync(credential_id)

        world.assert_truth(credential_id)
        states.append(world.dump((*SHOTSPOT, *MAPPINGS)))
        journals.append(world.rows(tables.sync_changes)[sum(map(len, journals)) :])
        recorded = {(entry["table_name"], entry["row_id"]) for entry in journals[-1]}
        assert recorded, changes
        assert touched(*states[-2:]) == recorded, changes
        assert {entry["history_id"] for entry in journals[-1]} <= {row.id for row in synced.history.values()}
        assert {entry["credential_id"] for entry in journals[-1]} == {credential_id}

    for before, journal in zip(states[-2::-1], journals[:0:-1], strict=True):
        take_back(world, journal)
        assert timeless(world.dump((*SHOTSPOT, *MAPPINGS))) == timeless(before)
    take_back(world, journals[0])
    assert not any(world.rows(table) for table in JOURNALLED.values())


def test_all_changes_at_once_arrive_and_can_be_taken_back(world: SyncWorld, club: int) -> None:
    before = world.dump((*SHOTSPOT, *MAPPINGS))
    journalled = len(world.rows(tables.sync_changes))
    for change in itertools.chain(*CHANGES):
        change(world)
    world.sync(club)
    world.assert_truth(club)
    take_back(world, world.rows(tables.sync_changes)[journalled:])
    assert timeless(world.dump((*SHOTSPOT, *MAPPINGS))) == timeless(before)


def test_a_new_team_gets_the_name_that_another_gives_up(world: SyncWorld, club: int) -> None:
    group_id = world.roster(2)[0]
    name, row_id = world.club().groups[group_id].name, world.local_id(group_id, "team")
    assert name is not None
    world.simulator.changes.rename_team(group_id, "U21 7")
    added = world.simulator.changes.add_team(world.club(), name)

    world.sync(club)

    world.assert_truth(club)
    assert (world.team(group_id)["id"], world.team(group_id)["name"]) == (row_id, "U21 7")
    assert world.team(added)["name"] == name


def test_who_has_an_unclear_row_in_one_team_moves_between_two_others(world: SyncWorld, club: int) -> None:
    mover, (there, _), (elsewhere, _) = world.roster(0)[1][5], world.roster(1), world.roster(2)
    world.simulator.changes.transfer(mover, there)
    world.club().own_functions += (ODD,)
    world.simulator.changes.add_to_team(mover, elsewhere, ODD)

    synced = world.sync(club)

    assert synced.history["players"].details["rejected"]["function_known"]["twizzit_ids"] == [str(mover)]
    assert world.player(mover)["team_id"] == world.local_id(there, "team")


def test_numbers_are_swapped_and_one_that_is_taken_leaves_its_wearer_in_peace(world: SyncWorld) -> None:
    changes = world.simulator.changes
    first, second, third, wears, wants = world.roster()[1][4:9]
    for number, one in enumerate((first, second, third, wears, wants), start=901):
        changes.set_number(one, number)
    credential_id = world.add_credential()
    world.sync(credential_id)

    for one, number in ((first, 902), (second, 903), (third, 901), (wants, 904)):
        changes.set_number(one, number)
    synced = world.sync(credential_id)

    assert [world.player(one)["jersey_number"] for one in (first, second, third)] == [902, 903, 901]
    assert [world.player(one)["jersey_number"] for one in (wears, wants)] == [904, None]
    assert str(wants) in synced.players.warnings["number_taken"]
    assert str(wants) in synced.history["players"].details["warnings"]["number_taken"]["twizzit_ids"]

    changes.set_number(wears, 905)
    world.sync(credential_id)
    assert [world.player(one)["jersey_number"] for one in (wears, wants)] == [905, 904]
    world.assert_truth(credential_id)


def test_a_local_edit_survives_until_twizzit_changes_the_same_field(world: SyncWorld) -> None:
    """A name, a number, a state, and a move to another team."""
    group_id, (*_, remote_id) = world.roster()
    moved, elsewhere, wanted = world.roster(1)[1][5], world.roster(3)[0], world.roster(5)[0]
    world.simulator.changes.set_number(remote_id, 901)  # which no other player wants
    credential_id = world.add_credential()
    world.sync(credential_id)
    first_name = world.player(remote_id)["first_name"]
    edited = {"first_name": "Roepnaam", "jersey_number": 999, "is_active": False, "gender": None}
    world.change(tables.players, world.local_id(remote_id), **edited)
    world.change(tables.teams, world.local_id(group_id, "team"), name="Eerste ploeg", age_group="oud")
    world.change(tables.players, world.local_id(moved), team_id=world.local_id(elsewhere, "team"))
    rows = world.dump()

    world.sync(credential_id)
    assert world.dump() == rows

    world.simulator.changes.rename_person(remote_id, first_name, "Anders")
    world.simulator.changes.transfer(moved, wanted)
    world.sync(credential_id)
    assert world.player(moved)["team_id"] == world.local_id(wanted, "team")
    player = world.player(remote_id)
    assert {name: player[name] for name in edited} == edited
    assert player["last_name"] == "Anders"
    assert world.team(group_id)["name"] == "Eerste ploeg"

    world.simulator.changes.rename_person(remote_id, "Nieuwe", "Anders")
    world.simulator.changes.rename_team(group_id, "Seizoensploeg")
    world.sync(credential_id)
    player = world.player(remote_id)
    assert (player["first_name"], player["jersey_number"]) == ("Nieuwe", 999)
    team = world.team(group_id)
    assert (team["name"], team["age_group"]) == ("Seizoensploeg", "oud")


def test_who_was_deleted_by_hand_comes_again(world: SyncWorld, club: int) -> None:
    remote_id, group_id = world.roster()[1][4], world.roster(2)[0]
    with world.database.engine.begin() as connection:
        connection.execute(delete(tables.players).where(tables.players.c.id == world.local_id(remote_id)))
        connection.execute(delete(tables.teams).where(tables.teams.c.id == world.local_id(group_id, "team")))
    world.sync(club)
    world.assert_truth(club)


def test_what_is_there_is_linked_and_filled_not_made_again(world: SyncWorld) -> None:
    group_id, (first, second, *_) = world.roster(0)[0], world.roster(0)[1][4:]
    club = world.club()
    person, other = club.contacts[first], club.contacts[second]
    group_name = str(club.groups[group_id].name)
    with world.connected() as connection:
        connection.execute("INSERT INTO clubs (name) VALUES (%s)", [club.name.upper()])
        connection.execute("INSERT INTO teams (club_id, name) VALUES (1, %s)", [group_name])
        insert = "INSERT INTO players (club_id, first_name, last_name, jersey_number) VALUES (1, %s, %s, %s)"
        connection.execute(insert, [person.first_name, str(person.last_name).upper(), 988])
        for number in (990, 991):
            connection.execute(insert, [other.first_name, other.last_name, number])
    before = world.dump((*SHOTSPOT, *MAPPINGS))
    credential_id = world.add_credential()

    synced = world.sync(credential_id)

    assert len(world.rows(tables.clubs)) == 1
    assert world.local_id(group_id, "team") == 1
    assert world.local_id(first) == 1
    assert (synced.teams.linked, synced.players.linked) == (1, 1)
    linked = world.player(first)
    assert (linked["jersey_number"], linked["last_name"]) == (988, str(person.last_name).upper())
    assert (linked["team_id"], linked["is_twizzit_registered"]) == (1, True)
    # two fit: none is linked and none is made
    assert synced.players.failed["doubtful_link"] == (str(second),)
    history = synced.history["players"]
    assert history.details["fitting_local_ids"] == {str(second): [2, 3]}
    assert history.status == "partial_success"
    assert history.items_succeeded == synced.players.mappings
    take_back(world, world.rows(tables.sync_changes))
    assert timeless(world.dump((*SHOTSPOT, *MAPPINGS))) == timeless(before)


def touched(before: dict[str, Rows], after: dict[str, Rows]) -> set[tuple[str, int]]:
    """The rows that are not as they were, by table and id."""
    found = set()
    for name, rows in after.items():
        known = {row["id"]: row for row in before[name]}
        found |= {(name, row["id"]) for row in rows if known.get(row["id"]) != row}
        assert set(known) <= {row["id"] for row in rows}, "a sync deletes nothing"
    return found


def take_back(world: SyncWorld, journal: Rows) -> None:
    """Undoes what these journal rows record, by them alone: the newest first."""
    with world.database.engine.begin() as connection:
        # names and numbers that changed hands are free for a moment
        for table, column, nothing in (
            (tables.players, "jersey_number", None),
            (tables.teams, "name", cast(tables.teams.c.id, String)),
        ):
            changed = [e["row_id"] for e in journal if e["table_name"] == table.name and column in (e["before"] or {})]
            connection.execute(update(table).where(table.c.id.in_(changed)).values({column: nothing}))
        for entry in reversed(journal):
            _take_back(connection, JOURNALLED[entry["table_name"]], entry)


def _take_back(connection: Connection, table: Table, entry: dict[str, Any]) -> None:
    row = table.c.id == entry["row_id"]
    if entry["action"] == "create":
        assert entry["before"] is None
        assert connection.execute(delete(table).where(row)).rowcount == 1
        return
    values = {name: _value(table, name, value) for name, value in entry["before"].items()}
    assert connection.execute(update(table).where(row).values(values)).rowcount == 1


def _value(table: Table, name: str, value: object) -> object:
    return date.fromisoformat(str(value)) if isinstance(table.c[name].type, Date) and value else value


def timeless(dump: dict[str, Rows]) -> dict[str, Rows]:
    """The same rows without the times at which they were written."""
    return {
        name: [{column: value for column, value in row.items() if column not in TIMES} for row in rows]
        for name, rows in dump.items()
    }

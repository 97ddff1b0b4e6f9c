"""Conflicts and doubtful links on the pages: both sides are shown, and the button that is pressed decides."""

import html
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import delete, insert

from tests.integration.http_api.pages.conftest import House
from tests.support.decided_world import DecidedWorld
from tests.support.page_visitor import PageVisitor, link_to, sign_in, visitor
from tests.support.twin_teams import TwinTeams, odd
from twizzit_pipeline.decisions.listing import Waiting
from twizzit_pipeline.storage import tables

# What is answered, and the place of the one about whom: both are asked about by one sync.
PLACES = (("link", 0), ("create", 1))


@pytest.fixture
def coach(house: House) -> Iterator[PageVisitor]:
    """A coach may decide, as over the API."""
    with visitor(house.api) as browser:
        sign_in(browser, link_to(house.world.database, house.club, role="coach"))
        yield browser


def conflict(house: House, place: int, local: str, remote: str) -> tuple[DecidedWorld, Waiting]:
    """A player of that place whose first name both sides changed."""
    decided = DecidedWorld(house.world, house.club, house.world.roster(1)[1][place])
    return decided, decided.conflict(local, remote)


def press(
    browser: PageVisitor,
    house: House,
    conflict_id: int,
    resolution: str,
    *,
    mark: str | None = None,
    value: str | None = None,
) -> None:
    place = f"/twizzit/clubs/{house.club}"
    browser.get(f"{place}/decide")
    found = re.search(rf'/conflicts/{conflict_id}".*?name="mark" value="(\w+)"', browser.page.text, flags=re.DOTALL)
    sent = mark if mark is not None else (found[1] if found else "")
    fields = {} if value is None else {"value": value}
    browser.post(f"{place}/conflicts/{conflict_id}", resolution=resolution, mark=sent, back=f"{place}/decide", **fields)


def test_a_field_shows_both_sides_and_either_is_taken(house: House, coach: PageVisitor) -> None:
    for resolution, kept in (("twizzit", "Remo"), ("shotspot", "<b>Lokaal")):
        decided, found = conflict(house, 0, "<b>Lokaal", "Remo")
        coach.get(f"/twizzit/clubs/{house.club}")
        assert "1 field that both sides changed waits for your decision" in coach.text
        coach.get(f"/twizzit/clubs/{house.club}/decide")
        assert "Twizzit Remo ShotSpot <b>Lokaal Before" in coach.text
        assert "<b>" not in coach.page.text
        press(coach, house, found.id, resolution)
        assert "It was decided, and done at once." in coach.text
        assert "No field waits for a decision." in coach.text
        assert decided.player["first_name"] == kept
        row = house.world.rows(tables.audit_log, action="resolve")[-1]
        assert (row["actor_id"][:5], row["actor_role"]) == ("link-", "coach")
        decided.edit(first_name="Remo")
        decided.rename(f"{kept}x".replace("<b>", ""))  # Twizzit changes it once more, so that the next one is new
        decided.ask("twizzit")
        decided.sync()


def test_what_was_not_shown_is_not_decided(house: House, coach: PageVisitor) -> None:
    decided, found = conflict(house, 1, "Lokaal", "Remo")
    for mark, resolution in (("", "twizzit"), ("x", "shotspot")):
        press(coach, house, found.id, resolution, mark=mark)
        assert "something else now" in coach.text
    press(coach, house, found.id, "neither")
    assert "Nothing was chosen." in coach.text
    press(coach, house, found.id, "value", mark="x")
    assert "something else now" in coach.text
    coach.get(f"/twizzit/clubs/{house.club}/decide")
    decided.edit(first_name="Intussen")
    press(coach, house, found.id, "twizzit")
    assert "could not be decided that way" in coach.text
    assert decided.player["first_name"] == "Intussen"
    with visitor(house.api) as other:
        sign_in(other, link_to(house.world.database, house.other))
        other.get(f"/twizzit/clubs/{house.other}/decide")
        other.post(f"/twizzit/clubs/{house.other}/conflicts/{found.id}", resolution="shotspot")
        assert other.page.status_code == 404
        other.get("/twizzit")
        assert other.post(f"/twizzit/clubs/{house.club}/conflicts/{found.id}").status_code == 403
    assert [one.id for one in decided.open()] == [found.id]
    press(coach, house, found.id, "shotspot")
    assert decided.open() == []
    for resolution in ("twizzit", "value"):  # another person, who looked at the page before
        press(coach, house, found.id, resolution, mark=found.mark, value="Later")
        said = "This was decided already, so your answer changed nothing. ShotSpot’s value was kept. ("
        assert said in coach.text
    coach.get(f"/twizzit/clubs/{house.club}/syncs")
    assert "Decided by a person: Players · " in coach.text
    place = re.findall(r'href="(/twizzit/clubs/\d+/syncs/\d+)"', coach.page.text)
    coach.get(place[0])
    assert "Decision of " in coach.text
    coach.get(f"/twizzit/clubs/{house.club}")
    assert place[0] not in coach.page.text  # the last sync is another row
    assert place[1] in coach.page.text


def test_a_value_of_ones_own_is_judged_beside_its_field(house: House) -> None:
    decided, found = conflict(house, 2, "Lokaal", "Remo")
    with visitor(house.api, language="nl") as browser:
        sign_in(browser, link_to(house.world.database, house.club, role="coach"))
        for typed in ("", "<i>" + "x" * 50, "a\x01b"):
            press(browser, house, found.id, "value", value=typed)
            assert browser.page.status_code == 400
            assert "Het veld aanvaardt dit niet" in browser.text
            (field,) = re.findall(r"<input[^>]*aria-invalid[^>]*>", browser.page.text)
            assert f'id="value-{found.id}"' in field and f'value="{html.escape(typed)}"' in field
            assert f'aria-describedby="value-{found.id}-hint value-{found.id}-wrong"' in field
        assert decided.player["first_name"] == "Lokaal"
        press(browser, house, found.id, "value", value="  Anne  Marie ")
        assert browser.page.status_code == 200
    assert (decided.player["first_name"], decided.open()) == ("Anne Marie", [])
    decided.sync()
    assert (decided.player["first_name"], decided.open()) == ("Anne Marie", [])


def test_a_number_that_another_player_has_is_said_beside_the_field(house: House, coach: PageVisitor) -> None:
    _, members = house.world.roster(0)
    decided = DecidedWorld(house.world, house.club, members[-1])
    taken = 903
    house.world.change(tables.players, house.world.local_id(members[-2]), jersey_number=taken)
    decided.ask()
    decided.edit(jersey_number=901)
    house.world.simulator.changes.set_number(members[-1], 902)
    decided.sync()
    (found,) = [one for one in decided.open() if one.column == "jersey_number"]
    press(coach, house, found.id, "value", value=str(taken))
    assert (coach.page.status_code, "another row has that value" in coach.text) == (400, True)
    press(coach, house, found.id, "value", value="1000")
    assert (coach.page.status_code, "A whole number from 0 to 999." in coach.text) == (400, True)
    press(coach, house, found.id, "value", value="")
    assert decided.player["jersey_number"] is None


def test_a_doubtful_link_is_one_of_them_or_none(house: House, coach: PageVisitor) -> None:
    chosen = {
        choice: DecidedWorld(house.world, house.club, house.world.roster(2)[1][place]) for choice, place in PLACES
    }
    shirts, mappings = {choice: one.player["jersey_number"] for choice, one in chosen.items()}, tables.player_mappings
    for one in chosen.values():
        local_id = one.local_id
        another_of_the_name(one, "team_id")
        with house.world.database.engine.begin() as connection:
            connection.execute(delete(mappings).where(mappings.c.local_player_id == local_id))
    chosen["link"].sync()
    for choice, decided in chosen.items():
        (found,) = [one for one in decided.open() if one.twizzit_id == str(decided.remote_id)]
        fitting = {row.local_id: row for row in found.candidates}
        coach.get(f"/twizzit/clubs/{house.club}/decide")
        assert [row.jersey_number for row in fitting.values()] == [shirts[choice], None]
        for row in fitting.values():
            number = "" if row.jersey_number is None else f" · shirt number {row.jersey_number}"
            assert f"ShotSpot {row.local_id}{number} · {row.team_name}" in coach.text
        assert "may be one person twice" in coach.text
        press(coach, house, found.id, "link:x")
        assert "Nothing was chosen." in coach.text
        last = list(fitting)[1]
        press(coach, house, found.id, f"link:{last}" if choice == "link" else "create")
        assert ("No link is doubtful." in coach.text) is (choice == "create")
        assert (decided.local_id == last) is (choice == "link")
        assert (decided.local_id in fitting) is (choice == "link")


def another_of_the_name(one: DecidedWorld, *also: str) -> None:
    """ShotSpot has another player who is called as this one."""
    row = one.player
    alike = {name: row[name] for name in ("club_id", "first_name", "last_name", "gender", *also)}
    with one.world.database.engine.begin() as connection:
        connection.execute(insert(tables.players).values(**alike))


def test_one_who_is_mapped_is_shown_with_the_other_row(house: House, coach: PageVisitor) -> None:
    members = house.world.roster(2)[1][2:]
    chosen = {choice: DecidedWorld(house.world, house.club, members[place]) for choice, place in PLACES}
    rows = {choice: one.player for choice, one in chosen.items()}
    for one in chosen.values():
        another_of_the_name(one)
    chosen["link"].sync()
    for choice, decided in chosen.items():
        row = rows[choice]
        (found,) = [one for one in decided.open() if one.twizzit_id == str(decided.remote_id)]
        (other,) = [one.local_id for one in found.candidates]

        coach.get(f"/twizzit/clubs/{house.club}/decide")
        assert f"(ShotSpot {row['id']}) and plays as that one. Or is it one of these?" in coach.text
        assert found.local_jersey_number == row["jersey_number"]
        number = "" if row["jersey_number"] is None else f" · shirt number {row['jersey_number']}"
        assert f"ShotSpot {row['id']}{number} · {found.local_team_name}" in coach.text
        assert f"ShotSpot {other}" in coach.text
        assert "No, they are different ones" in coach.text
        press(coach, house, found.id, f"link:{other}" if choice == "link" else "create")

        assert ("No link is doubtful." in coach.text) is (choice == "create")
        assert decided.local_id == (other if choice == "link" else row["id"])


def test_another_row_that_fits_since_the_page_was_read_is_shown_first(house: House, coach: PageVisitor) -> None:
    """Two are different ones where a person has seen both, and no one answers about a third."""
    decided = DecidedWorld(house.world, house.club, house.world.roster(2)[1][4])
    row, place = decided.player, f"/twizzit/clubs/{house.club}"
    alike = {name: row[name] for name in ("club_id", "first_name", "last_name", "gender")}
    with house.world.database.engine.begin() as connection:
        connection.execute(insert(tables.players).values(**alike))
    decided.sync()
    (found,) = decided.open()
    coach.get(f"{place}/decide")
    (mark,) = set(re.findall(rf'/conflicts/{found.id}".*?name="mark" value="(\w+)"', coach.page.text, re.DOTALL))
    with house.world.database.engine.begin() as connection:
        connection.execute(insert(tables.players).values(**alike))
    decided.sync()

    for choice in ("create", f"link:{found.candidates[0].local_id}"):
        press(coach, house, found.id, choice, mark=mark)
        assert "something else now" in coach.text

    (now,) = decided.open()
    assert len(now.candidates) == 2
    assert decided.player == row
    press(coach, house, found.id, "create")
    assert "No link is doubtful." in coach.text


def test_a_team_of_two_spellings_is_shown_with_the_other_row(house: House, coach: PageVisitor) -> None:
    remote_ids = {choice: house.world.roster(place)[0] for choice, place in PLACES}
    chosen = {
        choice: TwinTeams(house.world, house.club, remote_id, house.world.team(remote_id))
        for choice, remote_id in remote_ids.items()
    }
    others = {choice: one.alike() for choice, one in chosen.items()}
    chosen["link"].sync()
    for choice, twins in chosen.items():
        (found,) = [one for one in twins.open() if one.twizzit_id == str(twins.remote_id)]
        coach.get(f"/twizzit/clubs/{house.club}/decide")
        assert f"(ShotSpot {twins.was['id']}) and plays as that one. Or is it one of these?" in coach.text
        assert f"{odd(twins.was['name'])} ShotSpot {others[choice]}" in coach.text
        press(coach, house, found.id, f"link:{others[choice]}" if choice == "link" else "create")

        assert ("No link is doubtful." in coach.text) is (choice == "create")
        assert twins.local_id == (others[choice] if choice == "link" else twins.was["id"])
    chosen["link"].sync()
    assert chosen["link"].open() == []


def test_a_team_whose_name_is_taken_is_made_with_a_number(house: House, coach: PageVisitor) -> None:
    remote_id = house.world.roster(2)[0]
    twins = TwinTeams(house.world, house.club, remote_id, house.world.team(remote_id))
    new = house.world.simulator.changes.add_team(house.world.club(), twins.was["name"])
    found = twins.asked()

    coach.get(f"/twizzit/clubs/{house.club}/decide")
    assert "accepts a name only once. Is it that team?" in coach.text
    assert f"linked with Twizzit {remote_id}" in coach.text
    assert f'value="link:{twins.was["id"]}"' not in coach.page.text
    press(coach, house, found.id, "create")

    assert "No link is doubtful." in coach.text
    assert house.world.team(new)["name"] == f"{twins.was['name']} (2)"

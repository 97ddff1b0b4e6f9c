"""Departures on the pages: who waits, and what the two buttons do."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import settings_with
from tests.support.api_server import ApiServer, NewDatabase
from tests.support.page_visitor import PageVisitor, link_to, sign_in, visitor
from tests.support.registered_world import SMALL
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.decisions.departures import listing
from twizzit_pipeline.http_api.pages import departures
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import open_database


@dataclass(frozen=True)
class Deserted:
    """A club of which a whole team is gone from Twizzit at once, so that nothing of it is believed."""

    api: ApiServer
    world: SyncWorld
    club: int
    gone: tuple[str, ...]


@pytest.fixture(scope="module")
def deserted(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deserted]:
    options = SimulatorOptions(**{**SMALL, "teams": 3, "players_per_team": 8, "tidy": frozenset({1})})
    with new_database() as url, SimulatorServer(options) as simulator:
        settings = quick(settings_with(url, tmp_path_factory.mktemp("pages")))
        with open_database(settings) as database:
            world = SyncWorld(settings, database, simulator)
            club = world.add_credential()
            world.sync(club)
            gone = world.roster()[1]
            for person in gone:
                simulator.changes.remove_person(person)
            world.sync(club)
            with ApiServer(settings, database) as api:
                yield Deserted(api, world, club, tuple(map(str, gone)))


@pytest.fixture
def admin(deserted: Deserted) -> Iterator[PageVisitor]:
    with visitor(deserted.api) as browser:
        sign_in(browser, link_to(deserted.world.database, deserted.club))
        yield browser


def statuses(deserted: Deserted) -> dict[str, str]:
    return {row["twizzit_id"]: row["status"] for row in deserted.world.rows(tables.departures)}


def test_who_is_held_back_waits_on_both_pages(deserted: Deserted, admin: PageVisitor) -> None:
    assert statuses(deserted) == dict.fromkeys(deserted.gone, "held")
    admin.get(f"/twizzit/clubs/{deserted.club}")
    assert f"{len(deserted.gone)} departures wait for your decision" in admin.text
    admin.get(f"/twizzit/clubs/{deserted.club}/decide")
    for person in deserted.gone:
        player = deserted.world.player(person)
        assert f"{player['first_name']} {player['last_name']} player" in admin.text
    assert admin.page.text.count('formaction="') == len(deserted.gone) + 1


def test_all_at_once_are_not_decided_where_another_person_decides_in_the_same_moment(
    deserted: Deserted, admin: PageVisitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, before = f"/twizzit/clubs/{deserted.club}", statuses(deserted)
    held = [name for name, status in before.items() if status == "held"]
    admin.get(f"{place}/decide")
    mark = re.findall(r'name="held_mark" value="([^"]+)"', admin.page.text)[0]

    def just_before_the_other(*which: Any) -> Any:
        found = listing(*which)
        with deserted.world.connected() as connection:
            connection.execute("UPDATE twizzit_departures SET status = 'approved' WHERE twizzit_id = %s", [held[0]])
        monkeypatch.undo()
        return found

    monkeypatch.setattr(departures, "listing", just_before_the_other)
    admin.post(f"{place}/departures/refuse", held_mark=mark, back=f"{place}/decide")
    assert "It would do something else now" in admin.text
    assert statuses(deserted) == {**before, held[0]: "approved"}
    with deserted.world.connected() as connection:
        connection.execute("UPDATE twizzit_departures SET status = 'held' WHERE twizzit_id = %s", [held[0]])


def test_each_is_kept_or_let_go_and_the_rest_all_at_once(deserted: Deserted, admin: PageVisitor) -> None:
    place, (one, other, *rest) = f"/twizzit/clubs/{deserted.club}", deserted.gone
    admin.get(f"{place}/decide")
    admin.post(f"{place}/departures/refuse", chosen=f"players:{one}", back=f"{place}/decide")
    assert "1 stays as it is." in admin.text
    admin.post(f"{place}/departures/approve", chosen=f"players:{other}", back=f"{place}/decide")
    assert "1 leaves with the next sync" in admin.text
    assert statuses(deserted) == {one: "refused", other: "approved"} | dict.fromkeys(rest, "held")
    assert "2 are decided" in admin.text
    admin.post(f"{place}/departures/approve", back=f"{place}/decide")
    assert "Nothing was chosen." in admin.text
    admin.get(f"{place}/decide")
    admin.post(f"{place}/departures/approve", chosen="players:12345", back=f"{place}/decide")
    assert "does not wait for a decision any more" in admin.text
    shown = re.findall(r'name="chosen" value="([^"]+)"', admin.page.text)[: len(rest)]
    assert shown == [f"players:{person}" for person in rest]
    admin.post(f"{place}/departures/approve", chosen=shown, back=f"{place}/decide")
    assert statuses(deserted) == {one: "refused", other: "approved"} | dict.fromkeys(rest, "approved")
    assert "No departure waits for a decision." in admin.text
    actions = [row["action"] for row in deserted.world.rows(tables.audit_log, target="departures")]
    assert actions == ["refuse", "approve", "approve"]
    deserted.world.sync(deserted.club)
    assert deserted.world.player(one)["is_active"] is True
    assert deserted.world.player(other)["is_active"] is False
    admin.get(f"{place}/decide")
    assert f"{len(rest) + 1} have left" in admin.text


def test_a_coach_sees_who_waits_and_decides_nothing(deserted: Deserted) -> None:
    with visitor(deserted.api) as coach:
        sign_in(coach, link_to(deserted.world.database, deserted.club, role="coach"))
        coach.get(f"/twizzit/clubs/{deserted.club}/decide")
        assert coach.page.status_code == 200
        assert "formaction" not in coach.page.text
        before = statuses(deserted)
        for decision in ("approve", "refuse"):
            place = f"/twizzit/clubs/{deserted.club}/departures/{decision}"
            coach.get(f"/twizzit/clubs/{deserted.club}")
            assert coach.post(place, chosen=f"players:{deserted.gone[0]}").status_code == 403
        assert statuses(deserted) == before


def test_an_answer_to_what_another_administrator_has_decided_meanwhile_is_asked_again(
    deserted: Deserted, admin: PageVisitor
) -> None:
    """Two have the page open; the second one to press a button is shown what the first one said."""
    place = f"/twizzit/clubs/{deserted.club}"
    person = "at-once"
    with deserted.world.connected() as connection:
        columns = "credential_id, entity, local_id, season, kind, missed_at"
        connection.execute(
            f"INSERT INTO twizzit_departures ({columns}, twizzit_id, status) SELECT {columns}, %s, 'held'"
            " FROM twizzit_departures ORDER BY id LIMIT 1".encode(),
            [person],
        )
    admin.get(f"{place}/decide")
    assert f'name="chosen" value="players:{person}"><input type="hidden" name="shown" value="held">' in admin.page.text
    answer = {"chosen": f"players:{person}", "shown": "held", "back": f"{place}/decide"}
    for _ in range(2):  # the second is a double click
        admin.post(f"{place}/departures/refuse", **answer)
        assert "1 stays as it is." in admin.text
    admin.post(f"{place}/departures/approve", **answer)
    assert "It would do something else now" in admin.text
    assert statuses(deserted)[person] == "refused"
    admin.post(f"{place}/departures/approve", **{**answer, "shown": "refused"})
    assert statuses(deserted)[person] == "approved"
    with deserted.world.connected() as connection:
        connection.execute(b"DELETE FROM twizzit_departures WHERE twizzit_id = %s", [person])


def test_thousands_at_once_are_shown_in_part_and_decided_together(deserted: Deserted, admin: PageVisitor) -> None:
    more, place = 3000, f"/twizzit/clubs/{deserted.club}"
    columns = "credential_id, entity, local_id, season, kind, missed_at"
    hold = (
        f"INSERT INTO twizzit_departures ({columns}, twizzit_id, status) SELECT {columns}, 'many-' || n, 'held'"
        " FROM (SELECT * FROM twizzit_departures ORDER BY id LIMIT 1) AS one, generate_series(1, %s) AS n"
    )
    before = statuses(deserted)
    with deserted.world.connected() as connection:
        connection.execute(hold.encode(), [more])
    waiting = more + list(before.values()).count("held")
    admin.get(f"{place}/decide")
    assert f"All {waiting:,} at once" in admin.text
    assert f"{waiting - 200:,} more wait" in admin.text
    assert len(admin.page.content) < 500_000
    mark = re.findall(r'name="held_mark" value="([^"]+)"', admin.page.text)[0]

    with deserted.world.connected() as connection:
        connection.execute(b"UPDATE twizzit_departures SET status = 'waiting' WHERE twizzit_id = 'many-1'")
    admin.post(f"{place}/departures/refuse", held_mark=mark, back=f"{place}/decide")
    assert "It would do something else now" in admin.text
    assert set(statuses(deserted).values()) <= {*before.values(), "held", "waiting"}

    mark = re.findall(r'name="held_mark" value="([^"]+)"', admin.page.text)[0]
    admin.post(f"{place}/departures/refuse", held_mark=mark, back=f"{place}/decide")
    assert f"{waiting - 1:,} stay as they are." in admin.text
    many = {name: status for name, status in statuses(deserted).items() if name.startswith("many-")}
    assert many == {f"many-{n}": "waiting" if n == 1 else "refused" for n in range(1, more + 1)}

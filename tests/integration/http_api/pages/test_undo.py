"""Undo on the pages: shown before, done as shown, by administrators alone."""

import re
from collections.abc import Iterator

import pytest

from tests.integration.http_api.pages.conftest import House
from tests.support.api_server import token
from tests.support.page_visitor import PageVisitor, link_to, sign_in, visitor
from twizzit_pipeline.http_api.pages import undos
from twizzit_pipeline.storage import tables


@pytest.fixture
def admin(house: House) -> Iterator[PageVisitor]:
    with visitor(house.api) as browser:
        sign_in(browser, link_to(house.world.database, house.club))
        yield browser


def renamed(house: House, place: int, last_name: str) -> tuple[str, str, str]:
    """A player whom Twizzit renamed and a sync brought: where that sync's page is, the name before, and after."""
    player = house.world.roster()[1][place]
    before = house.world.player(player)
    house.world.simulator.changes.rename_person(player, before["first_name"], last_name)
    synced = house.world.sync(house.club)
    sync_id = min(row.id for row in synced.history.values())
    return f"/twizzit/clubs/{house.club}/syncs/{sync_id}", before["last_name"], str(player)


def test_an_undo_is_shown_and_then_done(house: House, admin: PageVisitor) -> None:
    place, before, player = renamed(house, 1, "Verkeerdelaer")
    admin.get(place)
    assert f"{place}/undo" in admin.page.text
    admin.get(f"{place}/undo")
    assert f"Last name was Verkeerdelaer → is now {before}" in admin.text
    assert "1 row changes" in admin.text
    assert house.world.player(player)["last_name"] == "Verkeerdelaer"  # looking changes nothing
    admin.post(f"{place}/undo", mark=mark(admin))
    assert "It was undone." in admin.text
    undo = admin.page.url.path  # the undo's own page, which can be undone as well
    assert "An undo gave it back what it held before." in admin.text
    assert f'What it undid: <a href="{place}">Sync of ' in admin.page.text
    admin.get(place)
    assert f'<a href="{undo}">This is undone: see the undo</a>' in admin.page.text
    assert f"{place}/undo" not in admin.page.text
    listed = admin.get(place.rpartition("/")[0]).text
    of_undo, of_sync = re.findall(r'<li class="card">.*?</li>', listed, re.S)[:2]
    assert "Undone by a person · 1 change in ShotSpot" in of_undo
    assert "undone afterwards" not in of_undo
    assert "undone afterwards" in of_sync
    with house.api.client(token("admin")) as api:
        of_sync, of_undo = (
            api.get(f"/sync/history/{house.club}/{path.rpartition('/')[2]}").json()["history"] for path in (place, undo)
        )
    assert (of_sync["undoneBy"], of_sync["undid"], of_undo["undoneBy"]) == (of_undo["id"], [], None)
    assert of_sync["id"] in of_undo["undid"]
    admin.get(undo)
    assert house.world.player(player)["last_name"] == before
    row = house.world.rows(tables.audit_log, action="undo")[-1]
    assert (row["actor_kind"], row["actor_id"][:5], row["actor_role"]) == ("token", "link-", "admin")
    admin.get(f"{place}/undo")
    assert admin.page.status_code == 409
    assert "cannot be undone: it is undone already" in admin.text


def test_a_row_that_goes_leads_to_nothing(house: House, admin: PageVisitor) -> None:
    """Its values are struck through, with no arrow after them."""
    first = min(row["id"] for row in house.world.rows(tables.sync_history, credential_id=house.club))
    admin.get(f"/twizzit/clubs/{house.club}/syncs/{first}/undo")
    assert "Is removed: the sync made it" in admin.text
    assert re.search(r"</del>\s*</dd>", admin.page.text)
    assert not re.search(r"→</span>\s*</dd>", admin.page.text)


def test_an_undo_that_would_do_something_else_by_now_is_not_done(house: House, admin: PageVisitor) -> None:
    place, _, player = renamed(house, 2, "Anderslaer")
    admin.get(f"{place}/undo")
    seen = mark(admin)
    house.world.change(tables.players, house.world.local_id(player), last_name="Vanhand")
    admin.post(f"{place}/undo", mark=seen, back=f"{place}/undo")
    assert "something else now" in admin.text
    assert "changed since, by a person or a later sync" in admin.text
    assert "There is nothing to undo." in admin.text or "links" in admin.text or "link between" in admin.text
    assert house.world.player(player)["last_name"] == "Vanhand"
    admin.post(f"{place}/undo", mark="", back=f"{place}/undo")
    assert house.world.player(player)["last_name"] == "Vanhand"


def test_a_coach_and_another_club_undo_nothing(house: House, admin: PageVisitor) -> None:
    place, _, player = renamed(house, 3, "Blijftstaan")
    with visitor(house.api) as coach:
        sign_in(coach, link_to(house.world.database, house.club, role="coach"))
        coach.get(place)
        assert "/undo" not in coach.page.text
        coach.post(f"{place}/undo", mark="x")
        assert coach.page.status_code == 403
        assert coach.get(f"{place}/undo").status_code == 403
    with visitor(house.api) as other:
        sign_in(other, link_to(house.world.database, house.other))
        elsewhere = place.replace(f"/clubs/{house.club}/", f"/clubs/{house.other}/")
        assert other.get(f"{elsewhere}/undo").status_code == 404
        other.get(f"/twizzit/clubs/{house.other}")
        assert other.post(f"{elsewhere}/undo", mark="x").status_code == 404
    assert house.world.player(player)["last_name"] == "Blijftstaan"


def mark(browser: PageVisitor) -> str:
    found = re.search(r'name="mark" value="(\w+)"', browser.page.text)
    assert found is not None
    return found[1]


def test_of_very_many_rows_that_stay_some_are_shown_and_the_others_counted(
    house: House, admin: PageVisitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    players = house.world.roster()[1][3:6]
    for number, player in enumerate(players):
        house.world.simulator.changes.rename_person(player, "Anna", f"Velen {number}")
    synced = house.world.sync(house.club)
    for player in players:
        house.world.change(tables.players, house.world.local_id(player), first_name="Vanhand", last_name="Vanhand")
    monkeypatch.setattr(undos, "_MOST_SHOWN", 1)
    admin.get(f"/twizzit/clubs/{house.club}/syncs/{min(row.id for row in synced.history.values())}/undo")
    stays = admin.text.partition("What stays as it is")[2]
    assert stays.count("changed since, by a person or a later sync") == 1
    assert "And 2 more." in stays

"""A match whose opponent fits two clubs of ShotSpot is on the pages, with what to do."""

from sqlalchemy import delete, insert, select

from tests.integration.http_api.pages.conftest import House
from tests.support.calendar_world import CALENDAR
from tests.support.page_visitor import link_to, sign_in, visitor
from tests.support.sync_world import STEPS
from twizzit_pipeline.storage.tables import clubs, match_mappings, opponents


def test_it_stands_on_my_club_and_among_what_is_to_be_decided(house: House) -> None:
    place = f"/twizzit/clubs/{house.club}"
    with visitor(house.api) as browser:
        sign_in(browser, link_to(house.world.database, house.club, role="coach"))
        assert "Who is the opponent" not in browser.get(f"{place}/decide").text
        with house.world.database.engine.begin() as connection:
            club_id, name = connection.execute(
                select(clubs.c.id, clubs.c.name).join_from(opponents, clubs, clubs.c.id == opponents.c.club_id).limit(1)
            ).one()
            connection.execute(delete(opponents).where(opponents.c.club_id == club_id))
            connection.execute(delete(match_mappings).where(match_mappings.c.twizzit_match_name.contains(name)))
            connection.execute(insert(clubs).values(name=f"{name} vzw"))
            connection.execute(insert(clubs).values(name=f"vzw {name}"))
            connection.execute(clubs.update().where(clubs.c.id == club_id).values(name=f"{name}."))
        house.world.sync(house.club, steps=(*STEPS, *CALENDAR))
        browser.get(place)
        assert "it is not clear who the opponent is" in browser.text
        browser.get(f"{place}/decide")
        assert "Give those clubs or teams different names there" in browser.text
        assert name in browser.text.partition("Who is the opponent")[2]

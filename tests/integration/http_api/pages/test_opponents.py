"""A match whose opponent's name two clubs of ShotSpot have: it stands on the pages, and is decided there."""

from sqlalchemy import delete, insert, select

from tests.integration.http_api.pages.conftest import House
from tests.support.calendar_world import CALENDAR
from tests.support.page_visitor import link_to, sign_in, visitor
from tests.support.sync_world import STEPS
from twizzit_pipeline.decisions.listing import listing
from twizzit_pipeline.storage.tables import clubs, games, match_mappings, opponents


def test_it_stands_on_my_club_and_is_decided_for_every_match(house: House) -> None:
    place, engine = f"/twizzit/clubs/{house.club}", house.world.database.engine
    with visitor(house.api) as browser:
        sign_in(browser, link_to(house.world.database, house.club, role="coach"))
        with engine.begin() as connection:
            club_id, name = connection.execute(
                select(clubs.c.id, clubs.c.name).join_from(opponents, clubs, clubs.c.id == opponents.c.club_id).limit(1)
            ).one()
            connection.execute(delete(opponents).where(opponents.c.club_id == club_id))
            connection.execute(delete(match_mappings).where(match_mappings.c.twizzit_match_name.contains(name)))
            other = connection.scalars(insert(clubs).values(name=f"{name} vzw").returning(clubs.c.id)).one()
            connection.execute(clubs.update().where(clubs.c.id == club_id).values(name=f"vzw {name}"))
        house.world.sync(house.club, steps=(*STEPS, *CALENDAR))
        (found,) = [one for one in listing(engine, credential_ids=[house.club])[0] if one.kind == "opponent"]
        browser.get(place)
        assert "waits for your decision" in browser.text or "wait for your decision" in browser.text
        browser.get(f"{place}/decide")
        shown = browser.text.partition("Who is who")[2]
        assert "Several clubs of ShotSpot have that name. Which one is the opponent?" in shown
        assert all(said in shown for said in (f"vzw {name}", f"{name} vzw", str(found.match), "make one of that name"))

        browser.post(
            f"{place}/conflicts/{found.id}", resolution=f"link:{other}", mark=found.mark, back=f"{place}/decide"
        )

        browser.get(f"{place}/decide")
        assert "Several clubs of ShotSpot" not in browser.text
    with engine.connect() as connection:
        played = select(games.c.id).where((games.c.home_club_id == other) | (games.c.away_club_id == other))
        assert connection.scalars(played).all()

"""A match whose opponent's name two clubs of ShotSpot have: it stands on the pages, and is decided there."""

from sqlalchemy import select

from tests.integration.http_api.pages.conftest import House, two_clubs_of_one_name
from tests.support.page_visitor import link_to, sign_in, visitor
from twizzit_pipeline.decisions.listing import listing
from twizzit_pipeline.storage.tables import games


def test_it_stands_on_my_club_and_is_decided_for_every_match(house: House) -> None:
    place, engine = f"/twizzit/clubs/{house.club}", house.world.database.engine
    with visitor(house.api) as browser:
        sign_in(browser, link_to(house.world.database, house.club, role="coach"))
        name, other = two_clubs_of_one_name(house)
        (found,) = [one for one in listing(engine, credential_ids=[house.club])[0] if one.kind == "opponent"]
        browser.get(place)
        assert "1 opponent waits for your decision" in browser.text
        browser.get(f"{place}/decide")
        shown = browser.text.partition("Who is who")[2]
        assert "Several clubs of ShotSpot have that name. Which one is the opponent?" in shown
        assert all(
            said in shown for said in (f"vzw {name}", f"{name} vzw", str(found.match), "make one with that name")
        )

        browser.post(
            f"{place}/conflicts/{found.id}", resolution=f"link:{other}", mark=found.mark, back=f"{place}/decide"
        )

        browser.get(f"{place}/decide")
        assert "Several clubs of ShotSpot" not in browser.text
    with engine.connect() as connection:
        played = select(games.c.id).where((games.c.home_club_id == other) | (games.c.away_club_id == other))
        assert connection.scalars(played).all()

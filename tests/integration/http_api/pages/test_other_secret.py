"""JWT_SECRET is another one by now, while a page is open: the person reads so in one line, and signs in again."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from tests.integration.http_api.pages.conftest import House
from tests.support.page_visitor import PageVisitor, link_to, sign_in, visitor
from twizzit_pipeline.http_api.pages.signing import Signer
from twizzit_pipeline.http_api.pages.visits import Pages
from twizzit_pipeline.storage import tables

AGAIN = "You are signed out: sign in again."


@pytest.fixture
def browser(house: House) -> Iterator[PageVisitor]:
    """A browser that has signed in, with the settings of its club open, before the API began anew."""
    state = house.api.app.state
    before = state.pages
    with visitor(house.api) as one:
        sign_in(one, link_to(house.world.database, house.club))
        one.get(f"/twizzit/clubs/{house.club}/settings")
        assert one.page.status_code == 200
        state.pages = Pages(Signer(SecretStr("another secret of ShotSpot, which is long enough too")))
        try:
            yield one
        finally:
            state.pages = before


def test_a_page_asks_to_sign_in_again_and_says_so_once(house: House, browser: PageVisitor) -> None:
    assert browser.get(f"/twizzit/clubs/{house.club}").url.path == "/twizzit/sign-in"
    assert AGAIN in browser.text
    assert "twizzit_session" not in browser.client.cookies
    browser.get("/twizzit/sign-in")
    assert AGAIN not in browser.text


def test_a_form_changes_nothing_and_asks_the_same(house: House, browser: PageVisitor) -> None:
    before = house.world.rows(tables.sync_config, credential_id=house.club)
    browser.post(f"/twizzit/clubs/{house.club}/settings", monthly_call_limit="7")
    assert (browser.page.url.path, AGAIN in browser.text) == ("/twizzit/sign-in", True)
    assert house.world.rows(tables.sync_config, credential_id=house.club) == before


def test_a_form_from_another_site_is_refused_as_ever(house: House, browser: PageVisitor) -> None:
    answer = browser.post(f"/twizzit/clubs/{house.club}/settings", {"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, "too old" in browser.text) == (403, True)


def test_a_part_of_a_page_sends_the_browser_there(house: House, browser: PageVisitor) -> None:
    answer = browser.get(f"/twizzit/clubs/{house.club}", **{"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/twizzit/sign-in")
    assert AGAIN in browser.get("/twizzit/sign-in").text


def test_a_link_of_before_says_to_ask_for_a_new_one(house: House, browser: PageVisitor) -> None:
    path = link_to(house.world.database, house.club)
    assert browser.get(path).status_code == 403
    assert "ask for a new one" in browser.text

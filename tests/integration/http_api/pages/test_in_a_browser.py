"""The pages in headless Chromium, on a phone and a desk: readable, usable by keyboard alone, without findings of axe.

With ``--screenshots FOLDER`` they keep the pictures that the documentation shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from sqlalchemy import delete, insert

from tests.integration.http_api.pages.conftest import House, two_clubs_of_one_name
from tests.support.browser import CHROMIUM, chromium
from tests.support.decided_world import DecidedWorld
from tests.support.looked_at_page import AXE, found_in, press_to
from tests.support.page_visitor import OPERATOR, link_to
from tests.support.previewed import previewed
from tests.support.signs_of_life import beat
from tests.support.twin_teams import TwinTeams, odd
from twizzit_pipeline.scheduling import config, requested
from twizzit_pipeline.scheduling.cancelling import cancel
from twizzit_pipeline.storage import tables

if TYPE_CHECKING:  # see `tests.support.browser`
    from playwright.sync_api import Browser, Page, ViewportSize

pytestmark = [
    pytest.mark.skipif(find_spec("playwright") is None, reason="Playwright drives the browser, and is not installed"),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the path (Debian's package has that name)"),
    pytest.mark.timeout(600),
]

needs_axe = pytest.mark.skipif(not AXE.exists(), reason="no axe-core: npm ci --prefix tests/browser")

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}
LARGEST_PICTURE = 150_000

TWICE_AS_LARGE = """() => {
    document.documentElement.style.fontSize = "200%"
    return document.documentElement.scrollWidth - innerWidth
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def house(house: House) -> House:
    """With something to decide of each kind: a plan, a conflict and a doubtful link; at the other club, departures."""
    world = house.world
    beat(world.database.engine, "an orchestrator")
    DecidedWorld(world, house.club, world.roster(2)[1][1]).conflict("Lokaal", "Remo")
    doubtful(DecidedWorld(world, house.club, world.roster(2)[1][0]))
    world.sync(house.club)
    player = world.roster(2)[1][2]
    world.simulator.changes.rename_person(player, "Ann", "Planmaker")
    previewed(world, house.club)
    world.sync(house.other)
    for person in [person for place in range(2) for person in world.roster(place, 1)[1]][:8]:
        world.simulator.changes.remove_person(person)
    world.sync(house.other)
    return house


def doubtful(player: DecidedWorld) -> None:
    """A player whose mapping is lost, and of whom ShotSpot has two."""
    row, local_id, mappings = player.player, player.local_id, tables.player_mappings
    alike = {name: row[name] for name in ("club_id", "team_id", "first_name", "last_name", "gender")}
    with player.world.database.engine.begin() as connection:
        connection.execute(delete(mappings).where(mappings.c.local_player_id == local_id))
        connection.execute(insert(tables.players).values(**alike))


@contextmanager
def window(
    browser: Browser,
    house: House,
    size: ViewportSize,
    scheme: Literal["light", "dark"] = "light",
    *,
    club: int | None = None,
    **options: Any,
) -> Iterator[Page]:
    """A window whose pages may log no error. The first of a club and a screen is signed in by a link, by keyboard; the
    others have its cookies.
    """
    place, state = (club or house.club, size["width"], scheme), house.signed_in
    context = browser.new_context(
        viewport=size, color_scheme=scheme, base_url=house.api.root, storage_state=state.get(place), **options
    )
    page, logged = context.new_page(), list[str]()
    page.set_default_timeout(60_000)
    page.on("console", lambda message: logged.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: logged.append(str(error)))
    try:
        if place in state:
            page.goto(f"/twizzit/clubs/{club or house.club}")
        else:
            page.goto(link_to(house.world.database, club or house.club))
            press_to(page, "button", "Sign in")
            page.keyboard.press("Enter")
            page.wait_for_url(f"**/twizzit/clubs/{club or house.club}")
            state[place] = context.storage_state()
        yield page
        assert logged == []
    finally:
        context.close()


def places(house: House) -> dict[str, str]:
    team = house.world.local_id(house.world.roster(1)[0], "team")
    club = f"/twizzit/clubs/{house.club}"
    return {
        "sign-in": "/twizzit/sign-in",
        "club": club,
        "preview": f"{club}/preview",
        "decide": f"{club}/decide",
        "syncs": f"{club}/syncs",
        "sync": f"{club}/syncs/1",
        "undo": f"{club}/syncs/1/undo",
        "players": f"{club}/players?name=a",
        "team": f"{club}/teams/{team}",
        "settings": f"{club}/settings",
        "nothing": "/twizzit/clubs/x",
    }


@needs_axe
@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESK, "dark")], ids=["phone", "desk"])
def test_no_page_has_a_serious_fault_or_is_wider_than_the_screen(
    browser: Browser, house: House, size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport=size, color_scheme=scheme, base_url=house.api.root)
    try:
        page = context.new_page()
        page.goto(link_to(house.world.database, house.club))
        faults = {"link": found_in(page)}
        page.get_by_role("button", name="Sign in").click()
        for name, place in places(house).items():
            page.goto(place)
            faults[name] = found_in(page)
        context.clear_cookies()
        page.goto("/twizzit/sign-in")
        faults["sign-in"] = found_in(page)
        assert {name: found for name, found in faults.items() if found} == {}
        assert len(faults) == len(places(house)) + 1
    finally:
        context.close()


def test_no_page_is_wider_than_a_phone_where_letters_are_twice_as_large(browser: Browser, house: House) -> None:
    with window(browser, house, PHONE) as page:
        wide = {}
        for name, place in places(house).items():
            if name != "nothing":  # its 404 is an error for the browser's log
                page.goto(place)
                wide[name] = page.evaluate(TWICE_AS_LARGE)
        assert {name: pixels for name, pixels in wide.items() if pixels > 0} == {}


def test_the_pictures_of_the_documentation(
    browser: Browser, house: House, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    folder = Path(pytestconfig.getoption("--screenshots") or tmp_path)
    wanted: list[tuple[tuple[str, ...], ViewportSize, Literal["light", "dark"]]] = [
        (("club", "preview"), DESK, "light"),
        (("team", "decide"), PHONE, "light"),
        (("sync",), DESK, "dark"),
        (("settings",), PHONE, "dark"),
    ]
    for names, size, scheme in wanted:
        with window(browser, house, size, scheme) as page:
            for name in names:
                page.goto(places(house)[name])
                path = folder / f"pages-{name}{'-phone' if size is PHONE else ''}.png"
                page.screenshot(path=path)
                assert 10_000 < path.stat().st_size < LARGEST_PICTURE, path.name


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_sync_is_asked_for_and_taken_back_by_keyboard_alone(
    browser: Browser, house: House, size: ViewportSize
) -> None:
    beat(house.world.database.engine, "an orchestrator")
    with window(browser, house, size) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Go to the content"
        press_to(page, "button", "Sync now")
        page.keyboard.press("Enter")
        page.get_by_text("The sync was asked for").wait_for()
        press_to(page, "button", "Cancel")
        page.keyboard.press("Enter")
        page.get_by_text("The sync was cancelled.").wait_for()
        assert page.get_by_text("A sync waits for its turn.").count() == 0


def ask_for_a_sync(page: Page, house: House) -> int:
    """By the button; the id of the request, which waits."""
    page.get_by_role("button", name="Sync now").click()
    page.get_by_text("A sync waits for its turn.").wait_for()
    [one], _ = requested.listing(house.world.database.engine, credential_ids=[house.club])
    return one.request.id


def test_the_page_follows_a_sync_by_itself(browser: Browser, house: House) -> None:
    engine = house.world.database.engine
    beat(engine, "an orchestrator")
    with window(browser, house, PHONE) as page:
        request_id = ask_for_a_sync(page, house)
        with page.expect_event("load"):  # the whole page is shown anew
            cancel(engine, request_id, actor=OPERATOR)
        page.get_by_text("Last sync:").wait_for()
        assert page.get_by_text("A sync waits for its turn.").count() == 0


def test_settings_are_changed_by_keyboard_alone(browser: Browser, house: House) -> None:
    with window(browser, house, DESK, "dark") as page:
        press_to(page, "link", "Settings")
        page.keyboard.press("Enter")
        press_to(page, "checkbox", "Competitions and their matches")
        page.keyboard.press("Space")
        press_to(page, "textbox", "Every")
        page.keyboard.type("3")
        press_to(page, "combobox", "Unit")
        page.keyboard.type("d")
        press_to(page, "button", "Save")
        page.keyboard.press("Enter")
        page.get_by_text("The settings were saved").wait_for()
        found = config.read(house.world.database.engine, house.club)
        assert (found.sync_interval_minutes, found.sync_competitions) == (3 * 1440, False)


def test_a_search_answers_while_it_is_typed(browser: Browser, house: House) -> None:
    player = house.world.player(house.world.roster()[1][3])
    with window(browser, house, PHONE) as page:
        page.goto(f"/twizzit/clubs/{house.club}/players")
        press_to(page, "searchbox", "Search by name")
        page.keyboard.type(player["last_name"])
        page.get_by_text(f"{player['first_name']} {player['last_name']}").first.wait_for()
        assert page.url.endswith("/players")  # no page was loaded


def test_a_sync_is_undone_by_keyboard_alone(browser: Browser, house: House) -> None:
    player = house.world.roster(1)[1][4]
    before = house.world.player(player)
    house.world.simulator.changes.rename_person(player, before["first_name"], "Verkeerdelaer")
    synced = house.world.sync(house.club)
    with window(browser, house, PHONE, "dark") as page:
        page.goto(f"/twizzit/clubs/{house.club}/syncs/{min(row.id for row in synced.history.values())}")
        press_to(page, "link", "Undo this sync …")
        page.keyboard.press("Enter")
        press_to(page, "button", "Undo it")
        page.keyboard.press("Enter")
        page.get_by_text("It was undone.").wait_for()
        assert house.world.player(player)["last_name"] == before["last_name"]


def test_a_plan_is_applied_in_part_by_keyboard_alone(browser: Browser, house: House) -> None:
    engine = house.world.database.engine
    player = house.world.roster(2)[1][2]
    with window(browser, house, PHONE) as page:
        press_to(page, "link", "What will happen")
        page.keyboard.press("Enter")
        page.wait_for_url("**/preview")
        box = page.locator(f'input[value="players:{player}"]')
        box.focus()
        page.keyboard.press("Space")
        assert box.is_checked()
        page.locator("#main").focus()
        press_to(page, "button", "Apply the plan")
        page.keyboard.press("Enter")
        page.get_by_text("The plan is applied").wait_for()
    [one], _ = requested.listing(engine, credential_ids=[house.club])
    cancel(engine, one.request.id, actor=OPERATOR)
    assert one.request.options.without == (("players", str(player)),)


def test_what_is_ticked_outlasts_a_sync_that_ends_meanwhile(browser: Browser, house: House) -> None:
    engine = house.world.database.engine
    beat(engine, "an orchestrator")
    with window(browser, house, PHONE) as page:
        request_id = ask_for_a_sync(page, house)
        page.goto(f"/twizzit/clubs/{house.club}/preview")
        box = page.locator(f'input[value="players:{house.world.roster(2)[1][2]}"]')
        box.check()
        with page.expect_event("load"):  # the whole page is shown anew
            cancel(engine, request_id, actor=OPERATOR)
        assert box.is_checked()
        box.uncheck()
        page.reload()
        assert not box.is_checked()


def test_without_scripts_no_page_with_boxes_to_tick_shows_itself_anew(browser: Browser, house: House) -> None:
    beat(house.world.database.engine, "an orchestrator")
    with window(browser, house, PHONE, java_script_enabled=False) as page:
        page.get_by_role("button", name="Sync now").click()
        page.get_by_text("A sync waits for its turn.").wait_for()
        again = page.locator('meta[http-equiv="refresh"]')
        assert again.count() == 1
        page.goto(f"/twizzit/clubs/{house.club}/preview")
        assert page.locator('input[name="without"]').count() > 0
        assert again.count() == 0
        page.goto(f"/twizzit/clubs/{house.club}")
        page.get_by_role("button", name="Cancel").click()


def test_a_conflict_and_a_doubtful_link_are_settled_by_keyboard_alone(browser: Browser, house: House) -> None:
    world = house.world
    with window(browser, house, DESK) as page:
        press_to(page, "link", "To decide")
        page.keyboard.press("Enter")
        page.wait_for_url("**/decide")
        press_to(page, "button", "Take Twizzit’s: Remo")
        page.keyboard.press("Enter")
        page.get_by_text("It was decided, and done at once.").wait_for()
        said = page.locator(":focus")
        assert said.inner_text() == "It was decided, and done at once.", "a screen reader begins with what came of it"
        assert world.player(world.roster(2)[1][1])["first_name"] == "Remo"
        page.get_by_role("button", name="This one").first.focus()
        page.keyboard.press("Enter")
        page.get_by_text("No link is doubtful.").wait_for()
        assert world.player(world.roster(2)[1][0])["is_twizzit_registered"] is True


def test_an_opponent_and_a_team_in_doubt_are_settled_by_keyboard_alone(browser: Browser, house: House) -> None:
    world = house.world
    remote_id = world.roster()[0]
    twins = TwinTeams(world, house.club, remote_id, world.team(remote_id))
    team = twins.alike()
    name, club = two_clubs_of_one_name(house)
    with window(browser, house, PHONE) as page:
        page.goto(f"/twizzit/clubs/{house.club}/decide")
        if AXE.exists():
            assert found_in(page) == []
        for answer in (f"This one {name} vzw {club}", f"This one {odd(twins.was['name'])} {team}"):
            press_to(page, "button", answer)
            page.keyboard.press("Enter")
            page.get_by_text("It was decided, and done at once.").wait_for()
            page.goto(f"/twizzit/clubs/{house.club}/decide")
        page.get_by_text("No link is doubtful.").wait_for()
    assert twins.local_id == team
    assert any(club in (game["home_club_id"], game["away_club_id"]) for game in world.rows(tables.games))


def test_a_departure_is_decided_by_keyboard_alone(browser: Browser, house: House) -> None:
    with window(browser, house, PHONE, "dark", club=house.other) as page:
        page.goto(f"/twizzit/clubs/{house.other}/decide")
        if AXE.exists():
            assert found_in(page) == []
        names = page.locator("section h3").all_inner_texts()
        assert len(names) == 9  # eight, and all at once
        page.get_by_role("button", name="Keep").nth(1).focus()
        page.keyboard.press("Enter")
        page.get_by_text("1 stays as it is.").wait_for()
        statuses = [row["status"] for row in house.world.rows(tables.departures)]
        assert sorted(statuses) == ["held"] * 7 + ["refused"]


def test_on_paper_is_the_team_what_it_must_be_warned_of_and_nothing_to_click(browser: Browser, house: House) -> None:
    world, player = house.world, house.world.roster(1)[1][1]
    world.change(tables.players, world.local_id(player), is_twizzit_registered=False)
    with window(browser, house, DESK) as page:
        page.goto(places(house)["team"])
        assert page.get_by_role("button", name="Print").is_visible()
        page.emulate_media(media="print")
        assert page.get_by_role("heading", level=1).is_visible()
        assert page.locator(".person").first.is_visible()
        for element in page.locator("button, nav, footer").all():
            assert not element.is_visible()
        assert page.get_by_text("Show this to an administrator before the match").is_visible()

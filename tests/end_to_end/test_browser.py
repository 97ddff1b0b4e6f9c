"""Dagster's UI in a browser, on the clubs of `twizzit up --demo`: what a person sees there, and a backfill by clicking.

With ``--screenshots FOLDER`` these tests keep the pictures that the README shows.
"""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.browser import CHROMIUM, HEIGHT, WIDTH, Browser, browsing
from tests.support.running_up import RunningUp
from twizzit_pipeline.definitions import build_definitions
from twizzit_pipeline.local.demo import clubs_of
from twizzit_pipeline.orchestration.assets import ASSETS

pytestmark = [
    pytest.mark.skipif(find_spec("playwright") is None, reason="Playwright drives the browser, and is not installed"),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the path (Debian's package has that name)"),
    pytest.mark.timeout(900),  # the first one waits for `up` and the demo's first syncs
]

ASSET = "twizzit_players"
CLUBS = ("1-kc-scheldedal", "2-korfbal-t-wilgenhof-78", "3-corfbal-sclessin-sur-rhee")
FELL_SHORT = "2 × first_name_present; 2 × last_name_present; 2 × jersey_number_readable; 1 × last_name_length"
REFUSED = "Twizzit does not accept the username and password (401): check the credential"
MENU = 240  # pixels that the menu on the left takes

MATERIALIZED = """
    SELECT count(DISTINCT partition) FROM dagster.event_logs
    WHERE dagster_event_type = 'ASSET_MATERIALIZATION' AND asset_key = :key
"""
ENDED = "SELECT FROM twizzit_sync_requests WHERE id = :id AND completed_at IS NOT NULL"
OF_THE_BACKFILL = """
    SELECT credential_id, details ->> 'season', coalesce(details ->> 'entity', sync_type), status
    FROM twizzit_sync_history
    WHERE dagster_run_id IN (SELECT run_id FROM dagster.run_tags WHERE key = 'dagster/backfill')
    ORDER BY 1, 3
"""
UNCHECKED = ("twizzit_plans",)  # assets without a check
ALL_SAY_WHAT_PASSED = """assets => [...document.querySelectorAll("*")].filter(
    element => !element.children.length && /^\\d+ \\/ \\d+ Passed$/.test(element.textContent)).length === assets"""
# A point takes next to nothing of the width of a chart, a line from one to another does. It is much more blue than red.
SHOWS_A_LINE = """canvas => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
    const drawn = []
    for (let at = 0; at < data.length; at += 4)
        if (data[at + 3] > 200 && data[at + 2] > data[at] + 100) drawn.push((at / 4) % canvas.width)
    return Math.max(...drawn) - Math.min(...drawn) > canvas.width / 2
}"""


@pytest.fixture(scope="module")
def _open(
    demo_up: RunningUp, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Browser]:
    """Nothing syncs by itself meanwhile; what did so last was the first club's players, by request."""
    for number in range(1, len(CLUBS) + 1):
        assert demo_up.ask("PUT", f"/sync/config/{number}", {"autoSyncEnabled": False}).is_success
    asked = demo_up.ask("POST", "/sync/players/1?queue=true&wait=0").json()["requestId"]
    demo_up.until(lambda: demo_up.rows(ENDED, id=asked), "the end of the sync that was asked for", 120)
    folder = pytestconfig.getoption("--screenshots")
    pictures = Path(folder).resolve() if folder else None
    with browsing(demo_up.urls["ui"], tmp_path_factory.mktemp("chromium"), pictures) as browser:
        yield browser


@pytest.fixture
def browser(_open: Browser) -> Iterator[Browser]:
    """The browser, which must have nothing to complain of at the end of the test."""
    _open.complaints.clear()
    yield _open
    assert _open.complaints == []


def test_the_graph_shows_every_asset_and_what_it_is_made_from(browser: Browser) -> None:
    specs = {spec.key.to_user_string(): spec for spec in build_definitions().resolve_all_asset_specs()}
    groups = {name: str(spec.group_name) for name, spec in specs.items()}
    opened = sorted({*groups.values()} - {groups[name] for name in UNCHECKED})  # with all of them no name fits its box
    page = browser.open(f"/asset-groups?expanded={','.join(f'global@global:{group}' for group in opened)}")
    for name in specs:
        browser.text(groups[name] if name in UNCHECKED else name).wait_for()
    page.wait_for_function(ALL_SAY_WHAT_PASSED, arg=len(specs) - len(UNCHECKED))
    edges = sum(len(list(spec.deps)) for spec in specs.values())
    assert page.locator("svg path[marker-end]").count() == edges > len(specs)
    browser.picture("asset-graph", MENU + 355, 108, WIDTH - MENU - 425, HEIGHT - 190, sharp=True)


def test_the_grid_shows_which_clubs_and_seasons_have_arrived(browser: Browser, demo_up: RunningUp) -> None:
    [(arrived,)] = demo_up.rows(MATERIALIZED, key=f'["{ASSET}"]')
    page = browser.open(f"/assets/{ASSET}?view=partitions")
    for text in (f"Materialized ({arrived})", f"Missing ({2 * len(CLUBS) - arrived})", "Failed (0)", *CLUBS):
        browser.text(text).wait_for()
    browser.text(CLUBS[0]).click()
    browser.text("2026-2027").click()
    page.get_by_role("row").filter(has_text="rejected_share").wait_for()
    browser.picture("partitions", MENU, 0, WIDTH - MENU, HEIGHT)


def test_a_check_that_does_not_pass_says_which_rules_fell_short(browser: Browser) -> None:
    page = browser.open(f"/assets/{ASSET}?view=checks")
    for check in ("completeness", "consistency", "contract", "volume"):
        browser.text(check).wait_for()
    browser.text("contract").click()
    browser.text(
        "2 × first_name_present; 2 × last_name_present; 2 × jersey_number_readable; 1 × last_name_length"
    ).wait_for()
    rows = page.get_by_role("row")
    assert rows.filter(has_text="count").first.inner_text().split() == ["count", "7"]
    assert rows.filter(has_text="first_name_present").last.inner_text().split() == [
        "first_name_present",
        "2",
        "WARN",
        "season",
    ]
    assert browser.text(f"{CLUBS[0]}|2026-2027").is_visible()
    browser.picture("checks", MENU, 0, WIDTH - MENU, HEIGHT)


def test_the_checks_of_the_configuration_can_be_evaluated(browser: Browser) -> None:
    page = browser.open("/assets/twizzit_sync_config?view=checks")
    for check in ("contract", "completeness"):
        browser.text(check).wait_for()
    assert page.get_by_role("button", name="Execute all").is_enabled()


def test_the_plots_draw_a_history(browser: Browser) -> None:
    page = browser.open(f"/assets/{ASSET}")
    page.get_by_role("button", name="Plots").click()
    page.get_by_role("button", name="Events").click()
    for number in ("rows", "created", "unchanged", "rejected", "calls", "seconds_fetch"):
        canvas = page.locator(f"xpath=//*[text()='{number}']/following::canvas[1]")
        canvas.scroll_into_view_if_needed()
        page.wait_for_function(SHOWS_A_LINE, arg=canvas.element_handle())
    browser.text("Metadata").evaluate("it => { it.style.scrollMarginTop = '40px'; it.scrollIntoView() }")
    browser.picture("plots", MENU, 0, WIDTH - MENU, HEIGHT)


def test_a_backfill_is_started_by_clicking(browser: Browser, demo_up: RunningUp) -> None:
    page = browser.open("/asset-groups")
    page.get_by_role("button", name="Materialize all").click()
    dialog = page.get_by_role("dialog")
    for wanted in (CLUBS[:2], ("2025-2026",)):
        dialog.get_by_text("Select a partition or create one").first.click()
        for key in wanted:
            page.get_by_role("menuitem").filter(has_text=key).locator("label").click()
        page.keyboard.press("Escape")
        page.get_by_role("menuitem").first.wait_for(state="detached")
    assert dialog.get_by_text("2 partitions").is_visible()
    dialog.get_by_role("button", name="Launch backfill").click()
    browser.text("View").click()
    # Dagster looks for backfills twice a minute.
    page.get_by_text("100% completed").nth(len(ASSETS) - 1).wait_for(timeout=180_000)

    ended = demo_up.rows(OF_THE_BACKFILL)
    kinds = ("competitions", "matches", "players", "teams")
    assert [tuple(row)[:3] for row in ended] == [(number, "2025-2026", kind) for number in (1, 2) for kind in kinds]
    assert {row.status for row in ended if row.credential_id == 2} == {"success"}
    assert {row.status for row in ended} == {"success", "partial_success"}


def test_the_runs_say_why_they_were_started(browser: Browser) -> None:
    page = browser.open("/runs")
    for count, why in ((3, "twizzit/trigger: schedule"), (1, "twizzit/trigger: request")):
        page.get_by_text(why).first.wait_for()
        assert page.get_by_text(why).filter(visible=True).count() == count
    for count, how in ((2, "partial_success"), (1, "success")):
        page.get_by_text(f"twizzit/outcome: {how}").first.wait_for()
        assert page.get_by_text(f"twizzit/outcome: {how}", exact=True).filter(visible=True).count() >= count
    browser.picture("runs", MENU, 0, WIDTH - MENU, HEIGHT)
    browser.open("/runs?q[0]=tag%3Atwizzit%2Foutcome%3Dsuccess")
    page.get_by_text(CLUBS[1]).filter(visible=True).first.wait_for()
    page.get_by_text(CLUBS[0]).filter(visible=True).first.wait_for(state="detached")


def test_a_wrong_password_turns_the_clubs_own_partition_red_and_no_check_of_the_others(
    browser: Browser, demo_up: RunningUp
) -> None:
    before = _passed(browser)
    [login] = [club for club in clubs_of(demo_up.urls["simulator"]) if "Wilgenhof" in club.organization]
    _change_password(demo_up, "a wrong password")
    try:
        asked = demo_up.ask("POST", "/sync/players/2?queue=true&wait=0").json()["requestId"]
        demo_up.until(lambda: demo_up.rows(ENDED, id=asked), "the end of the sync that was asked for", 120)
    finally:
        _change_password(demo_up, login.password)
    [(run_id,)] = demo_up.rows("SELECT dagster_run_id FROM twizzit_sync_requests WHERE id = :id", id=asked)

    assert _passed(browser) == before
    page = browser.open(f"/assets/{ASSET}?view=checks")
    browser.text("volume").click()
    browser.text(f"Not judged: {REFUSED}").wait_for()
    browser.open(f"/assets/{ASSET}?view=partitions")
    browser.text("Failed (1)").wait_for()
    browser.open(f"/runs/{run_id}?logs=type%3ASTEP_FAILURE")
    browser.text(REFUSED).wait_for()
    assert "Traceback" not in page.inner_text("body")
    assert 'File "' not in page.inner_text("body")
    assert "Stack" not in page.inner_text("body")


def _passed(browser: Browser) -> list[str]:
    """How many checks of each asset passed, as the graph shows it when all of them are evaluated."""
    page = browser.load("/asset-groups?expanded=global@global:teams_and_players,global@global:competitions_and_matches")
    page.wait_for_function(ALL_SAY_WHAT_PASSED, arg=len(ASSETS) + 1 - len(UNCHECKED))
    return sorted(page.get_by_text(re.compile(r"^\d+ / \d+ Passed$")).all_inner_texts())


def _change_password(demo_up: RunningUp, password: str) -> None:
    changed = demo_up.twizzit("credentials", "change-password", "2", "--password-stdin", stdin=f"{password}\n")
    assert changed.code == 0, changed.err

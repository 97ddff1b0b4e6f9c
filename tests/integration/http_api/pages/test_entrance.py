"""Signing in to the pages and out, and what a stranger, an old form, another site and a used link get."""

import time
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute

from tests.integration.http_api.pages.conftest import House
from tests.support.api_server import ApiServer, token, token_of
from tests.support.page_visitor import PageVisitor, link_to, sign_in, visitor
from twizzit_pipeline.credentials import coaches
from twizzit_pipeline.http_api.pages import mounting as pages
from twizzit_pipeline.http_api.pages.signing import Session
from twizzit_pipeline.http_api.pages.visits import Pages
from twizzit_pipeline.storage import tables

OPEN = {
    "GET /sign-in",
    "POST /sign-in",
    "GET /link",
    "POST /link",
    "POST /sign-out",
    "GET /language/{language}",
}


@pytest.fixture
def browser(house: House) -> Iterator[PageVisitor]:
    with visitor(house.api) as one:
        yield one


def audited(house: House, action: str) -> list[dict[str, object]]:
    rows = house.world.rows(tables.audit_log, action=action)
    return [row for row in rows if row["target"] == "pages"]


def test_every_page_but_the_entrance_asks_for_a_sign_in(house: House) -> None:
    found = [route for router in pages.ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    routes = {f"{method} {route.path}" for route in found for method in route.methods or ()}
    assert routes > OPEN
    with visitor(house.api, follow=False) as stranger:
        stranger.get("/twizzit/sign-in")
        form = stranger.page
        for name in sorted(routes - OPEN):
            method, _, path = name.partition(" ")
            place = "/twizzit" + path.replace("{", "").replace("}", "")
            for part in ("credentialId", "syncId", "teamId", "requestId"):
                place = place.replace(part, str(house.club))
            stranger.page = form
            answer = stranger.get(place) if method == "GET" else stranger.post(place)
            assert (answer.status_code, answer.headers["location"]) == (303, "/twizzit/sign-in"), name


def test_a_link_signs_in_once_and_reaches_its_club_alone(house: House, browser: PageVisitor) -> None:
    path = link_to(house.world.database, house.club)
    browser.get(path)
    assert browser.page.status_code == 200
    assert "as an administrator" in browser.text
    browser.get(path)  # looking uses nothing up
    assert sign_in(browser, path).url.path == f"/twizzit/clubs/{house.club}"
    assert browser.page.status_code == 200
    assert browser.get(f"/twizzit/clubs/{house.other}").status_code == 403
    assert "You are not allowed to see" in browser.text
    assert browser.get(f"/twizzit/clubs/{house.other}/settings").status_code == 403
    with visitor(house.api) as another:
        assert sign_in(another, path).status_code == 403
        assert "used already" in another.text
        assert another.get("/twizzit").url.path == "/twizzit/sign-in"
    made, used = audited(house, "link")[-1], audited(house, "sign_in")[-1]
    assert used["target_id"] == made["details"]["link"]  # type: ignore[index]
    assert (used["actor_kind"], used["actor_id"], used["actor_role"]) == ("token", f"link-{used['target_id']}", "admin")


def test_a_link_that_is_over_or_was_changed_signs_no_one_in(house: House, browser: PageVisitor) -> None:
    signer = pages_of(house).signer
    _, over = signer.link("admin", house.club, -1)
    _, right = signer.link("coach", house.club, 60)
    for key in (over, right[:-2] + ("AA" if right[-2:] != "AA" else "BB"), "x", "", token("admin"), "\u00e9" * 20):
        browser.get("/twizzit/sign-in")
        assert browser.post("/twizzit/link", key=key).status_code == 403
        assert "has expired" in browser.text
        assert browser.get("/twizzit/link?key=" + key).status_code == 403


def test_a_link_and_a_session_are_no_tokens_of_the_api(house: House, browser: PageVisitor) -> None:
    path = link_to(house.world.database, house.club)
    sign_in(browser, path)
    session = browser.client.cookies["twizzit_session"]
    for text in (path.partition("key=")[2], session):
        with house.api.client(text) as client:
            assert client.get("/organizations").status_code == 401
    for text in (path.partition("key=")[2], token("admin")):
        with visitor(house.api, Cookie=f"twizzit_session={text}") as stranger:
            assert stranger.get("/twizzit").url.path == "/twizzit/sign-in"


def test_a_token_of_shotspot_signs_in_and_ends_with_the_token(house: House, browser: PageVisitor) -> None:
    browser.get("/twizzit/sign-in")
    sent = token_of({"userId": 31, "role": "admin", "exp": int(time.time()) + 120})
    assert browser.post("/twizzit/sign-in", shotspot_token=f" {sent} ").status_code == 200
    assert "Clubs" in browser.text  # an administrator has both
    session = session_of(house, browser)
    assert session.user_id == "31"
    assert session.ends <= time.time() + 120
    assert audited(house, "sign_in")[-1]["actor_id"] == "31"


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"role": "user"}, "administrators and coaches"),
        ({"role": "monitor"}, "administrators and coaches"),
        ({"role": "admin", "exp": 1}, "has expired"),
        ({"role": "admin", "passwordMustChange": True}, "another password"),
    ],
)
def test_other_tokens_are_refused_in_words(
    house: House, browser: PageVisitor, claims: dict[str, object], said: str
) -> None:
    browser.get("/twizzit/sign-in")
    assert browser.post("/twizzit/sign-in", shotspot_token=token_of({"userId": 3, **claims})).status_code == 403
    assert said in browser.text
    assert "twizzit_session" not in browser.client.cookies


def test_the_header_signs_in_without_a_form(house: House, browser: PageVisitor) -> None:
    headers = {"Authorization": f"Bearer {token('coach', credentials=[house.other])}"}
    assert browser.post("/twizzit/sign-in", headers, token="").status_code == 200
    assert browser.page.url.path == f"/twizzit/clubs/{house.other}"


def test_a_coach_is_held_to_what_an_administrator_said_at_each_request(house: House, browser: PageVisitor) -> None:
    browser.get("/twizzit/sign-in")
    browser.post("/twizzit/sign-in", shotspot_token=token("coach", user_id=77))
    assert browser.get(f"/twizzit/clubs/{house.other}").status_code == 200
    coaches.limit(house.world.database.engine, "77", [house.club])
    try:
        assert browser.get(f"/twizzit/clubs/{house.other}").status_code == 403
        assert browser.get("/twizzit").url.path == f"/twizzit/clubs/{house.club}"
    finally:
        coaches.free(house.world.database.engine, "77")


def test_the_cookies_reach_no_script_no_other_site_and_no_plain_http_elsewhere(house: House) -> None:
    path = link_to(house.world.database, house.club)
    with visitor(house.api, follow=False) as browser:
        answer = sign_in(browser, path)
        [cookie] = [one for one in answer.headers.get_list("set-cookie") if one.startswith("twizzit_session=")]
        assert {"httponly", "samesite=strict", "path=/twizzit"} <= {part.strip().lower() for part in cookie.split(";")}
        assert "secure" not in cookie.lower()
    for headers in ({"Host": "pages.example"}, {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-Proto": "https"}):
        with visitor(house.api, follow=False, **headers) as browser:
            answer = browser.get("/twizzit/sign-in")
            assert all("; secure" in one.lower() for one in answer.headers.get_list("set-cookie"))
            assert answer.headers.get_list("set-cookie")


def test_every_answer_has_the_headers_of_a_page(house: House, browser: PageVisitor) -> None:
    for path in ("/twizzit/sign-in", "/twizzit/nothing/here", "/twizzit/static/pages.css", "/twizzit/clubs/x"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"  # a link's address is a key
    assert browser.get("/twizzit/sign-in").headers["cache-control"] == "no-store"
    assert browser.get("/twizzit/nothing").status_code == 404
    assert "no such page" in browser.text


def test_a_form_without_its_token_or_from_elsewhere_changes_nothing(house: House, browser: PageVisitor) -> None:
    sign_in(browser, link_to(house.world.database, house.club))
    place = f"/twizzit/clubs/{house.club}/settings"
    before = house.world.rows(tables.sync_config, credential_id=house.club)
    browser.get(place)
    own = browser.page
    with visitor(house.api) as another:
        another.get("/twizzit/sign-in")
        foreign = another.page
    for sent in ("", "x", "\u00e9", None):
        browser.page = foreign
        answer = browser.post(place, token=sent, every="7", unit="minutes")
        assert answer.status_code == 403
        assert "too old" in browser.text
    browser.page = own
    for site in ("cross-site", "same-site"):
        browser.page = own
        headers = {"Sec-Fetch-Site": site}
        assert browser.post(place, headers, every="7", unit="minutes").status_code == 403
    browser.page = own
    bearer = {"Authorization": f"Bearer {token('admin')}"}
    assert browser.post(place, bearer, token="", every="7", unit="minutes").status_code == 403
    assert house.world.rows(tables.sync_config, credential_id=house.club) == before


def test_signing_out_ends_the_session_for_copies_of_its_cookie_too(house: House, browser: PageVisitor) -> None:
    sign_in(browser, link_to(house.world.database, house.club))
    copied = browser.client.cookies["twizzit_session"]
    browser.post("/twizzit/sign-out")
    assert browser.page.url.path == "/twizzit/sign-in"
    assert "signed out" in browser.text
    assert "twizzit_session" not in browser.client.cookies
    with visitor(house.api, Cookie=f"twizzit_session={copied}") as thief:
        assert thief.get("/twizzit").url.path == "/twizzit/sign-in"


def test_a_session_at_rest_is_over_and_a_used_one_is_renewed(house: House, browser: PageVisitor) -> None:
    signer, now = pages_of(house).signer, int(time.time())
    for idle, place in ((now - 1, "/twizzit/sign-in"), (now + 100, f"/twizzit/clubs/{house.club}")):
        session = Session(f"s{idle}", "9", "admin", (house.club,), now + 7200, idle)
        with visitor(house.api) as one:
            one.client.cookies.set("twizzit_session", signer.session(session), domain="127.0.0.1", path="/twizzit")
            assert one.get("/twizzit").url.path == place
            if idle > now:
                assert session_of(house, one).idle > now + 3000
                assert session_of(house, one).ends == session.ends


def test_a_browser_that_keeps_no_cookie_gets_the_reason(house: House) -> None:
    with visitor(house.api) as browser:
        browser.get("/twizzit?in=1")
        assert "allow cookies" in browser.text


def test_the_language_is_the_browsers_or_the_chosen_one(house: House) -> None:
    for accepted, heading in (
        ("nl-BE,nl;q=0.9,en;q=0.5", "Aanmelden"),
        ("fr", "Se connecter"),
        ("de, en;q=0.1, fr;q=0.2", "Se connecter"),
        ("ja", "Sign in"),
        ("x" * 9000, "Sign in"),
        ("nl;q=2, ,;;q=", "Sign in"),
    ):
        with visitor(house.api, language=accepted) as browser:
            assert f"<h1>{heading}</h1>" in browser.get("/twizzit/sign-in").text
    with visitor(house.api, language="nl") as browser:
        browser.get("/twizzit/language/fr?back=/twizzit/sign-in")
        assert "<h1>Se connecter</h1>" in browser.page.text
        assert '<html lang="fr">' in browser.get("/twizzit/sign-in").text


def test_a_slash_at_the_end_is_no_other_page(house: House, browser: PageVisitor) -> None:
    assert browser.get("/twizzit/").url.path == "/twizzit/sign-in"
    sign_in(browser, link_to(house.world.database, house.club))
    assert browser.get(f"/twizzit/clubs/{house.club}/settings/").url.path == f"/twizzit/clubs/{house.club}/settings"
    assert browser.get("/twizzit//").url.path == f"/twizzit/clubs/{house.club}"


def test_going_back_goes_to_these_pages_alone(house: House) -> None:
    with visitor(house.api, follow=False) as browser:
        for place in (
            "https://evil.example",
            "//evil.example",
            "/twizzit//evil.example",
            "/twizzit/\\evil",
            "/docs",
            "/twizzitx",
        ):
            answer = browser.client.get("/twizzit/language/en", params={"back": place})
            assert answer.headers["location"] == "/twizzit", place


def test_another_origin_that_may_call_the_api_reads_no_page(house: House) -> None:
    settings = house.world.settings.model_copy(update={"allowed_origins": "https://shotspot.example"})
    with ApiServer(settings, house.world.database) as api, visitor(api, Origin="https://shotspot.example") as browser:
        assert browser.get("/api/twizzit/health").headers["access-control-allow-origin"] == "https://shotspot.example"
        assert "access-control-allow-origin" not in browser.get("/twizzit/sign-in").headers


def pages_of(house: House) -> Pages:
    found: Pages = house.api.app.state.pages
    return found


def session_of(house: House, browser: PageVisitor) -> Session:
    return pages_of(house).signer.read_session(browser.client.cookies["twizzit_session"])

"""What the pages show of a synced club, and what their forms do: for administrators, coaches and in three languages."""

import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, event, insert, select, update

from tests.integration.http_api.pages.conftest import HOSTILE, House
from tests.support.api_server import token
from tests.support.page_visitor import PageVisitor, link_to, sign_in, visitor
from tests.support.signs_of_life import beat
from twizzit_pipeline.http_api.pages.texts import LANGUAGES
from twizzit_pipeline.scheduling import config, recipients, requested
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import Actor


@pytest.fixture
def admin(house: House) -> Iterator[PageVisitor]:
    with visitor(house.api) as browser:
        sign_in(browser, link_to(house.world.database, house.club))
        yield browser


@pytest.fixture
def coach(house: House) -> Iterator[PageVisitor]:
    with visitor(house.api) as browser:
        sign_in(browser, link_to(house.world.database, house.club, role="coach"))
        yield browser


def test_my_club_says_how_it_is_doing(house: House, admin: PageVisitor) -> None:
    admin.get(f"/twizzit/clubs/{house.club}")
    teams = len(house.world.rows(tables.team_mappings, credential_id=house.club))
    players = len(house.world.rows(tables.player_mappings, credential_id=house.club))
    assert f"{teams} teams, {players} players" in admin.text
    assert house.world.club().name in admin.text
    assert "switched off: syncs start by hand" in admin.text
    assert "Next matches" in admin.text
    admin.page = admin.client.get("/twizzit/clubs/99")
    assert admin.page.status_code == 403  # not even whether there is one


def test_the_first_page_is_a_page_where_the_database_does_not_answer_too(house: House, admin: PageVisitor) -> None:
    """What no module below it puts into words was answered as the API does, in JSON."""
    with house.world.connected() as connection:
        connection.execute("ALTER TABLE twizzit_credentials RENAME TO elsewhere")
        try:
            admin.get("/twizzit")
        finally:
            connection.execute("ALTER TABLE elsewhere RENAME TO twizzit_credentials")
    assert admin.page.status_code == 503
    assert admin.page.headers["content-type"].startswith("text/html")
    assert "The database did not take this" in admin.text
    assert admin.get("/twizzit").status_code == 200


def test_an_administrator_of_all_sees_every_club(house: House) -> None:
    with visitor(house.api) as browser:
        browser.get("/twizzit/sign-in")
        browser.post("/twizzit/sign-in", shotspot_token=token("admin"))
        names = re.findall(r'class="stretched" href="/twizzit/clubs/(\d+)"', browser.page.text)
        assert sorted(names) == [str(house.club), str(house.other)]
        assert "not synced yet" in browser.text
        assert browser.get("/twizzit/clubs/99").status_code == 404
        assert "no such club" in browser.text


def test_sync_now_asks_for_one_sync_and_shows_it_until_it_is_taken_back(house: House, coach: PageVisitor) -> None:
    place = f"/twizzit/clubs/{house.club}"
    coach.get(place)
    coach.post(f"{place}/sync", back=place)
    assert coach.page.url.path == place
    assert "Nothing starts syncs at this moment" in coach.text  # in the page, in one line
    beat(house.world.database.engine, "an orchestrator")
    coach.post(f"{place}/sync", back=place)
    assert "starts within seconds" in coach.text
    assert "A sync waits for its turn." in coach.text
    coach.post(f"{place}/sync", back=place)
    assert "is waiting already" in coach.text
    [one], count = requested.listing(house.world.database.engine, credential_ids=[house.club])
    assert (count, one.request.sync_type) == (1, "all")
    asked = house.world.rows(tables.audit_log, action="ask")
    assert [(row["actor_kind"], row["actor_id"][:5], row["actor_role"]) for row in asked] == [
        ("token", "link-", "coach")
    ]

    part = coach.client.get(f"{place}/progress", headers={"HX-Request": "true"})
    mark = re.search(r"progress\?seen=(\w+)", part.text)
    assert mark is not None
    assert 'hx-trigger="every 2s"' in part.text
    assert "<html" not in part.text
    assert coach.client.get(f"{place}/progress?seen={mark[1]}", headers={"HX-Request": "true"}).status_code == 204
    with house.world.database.engine.begin() as connection:  # as where the broker of the workers is away
        connection.execute(update(tables.sync_requests).values(error="The broker cannot be reached"))
    part = coach.client.get(f"{place}/progress?seen={mark[1]}", headers={"HX-Request": "true"})
    assert "was not able to begin yet, and is tried again" in part.text
    assert "The broker cannot be reached" in part.text

    with visitor(house.api) as another:
        sign_in(another, link_to(house.world.database, house.club, role="coach"))
        another.get(place)
        assert ">Cancel<" not in another.text
        another.post(f"{place}/requests/{one.request.id}/cancel", back=place)
        assert "You are not allowed to see" in another.text
    coach.get(place)
    coach.post(f"{place}/requests/{one.request.id}/cancel", back=place)
    assert "was cancelled" in coach.text
    part = coach.client.get(f"{place}/progress", headers={"HX-Request": "true"})
    assert part.headers["hx-refresh"] == "true"
    coach.get(place)
    assert "was cancelled" not in coach.text  # a notice is shown once


def test_a_part_of_a_page_sends_a_browser_without_session_to_the_sign_in(house: House) -> None:
    with visitor(house.api) as browser:
        answer = browser.get(f"/twizzit/clubs/{house.club}/progress", **{"HX-Request": "true"})
        assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/twizzit/sign-in")


def test_a_sync_shows_each_row_with_before_and_after(house: House, coach: PageVisitor) -> None:
    player = house.world.roster()[1][1]
    before = house.world.player(player)
    house.world.simulator.changes.rename_person(player, before["first_name"], "Nieuwenhuis")
    synced = house.world.sync(house.club)
    coach.get(f"/twizzit/clubs/{house.club}/syncs")
    newest = re.findall(rf"/twizzit/clubs/{house.club}/syncs/(\d+)", coach.page.text)[0]
    assert int(newest) == min(row.id for row in synced.history.values())
    assert "1 change in ShotSpot" in coach.text
    coach.get(f"/twizzit/clubs/{house.club}/syncs/{newest}")
    assert f"{before['first_name']} Nieuwenhuis" in coach.text
    assert "Twizzit changed it." in coach.text
    assert f"Last name was {before['last_name']} → is now Nieuwenhuis" in coach.text
    oldest = house.world.rows(tables.sync_history, credential_id=house.club)[0]["id"]
    coach.get(f"/twizzit/clubs/{house.club}/syncs/{oldest}")
    assert "New: Twizzit has it, and ShotSpot did not." in coach.text
    assert coach.get(f"/twizzit/clubs/{house.club}/syncs/999999").status_code == 404


def test_the_page_of_a_sync_shows_no_row_of_another_club(house: House, coach: PageVisitor) -> None:
    table = tables.sync_history
    ours = house.world.rows(table, credential_id=house.club, status="success")[-1]
    theirs = {name: value for name, value in ours.items() if name != "id"} | {
        "credential_id": house.other,
        "status": "failed",
        "error_message": "of another club",
    }
    with house.world.database.engine.begin() as connection:
        added = connection.scalars(insert(table).values(theirs).returning(table.c.id)).one()
    try:
        coach.get(f"/twizzit/clubs/{house.club}/syncs/{ours['id']}")
        assert coach.page.status_code == 200
        assert "of another club" not in coach.text
    finally:
        with house.world.database.engine.begin() as connection:
            connection.execute(delete(table).where(table.c.id == added))


def test_what_was_left_out_has_its_rule_in_words(house: House, coach: PageVisitor) -> None:
    group, _ = house.world.roster()
    person = house.world.simulator.changes.add_person(group, "Ann", "Van der " + "Lang" * 12)
    synced = house.world.sync(house.club)
    coach.get(f"/twizzit/clubs/{house.club}/syncs/{synced.history['players'].id}")
    said = "not taken the last name is longer than 50 letters"
    assert re.search(rf"[1-9] players? {said} Twizzit: [\d, ]*{person}", coach.text)
    page = coach.get(f"/twizzit/clubs/{house.club}").text
    (place,) = re.findall(r'href="([^"]+/syncs/\d+)#left-out">The sync of [^<]+ left \d+ things? out: see why', page)
    assert 'id="left-out"' in coach.get(place).text


def test_who_may_play_shows_both_sides_and_escapes_names(house: House, coach: PageVisitor) -> None:
    coach.get(f"/twizzit/clubs/{house.club}/players")
    team = house.world.local_id(house.world.roster()[0], "team")
    assert f"/twizzit/clubs/{house.club}/teams/{team}" in coach.page.text
    house.world.change(tables.players, house.world.local_id(house.world.roster()[1][2]), is_active=False)
    coach.get(f"/twizzit/clubs/{house.club}/teams/{team}")
    assert HOSTILE not in coach.page.text
    assert "&lt;script&gt;alert(1)" in coach.page.text
    assert "may not play" in coach.text or "may play" in coach.text
    assert "Not active in ShotSpot." in coach.text
    assert "registration_in_step" not in coach.text
    house.world.change(tables.players, house.world.local_id(house.world.roster()[1][1]), is_twizzit_registered=False)
    coach.get(f"/twizzit/clubs/{house.club}/teams/{team}")
    assert "Of 1 person ShotSpot’s registration is not what the link with Twizzit says." in coach.text
    assert "Linked with Twizzit, but not registered in ShotSpot" in coach.text
    coach.get(f"/twizzit/clubs/{house.club}/players?name=%3Cscript%3Ealert")
    assert HOSTILE not in coach.page.text
    assert coach.page.text.count("<script ") == 2  # ours
    assert f"/twizzit/clubs/{house.club}/teams/{team}" in coach.page.text


@pytest.mark.parametrize(("name", "runs"), [("Seizoen 2024", False), ("1 Indoor", True)])
def test_who_may_play_lists_the_teams_of_the_season_that_runs(
    house: House, coach: PageVisitor, name: str, runs: bool
) -> None:
    """Whatever it is called: an indoor season within an outdoor one, an older one that ShotSpot called "Seizoen …"."""
    of_twizzit = house.world.local_id(house.world.roster()[0], "team")
    today = datetime.now(UTC).date()
    ends = today + timedelta(days=5 if runs else -300)
    starts = ends - timedelta(days=10)
    with house.world.database.engine.begin() as connection:
        club_id = connection.scalar(select(tables.teams.c.club_id).where(tables.teams.c.id == of_twizzit))
        season = insert(tables.seasons).values(name=name, start_date=starts, end_date=ends)
        season_id = connection.scalar(season.returning(tables.seasons.c.id))
        team = insert(tables.teams).values(club_id=club_id, name="Other", season_id=season_id)
        other = connection.scalar(team.returning(tables.teams.c.id))
        connection.execute(
            insert(tables.team_mappings).values(local_team_id=other, twizzit_team_id="old", credential_id=house.club)
        )
    coach.get(f"/twizzit/clubs/{house.club}/players")
    with house.world.database.engine.begin() as connection:
        connection.execute(delete(tables.teams).where(tables.teams.c.id == other))
        connection.execute(delete(tables.seasons).where(tables.seasons.c.id == season_id))
    shown = [f"/teams/{team_id}" in coach.page.text for team_id in (of_twizzit, other)]
    assert shown == [not runs, runs]


def test_a_search_finds_by_a_part_of_a_name_with_and_without_scripts(house: House, coach: PageVisitor) -> None:
    player = house.world.player(house.world.roster()[1][3])
    place = f"/twizzit/clubs/{house.club}/players"
    coach.get(f"{place}?name={player['last_name'][:6]}")
    whole = coach.text
    part = coach.client.get(f"{place}/search", params={"name": player["last_name"][:6]}, headers={"HX-Request": "true"})
    for text in (whole, part.text):
        assert f"{player['first_name']} {player['last_name']}" in text
    assert "<html" not in part.text
    assert "0 people fit" in coach.get(f"{place}?name=%00%E2%80%AEzzzz").text


def test_a_team_of_another_club_is_none_of_this_one(house: House, coach: PageVisitor) -> None:
    assert coach.get(f"/twizzit/clubs/{house.club}/teams/2147483647").status_code == 403
    assert coach.get(f"/twizzit/clubs/{house.club}/teams/0").status_code == 404
    team = house.world.local_id(house.world.roster()[0], "team")
    with visitor(house.api) as browser:
        browser.get("/twizzit/sign-in")
        browser.post("/twizzit/sign-in", shotspot_token=token("admin"))
        assert browser.get(f"/twizzit/clubs/{house.other}/teams/{team}").status_code == 403


def test_settings_are_changed_by_administrators_alone(house: House, admin: PageVisitor, coach: PageVisitor) -> None:
    engine, place = house.world.database.engine, f"/twizzit/clubs/{house.club}/settings"
    fields = {
        "sync_teams": "on",
        "sync_players": "on",
        "auto_sync_enabled": "on",
        "every": "2",
        "unit": "hours",
        "monthly_call_limit": "5000",
        "notify_to": "a@club.example\r\n\r\nb@club.example",
        "conflict_policy": "ask",
        "back": place,
    }
    admin.get(place)
    admin.post(place, **fields)
    assert "settings were saved" in admin.text
    found = config.read(engine, house.club)
    assert (found.sync_teams, found.sync_competitions, found.auto_sync_enabled) == (True, False, True)
    assert (found.sync_interval_minutes, found.monthly_call_limit, found.conflict_policy) == (120, 5000, "ask")
    assert recipients.read(engine, house.club) == ("a@club.example", "b@club.example")
    coach.get(place)
    assert "An administrator of the club can change these." in coach.text
    assert "a@club.example" not in coach.page.text
    coach.post(place, token=coach_token(coach), **{**fields, "every": "9"})
    assert "You are not allowed to see" in coach.text
    assert config.read(engine, house.club) == found


def test_an_old_page_of_settings_takes_back_nothing_of_another_administrator_s(
    house: House, admin: PageVisitor
) -> None:
    """A page that was left open would switch automatic syncs on again."""
    engine, place = house.world.database.engine, f"/twizzit/clubs/{house.club}/settings"
    operator = Actor("os", "operator")
    config.change(engine, house.club, actor=operator, auto_sync_enabled=True, review=False, conflict_policy="twizzit")
    admin.get(place)
    was = html.unescape(re.findall(r'name="was" value="([^"]+)"', admin.page.text)[0])
    shown = json.loads(was)
    config.change(engine, house.club, actor=operator, auto_sync_enabled=False, review=True)
    fields = {name: "on" if value is True else value for name, value in shown.items() if value is not False}
    admin.post(place, **{**fields, "was": was, "conflict_policy": "ask", "back": place})
    assert "settings were saved" in admin.text
    found = config.read(engine, house.club)
    assert (found.auto_sync_enabled, found.review, found.conflict_policy) == (False, True, "ask")
    config.change(engine, house.club, actor=operator, review=False)


def test_settings_take_back_nothing_that_changes_while_they_are_saved(house: House, admin: PageVisitor) -> None:
    engine, place = house.world.database.engine, f"/twizzit/clubs/{house.club}/settings"
    operator = Actor("os", "operator")
    config.change(engine, house.club, actor=operator, auto_sync_enabled=True, conflict_exceptions={"teams.name": "ask"})
    recipients.change(engine, house.club, ["a@club.example"], actor=operator)
    admin.get(place)
    was = html.unescape(re.findall(r'name="was" value="([^"]+)"', admin.page.text)[0])
    meanwhile: list[str] = []

    def come(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "FOR KEY SHARE" in statement and not meanwhile:
            meanwhile.append(statement)
            config.change(
                engine,
                house.club,
                actor=operator,
                auto_sync_enabled=False,
                conflict_exceptions={"teams.name": "newest"},
            )
            recipients.change(engine, house.club, ["b@club.example"], actor=operator)

    fields = {name: "on" if value is True else value for name, value in json.loads(was).items() if value is not False}
    event.listen(engine, "before_cursor_execute", come)
    try:
        admin.post(place, **{**fields, "was": was, "policy-of-players.gender": "ask", "back": place})
    finally:
        event.remove(engine, "before_cursor_execute", come)
    assert meanwhile
    found = config.read(engine, house.club)
    assert (found.auto_sync_enabled, recipients.read(engine, house.club)) == (False, ("b@club.example",))
    assert found.conflict_exceptions == {"players.gender": "ask", "teams.name": "newest"}
    config.change(engine, house.club, actor=operator, conflict_exceptions=dict.fromkeys(found.conflict_exceptions))


def test_a_field_gets_a_rule_of_its_own(house: House, admin: PageVisitor) -> None:
    engine, place = house.world.database.engine, f"/twizzit/clubs/{house.other}/settings"
    operator = Actor("os", "operator")
    config.change(engine, house.other, actor=operator, conflict_exceptions={"name": "ask", "players.gender": "newest"})
    with visitor(house.api, language="nl") as browser:
        sign_in(browser, link_to(house.world.database, house.other))
        browser.get(place)
        assert "waarde van ShotSpot" in browser.text
        chosen = re.findall(
            r'id="policy-of-(\S+)"[^<]*>(?:(?!</select>).)*?<option value="(\w+)" selected', browser.page.text, re.S
        )
        assert dict(chosen) == {"teams.name": "ask", "competitions.name": "ask", "players.gender": "newest"}
        fields = {"every": "5", "unit": "minutes", "conflict_policy": "ask", "back": place}
        browser.post(place, **fields)  # names no field: all stay
        kept = config.read(engine, house.other)
        assert kept.conflict_exceptions == {"name": "ask", "players.gender": "newest"}
        own = {"policy-of-teams.name": "", "policy-of-players.jersey_number": "shotspot"}
        browser.get(place)
        browser.post(place, **fields, **own)
        said = config.read(engine, house.other).conflict_exceptions
        assert said == {"competitions.name": "ask", "players.gender": "newest", "players.jersey_number": "shotspot"}
        browser.get(place)
        browser.post(place, **fields, **{"policy-of-players.gender": "loudest"})
        assert (browser.page.status_code, "Kies een van de vier." in browser.text) == (400, True)
    assert config.read(engine, house.other).conflict_exceptions == said


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("every", "1", "from 5 minutes to a year"),
        ("every", "-7", "from 5 minutes to a year"),
        ("every", "9" * 30, "from 5 minutes to a year"),
        ("every", "<b>", "from 5 minutes to a year"),
        ("monthly_call_limit", "0", "at least 1"),
        ("monthly_call_limit", "many", "at least 1"),
        ("notify_to", "no address", "one e-mail address"),
        ("notify_to", "\n".join(f"a{number}@b.example" for number in range(21)), "one e-mail address"),
    ],
)
def test_a_wrong_setting_is_shown_as_typed_with_what_is_wrong(
    house: House, admin: PageVisitor, field: str, value: str, said: str
) -> None:
    place = f"/twizzit/clubs/{house.club}/settings"
    before = house.world.rows(tables.sync_config, credential_id=house.club)
    admin.get(place)
    fields = {"every": "5", "unit": "minutes", "monthly_call_limit": "", "notify_to": "", "back": place}
    fields |= {"conflict_policy": "twizzit", field: value}
    assert admin.post(place, **fields).status_code == 400
    assert said in admin.text
    assert admin.page.text.count('aria-invalid="true"') == 1
    assert value.replace("<", "&lt;").replace(">", "&gt;") in admin.page.text
    assert house.world.rows(tables.sync_config, credential_id=house.club) == before


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_comes_in_every_language(house: House, language: str) -> None:
    team = house.world.local_id(house.world.roster()[0], "team")
    sync = house.world.rows(tables.sync_history, credential_id=house.club)[0]["id"]
    with visitor(house.api, language=language) as browser:
        sign_in(browser, link_to(house.world.database, house.club))
        for path in ("", "/syncs", f"/syncs/{sync}", "/players", f"/teams/{team}", "/players?name=a", "/settings"):
            page = browser.get(f"/twizzit/clubs/{house.club}{path}")
            assert page.status_code == 200, path
            assert f'<html lang="{language}">' in page.text
            assert len(re.findall(r"<h1>", page.text)) == 1
            assert "style=" not in page.text
            assert not re.findall(r"<script(?! src=)|\son\w+=", page.text)


def coach_token(coach: PageVisitor) -> str:
    """The token of the sign-out form: the session's forms share one."""
    found = re.search(r'name="token" value="([^"]+)"', coach.page.text)
    assert found is not None
    return found[1]

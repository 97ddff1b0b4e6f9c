"""`twizzit demo` as `make demo` runs it: in an empty folder, and once more in the same one."""

import re

import pytest

from tests.support.command_line import CommandLine, Ended
from tests.support.left_behind import ANY_TOKEN, leaks
from twizzit_pipeline.simulator import SimulatorOptions
from twizzit_pipeline.simulator.generate import make_world


@pytest.fixture(scope="module")
def twizzit(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """In the folder of the demos."""
    return CommandLine(tmp_path_factory.mktemp("demo"), COLUMNS="80")


@pytest.fixture(scope="module")
def first(twizzit: CommandLine) -> Ended:
    """The first demo."""
    return twizzit("demo")


def counted(out: str, what: str) -> list[int]:
    """The numbers of a row of a table."""
    found = re.search(rf"^ *{what} +([\d ,]+)$", out, re.MULTILINE)
    assert found, out
    return [int(number.replace(",", "")) for number in found[1].split()]


def test_the_demo_shows_a_club_arriving_and_then_nothing_changing(twizzit: CommandLine, first: Ended) -> None:
    assert first.code == 0, first.out + first.err
    assert "\x1b" not in first.out
    assert max(map(len, first.out.splitlines())) <= 100
    teams, players = counted(first.out, "teams"), counted(first.out, "players")
    assert teams[0] > 5
    assert players[0] > 50
    assert [teams[4], players[4]] == [1, 4]  # rejected
    assert "name_present" in first.out
    for group in ("ShotSpot's tables", "Mappings", "Opponents", "Snapshots", "Journal"):
        rows, *written = counted(first.out, group)
        assert rows > 10
        assert written == [0, 0, 0]
    assert counted(first.out, "Sync history")[0] == 4


def test_the_demo_shows_the_fixtures_and_distinguishes_a_moved_match_from_a_cancelled_one(first: Ended) -> None:
    competitions, matches = counted(first.out, "competitions"), counted(first.out, "matches")
    assert competitions[0] == counted(first.out, "teams")[0]
    assert matches[0] > 100
    assert "Opponents made:       40 teams; 5 clubs for them" in first.out
    fixtures = re.findall(r"^ +(?:Sat|Sun) \d{4}-\d\d-\d\d \d\d:\d\d +(\S.* – .+)$", first.out, re.MULTILINE)
    assert len(fixtures) == 5
    assert all("KC Scheldedal" in fixture for fixture in fixtures)
    last = first.out.partition("4. One match moves")[2]
    assert counted(last, "matches") == [0, 0, 2, matches[0] - 2, 0, 0]
    assert "Matches that changed: 1 moved, 1 cancelled\n" in last
    assert f"the {matches[0] - 2} other matches were not touched" in last


def test_the_demo_shows_what_looks_odd_and_arrives_as_it_should(first: Ended) -> None:
    odd = first.out.partition("Odd in Twizzit, and right in ShotSpot:")[2].partition("\n\n")[0]
    youth, byes, *_ = (int(number) for number in re.findall(r"^  (\d+) m", odd, re.MULTILINE))
    assert youth >= 10
    sums = r"^  matches +(\d+) read = +(\d+) kept \+ +(\d+) rejected \+ +(\d+) set aside$"
    read, kept, rejected, aside = map(int, re.findall(sums, first.out, re.MULTILINE)[0])
    assert (kept, rejected, aside) == (counted(first.out, "matches")[0], 0, byes)
    assert read == kept + rejected + aside
    assert re.search(r"^  KC Scheldedal \S.* – KC Scheldedal \S.*: one game, with both teams of the club\.$", odd, re.M)
    assert re.search(r"^  .*KC Scheldedal .*, now 3–2: no result before it ends\.$", odd, re.M)
    assert 'otherwise: twizzit config set 1 --function "Ex-speler=player"\n' in first.out


def test_another_demo_finds_everything_there_already(twizzit: CommandLine, first: Ended) -> None:
    teams, players = counted(first.out, "teams"), counted(first.out, "players")
    again = twizzit("demo")
    assert again.code == 0, again.out + again.err
    matches = counted(first.out, "matches")
    assert f"with {teams[0]} teams, {players[0]} players and {matches[0]} matches" in " ".join(again.out.split())
    assert counted(again.out, "teams")[:4] == [0, 0, 0, teams[0]]
    assert counted(again.out, "players")[:4] == [0, 0, 0, players[0]]
    # this simulator has the two matches as they were before the first demo changed them, and the match that is being
    # played began half an hour before it was made
    changed = counted(again.out, "matches")[2]
    assert counted(again.out, "matches")[:4] == [0, 0, changed, matches[0] - changed]
    assert changed in (2, 3)
    assert f"Matches that changed: {changed - 1} moved, 1 reinstated" in again.out
    assert "Matches that changed: 1 moved, 1 cancelled" in again.out

    (credential,) = twizzit("credentials", "list", "--json").json()
    history = twizzit("history", credential["id"], "--json").json()
    whole, calendar = [*["success"] * 2, *["partial_success"] * 2], ["success"] * 2  # the newest first
    assert [row["status"] for row in history] == [*calendar, *whole, *whole] * 2
    assert twizzit("check-migrations", "--json").json()["up_to_date"] is True
    assert (twizzit.folder / ".twizzit").stat().st_mode & 0o077 == 0


def test_the_demo_leaves_no_secret_behind(twizzit: CommandLine, first: Ended) -> None:
    accounts = [organization.account for organization in make_world(SimulatorOptions()).organizations]
    secrets = {account.username: account.password for account in accounts} | {"any token": ANY_TOKEN}
    found = leaks(twizzit.folder / ".twizzit", {**secrets, "name": accounts[0].username}, [first])
    assert {name for name, _ in found} == {"name"}, "the search does find what is there"

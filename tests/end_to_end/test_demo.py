"""`twizzit demo` as `make demo` runs it: in an empty folder, and once more in the same one."""

import re
from pathlib import Path

from tests.end_to_end.command_line import CommandLine


def counted(out: str, what: str) -> list[int]:
    """The numbers of a row of a table."""
    found = re.search(rf"^ *{what} +([\d ,]+)$", out, re.MULTILINE)
    assert found, out
    return [int(number.replace(",", "")) for number in found[1].split()]


def test_the_demo_shows_a_club_arriving_and_then_nothing_changing(tmp_path: Path) -> None:
    twizzit = CommandLine(tmp_path, COLUMNS="80")
    first = twizzit("demo")
    assert first.code == 0, first.out + first.err
    assert "\x1b" not in first.out
    assert max(map(len, first.out.splitlines())) <= 100
    teams, players = counted(first.out, "teams"), counted(first.out, "players")
    assert teams[0] > 5
    assert players[0] > 50
    assert [teams[4], players[4]] == [1, 4]  # rejected
    assert "name_present" in first.out
    for group in ("ShotSpot's tables", "Mappings", "Snapshots", "Journal"):
        rows, *written = counted(first.out, group)
        assert rows > 10
        assert written == [0, 0, 0]
    assert counted(first.out, "Sync history")[0] == 2

    again = twizzit("demo")
    assert again.code == 0, again.out + again.err
    assert f"{teams[0]} teams and {players[0]} players there already" in again.out
    assert counted(again.out, "teams")[:4] == [0, 0, 0, teams[0]]
    assert counted(again.out, "players")[:4] == [0, 0, 0, players[0]]

    (credential,) = twizzit("credentials", "list", "--json").json()
    history = twizzit("history", credential["id"], "--json").json()
    assert [row["status"] for row in history] == ["partial_success"] * 8
    assert twizzit("check-migrations", "--json").json()["up_to_date"] is True
    assert (tmp_path / ".twizzit").stat().st_mode & 0o077 == 0

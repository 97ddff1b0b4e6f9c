"""What a sync's account says of the rows that Twizzit listed: sums that add up, reasons, and the command that helps."""

from collections.abc import Mapping
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from twizzit_pipeline.cli.sync_report import asides
from twizzit_pipeline.runs.asides import REASONS, SetAsideRows, counts_of, set_aside_of
from twizzit_pipeline.runs.history import HistoryRow
from twizzit_pipeline.scheduling.meanings import LISTS


def row(entity: str, details: Mapping[str, Any]) -> HistoryRow:
    now = datetime(2026, 9, 1, tzinfo=UTC)
    return HistoryRow(5, 3, entity, "import", "success", 0, 0, 0, None, now, now, "run", details)


def printed(*rows: HistoryRow) -> list[str]:
    out = Console(file=StringIO(), width=80, highlight=False, markup=False, emoji=False)
    asides.show_rows(out, rows)
    asides.show_set_aside(out, rows)
    assert isinstance(out.file, StringIO)
    return out.file.getvalue().splitlines()


TEAMS = row("teams", {"rows": {"read": 6, "kept": 6, "rejected": 0, "set_aside": 0}, "set_aside": {}})
PLAYERS = row(
    "players",
    {
        "rows": {"read": 1240, "kept": 1227, "rejected": 4, "set_aside": 9},
        "set_aside": {
            "listed_twice": {"count": 1, "twizzit_ids": ["9"]},
            "not_a_player: Trainer": {"count": 8, "twizzit_ids": ["1", "2", "3", "4", "5", "6", "7", "8"]},
        },
    },
)


def test_the_rows_of_each_entity_add_up_and_each_reason_is_said_with_its_ids() -> None:
    assert printed(TEAMS, PLAYERS) == [
        "Rows that Twizzit listed, and what became of them:",
        "  teams        6 read =     6 kept +     0 rejected +     0 set aside",
        "  players  1,240 read = 1,227 kept +     4 rejected +     9 set aside",
        "",
        "Set aside, since they are not meant to come:",
        "  players, 8: “Trainer” is not a player's function; id 1, 2, 3 and 5 more",
        '    otherwise: twizzit config set 3 --function "Trainer=player"',
        "  players, 1: listed more than once, and taken once; id 9",
        "",
    ]


def test_an_account_of_an_older_sync_says_nothing_of_rows() -> None:
    assert printed(row("players", {"rejected": {}}), row("teams", {"season_exists": False})) == []


def test_the_types_of_events_that_are_not_asked_for_are_named() -> None:
    out = Console(file=StringIO(), width=80, highlight=False, markup=False, emoji=False)
    types = {"read": ["Wedstrijd", "Bekerwedstrijd"], "not_read": ["Training", "Tornooidag"]}
    asides.show_event_types(out, [TEAMS, row("matches", {"event_types": types})])
    asides.show_event_types(out, [row("matches", {"event_types": {"read": ["Wedstrijd"], "not_read": []}})])
    assert isinstance(out.file, StringIO)
    assert " ".join(out.file.getvalue().split()) == (
        "Events that are matches: Wedstrijd, Bekerwedstrijd; not asked for: Training, Tornooidag "
        'otherwise: twizzit config set 3 --event-type "NAME=match"'
    )


def test_an_unknown_word_is_reported_with_the_command_that_says_what_it_means() -> None:
    out = Console(file=StringIO(), width=80, highlight=False, markup=False, emoji=False)
    statuses = row("matches", {"unknown_words": {"statuses": {"WO": 1, "Nog te homologeren": 16}}})
    asides.show_unknown_words(out, [TEAMS, row("players", {"unknown_words": {"functions": {"Zwaluw": 1}}}), statuses])
    assert isinstance(out.file, StringIO)
    assert out.file.getvalue().splitlines() == [
        "Words of the account that are not known; say what they mean:",
        "  the function “Zwaluw” of 1 membership: rejected until it is said",
        '    twizzit config set 3 --function "Zwaluw=MEANING"',
        "    where MEANING is player or other",
        "  the status “Nog te homologeren” of 16 matches: they come as scheduled or",
        "      completed, as their score says",
        '    twizzit config set 3 --status "Nog te homologeren=MEANING"',
        "    where MEANING is scheduled, to_reschedule, in_progress, completed or",
        "        cancelled",
        "  the status “WO” of 1 match: they come as scheduled or completed, as their",
        "      score says",
        '    twizzit config set 3 --status "WO=MEANING"',
        "    where MEANING is scheduled, to_reschedule, in_progress, completed or",
        "        cancelled",
        "",
    ]
    asides.show_unknown_words(out, [TEAMS, PLAYERS])
    assert len(out.file.getvalue().splitlines()) == 15, "nothing where every word is known"


def test_a_list_of_syncs_says_it_in_one_line() -> None:
    assert asides.summary(TEAMS) is None
    said = "set aside: 8, “Trainer” is not a player's function; 1, listed more than once, and taken once"
    assert asides.summary(PLAYERS) == said


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("Hulp: trainer", '"Hulp: trainer=player"'),
        ("a=b", '"a=b=player"'),
        ('"Kern"', "'\"Kern\"=player'"),
        ("$HOME", "'$HOME=player'"),
        ("L'équipe", '"L\'équipe=player"'),
    ],
)
def test_a_command_can_be_pasted_whatever_the_word_holds(word: str, said: str) -> None:
    found = row("players", {"set_aside": {f"not_a_player: {word}": {"count": 3, "twizzit_ids": ["1", "2", "3"]}}})
    assert printed(found)[2] == f"    otherwise: twizzit config set 3 --function {said}"
    assert set_aside_of(found.details)[0].word == word


def test_a_reason_that_is_not_in_the_list_is_said_by_its_name() -> None:
    assert SetAsideRows("odd_thing", None, 1, ("1",)).words == "odd thing"
    assert SetAsideRows("odd_thing", "Word", 1, ("1",)).words == "odd thing (“Word”)"
    assert SetAsideRows("odd_thing", "Word", 1, ("1",)).change is None
    assert SetAsideRows("not_a_player", None, 1, ("1",)).words == "not a player's function"
    assert SetAsideRows("not_a_player", None, 1, ("1",)).change is None, "nothing that a command could name"


def test_every_reason_can_be_said_and_points_at_a_list_that_there_is() -> None:
    for name, reason in REASONS.items():
        words = SetAsideRows(name, "Word", 1, ("1",)).words
        assert "{" not in words
        assert (reason.field is None) == (reason.meaning is None)
        if reason.field is not None:
            assert reason.meaning in LISTS[reason.field]
            assert "Word" in words, "a command about a word is shown with that word"


def test_the_page_of_what_arrives_names_every_reason() -> None:
    page = (Path(__file__).parents[3] / "docs" / "what-arrives.md").read_text()
    assert [name for name in REASONS if f"`{name}`" not in page] == []


def test_rows_are_counted_as_the_history_has_them() -> None:
    counts = counts_of(PLAYERS.details)
    assert counts is not None
    assert counts.read == counts.kept + counts.rejected + counts.set_aside == 1240
    assert counts_of({}) is None

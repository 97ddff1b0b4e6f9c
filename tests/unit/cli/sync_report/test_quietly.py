"""What a sync says with `--quiet`, as cron mails it."""

from datetime import UTC, datetime
from typing import Any

from twizzit_pipeline.cli.sync_report.quietly import lines
from twizzit_pipeline.cli.sync_report.running import Synced
from twizzit_pipeline.orchestration.launch import RunResult
from twizzit_pipeline.runs.history import HistoryRow

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


def row(entity: str, status: str = "success", failed: int = 0, **details: Any) -> HistoryRow:
    said = {"entity": entity, **details}
    return HistoryRow(7, 3, entity, "import", status, 9, 9 - failed, failed, None, NOW, NOW, "run", said)


def said(*rows: HistoryRow) -> list[str]:
    run = RunResult("run", success=True, interrupted=False, failures=())
    return list(lines(Synced("KC Ons Huis", "2026-2027", run, list(rows), 1.0)))


def test_nothing_is_said_where_all_is_well() -> None:
    assert said(row("teams"), row("players", questions=0)) == []


def test_what_failed_and_what_waits_has_a_line_with_what_shows_it() -> None:
    opponents: dict[str, Any] = {"questions": 1, "questions_of": {"opponent": 1}}
    assert said(
        row("teams", "partial_success", 1),
        row("players", "partial_success", 4, departures={"held": 2, "waiting": 1, "closed": 0}),
        row("matches", **opponents),
    ) == [
        "KC Ons Huis, season 2026-2027: 5 items failed (1 of teams, 4 of players): twizzit rejected 3",
        "KC Ons Huis, season 2026-2027: waiting for a decision: 1 opponent: twizzit conflicts list 3",
        "KC Ons Huis, season 2026-2027: 2 departures held back: twizzit departures list 3",
    ]


def test_of_an_entity_that_failed_the_error_is_said_alone() -> None:
    assert said(row("players", "failed", 4)) == []

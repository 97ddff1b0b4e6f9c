"""A plan as a file for a spreadsheet: nothing in it runs, and numbers stay numbers."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twizzit_pipeline.runs.spreadsheet import COLUMNS, as_csv, cell

FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1+1", "\u00a0=1")


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_as_a_formula_is_a_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [0, 7, -3, 12.5, "-3", "007", "100006", True, "2026-09-01", "Ann", "D'Hondt", ""])
def test_what_is_none_stays_as_it_is(value: object) -> None:
    assert cell(value) == str(value)


def test_nothing_and_rows_of_shotspot() -> None:
    assert cell(None) == ""
    assert cell({"id": 3, "name": "U15"}) == "U15"
    assert cell({"id": None, "name": "=U15"}) == "'=U15"
    assert cell({"id": 3, "name": None}) == "3"


def document(name: str, new: object) -> dict[str, Any]:
    item = {
        "twizzit_id": "1",
        "local_id": 5,
        "name": name,
        "action": "update",
        "columns": {"first_name": {"old": "Ann", "new": new}},
        "why": "it differs",
    }
    aside = {"twizzit_id": "2", "name": name, "reason": "name_present", "why": "the name is missing"}
    empty: dict[str, Any] = {"beside": [], "failed": [], "set_aside": [], "warned": []}
    return {"entities": [{"entity": "players", "error": None, "items": [item], "rejected": [aside], **empty}]}


@given(st.text(), st.text())
def test_it_is_read_back_and_no_cell_runs(name: str, new: str) -> None:
    text = as_csv(document(name, new))
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert [len(row) for row in rows] == [len(COLUMNS)] * 3
    assert (rows[1][2], rows[1][3], rows[1][7]) == ("1", "5", "Ann")
    for found, said in ((rows[1][4], name), (rows[1][8], new)):
        assert found in (said, f"'{said}")
        assert found[:1] not in set("=+@\t\r\n") and (
            found[:1] != "-" or found.lstrip("-").replace(".", "").isdecimal()
        )


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("2026-12-12T12:00:00+00:00", "2026-12-12 13:00"),
        ("2026-07-04T12:00:00+00:00", "2026-07-04 14:00"),
        ("infinity", "infinity"),
        ("9999-12-31T23:30:00+00:00", "9999-12-31T23:30:00+00:00"),
        (None, ""),
    ],
)
def test_kick_offs_are_those_of_belgian_clocks(kept: str | None, shown: str) -> None:
    made = document("KC A - KC B", "x")
    (item,) = made["entities"][0]["items"]
    item["columns"] = {"date": {"old": kept, "new": kept}, "start_date": {"old": None, "new": "2026-07-01"}}
    made["entities"][0]["beside"] = [{"table": "games", "action": "create", "values": {"date": kept}}]
    question = {"twizzit_id": "1", "local_id": 5, "candidates": [], "name": "A", "kind": "field", "why": "both"}
    made["entities"][0]["questions"] = [{**question, "column": "date", "shotspot": kept, "twizzit": kept}]

    rows = list(csv.DictReader(io.StringIO(as_csv(made).removeprefix("\ufeff"), newline="")))

    dates = [row for row in rows if row["column"] == "date"]
    assert [row["old"] for row in dates] == [shown, "", shown]
    assert [row["new"] for row in dates] == [shown] * 3
    assert [row["new"] for row in rows if row["column"] == "start_date"] == ["2026-07-01"]

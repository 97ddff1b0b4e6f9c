"""The document of a plan as a file that a spreadsheet opens: a line for each value that would change.

A cell runs nothing there: what begins as a formula does, a name for example, gets an apostrophe before it. Numbers stay
numbers, and kick-offs are in Belgian time. UTF-8 with a byte order mark, since Excel asks for one. Pure.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

COLUMNS = ("entity", "what", "twizzit_id", "shotspot_id", "name", "action", "column", "old", "new", "why")

_BELGIUM = ZoneInfo("Europe/Brussels")
_BYTE_ORDER_MARK = "\ufeff"
_NUMBER = re.compile(r"-?\d+([.,]\d+)?")
# What a spreadsheet takes for the beginning of a formula, in wide characters too.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_OTHERS = (("failed", "not applied"), ("rejected", "rejected"), ("set_aside", "set aside"), ("warned", "remark"))


def as_csv(document: Mapping[str, Any]) -> str:
    """The whole document."""
    out = io.StringIO(newline="")
    out.write(_BYTE_ORDER_MARK)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entity in document["entities"]:
        for row in _rows(entity):
            writer.writerow([cell(value) for value in row])
    return out.getvalue()


def cell(value: object) -> str:
    """A value as a cell that runs nothing."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("id") or "a new one"
    text = str(value)
    if _NUMBER.fullmatch(text):
        return text
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) else text


def _rows(entity: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    name = entity["entity"]
    if entity["error"]:
        yield name, "not read", None, None, None, None, None, None, None, entity["error"]
    for item in entity["items"]:
        head = (name, "change", item["twizzit_id"], item["local_id"], item["name"], item["action"])
        if not item["columns"]:
            yield (*head, None, None, None, item["why"])
        for column, pair in item["columns"].items():
            yield (*head, column, _said(column, pair["old"]), _said(column, pair["new"]), item["why"])
    for row in entity["beside"]:
        for column, value in row["values"].items():
            new = _said(column, value)
            yield name, row["table"], None, None, None, row["action"], column, None, new, "the rows above need it"
    for row in entity.get("questions", ()):
        fitting = ", ".join(str(one) for one in row["candidates"]) or None
        head = (name, "question", row["twizzit_id"], row["local_id"] or fitting, row["name"], row["kind"])
        sides = (_said(row["column"], row[side]) for side in ("shotspot", "twizzit"))
        yield (*head, row["column"], *sides, row["why"])
    for kind, word in _OTHERS:
        for row in entity[kind]:
            yield name, word, row["twizzit_id"], None, row["name"], row["reason"], None, None, None, row["why"]


def _said(column: str | None, value: object) -> object:
    """A value as people read it: a kick-off by Belgian clocks, as a spreadsheet takes days and times."""
    if column != "date" or not isinstance(value, str):
        return value
    try:
        return f"{datetime.fromisoformat(value).astimezone(_BELGIUM):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):  # infinity, or a year that Belgium's clocks leave
        return value

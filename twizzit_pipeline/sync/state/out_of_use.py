"""Reads which local rows an undo put out of use, so that the sync after it brings them into use again.

An undo cannot remove a row to which others refer: from then on it is inactive, or cancelled, and without a mapping. The
next sync finds it by its name or its day, and at a first link ShotSpot's values stay. No person
chose what an undo wrote, so it counts as empty.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import Connection, Table

from twizzit_pipeline.plan.rows import LocalCompetition, LocalGame, LocalTeam
from twizzit_pipeline.storage.tables import teams
from twizzit_pipeline.sync.state.journalled import journalled

_UNDO = "undo"  # the action of what an undo wrote
_Calendar = TypeVar("_Calendar", LocalCompetition, LocalGame)


def teams_in_use(connection: Connection, local: Sequence[LocalTeam]) -> list[LocalTeam]:
    """The teams; `is_active` is None where an undo made one inactive that no mapping names."""
    idle = {team.id for team in local if not team.mapped and team.is_active is False}
    left = _left_by_undo(connection, teams, "is_active", idle, "false")
    return [replace(team, is_active=None) if team.id in left else team for team in local]


def in_use(connection: Connection, table: Table, local: Sequence[_Calendar]) -> list[_Calendar]:
    """The games or competitions; `status` is None where an undo cancelled one that no mapping names."""
    off = {row.id for row in local if not row.mapped and row.status == "cancelled"}
    left = _left_by_undo(connection, table, "status", off, "cancelled")
    return [replace(row, status=None) if row.id in left else row for row in local]


def _left_by_undo(connection: Connection, table: Table, column: str, row_ids: Collection[int], value: str) -> set[int]:
    """Those of the rows in which an undo was the last to write the column, with that value."""
    last = {row_id: (said, action) for row_id, said, action in journalled(connection, table, column, row_ids)}
    return {row_id for row_id, written in last.items() if written == (value, _UNDO)}

"""Whether as much is set aside as usual: against the last ten syncs, and team by team."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from statistics import median
from typing import Any

from sqlalchemy import Connection, Select, select

from twizzit_pipeline.quality.findings import Finding, Scope, ratio
from twizzit_pipeline.quality.judged import scan_of
from twizzit_pipeline.quality.names import SET_ASIDE_AS_USUAL
from twizzit_pipeline.quality.volume import before_run, last_syncs
from twizzit_pipeline.runs.asides import counts_of, set_aside_of
from twizzit_pipeline.runs.details import LISTED, ROWS, TEAM_PLAYERS
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.scheduling.meanings import read_meanings
from twizzit_pipeline.storage.tables import sync_history, twizzit_teams
from twizzit_pipeline.sync.reports import MappingReport, ScanReport, by_label
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.words.meanings import key

# One of twelve is no jump: a reason's share of all rows must grow by more than a tenth, and by this many rows.
JUMP = 0.1
_FEWEST = 3
# A team whose two members are both delegates is a team that is being set up.
_FEWEST_MEMBERS = 3

NOT_A_PLAYER = "not_a_player"
MORE_THAN_USUAL = "more_than_usual"
NO_PLAYERS_LEFT = "team_without_players"
WHOLE_TEAM = "whole_team"

_Ids = dict[str, tuple[str, ...]]


def set_aside_in_scan(
    connection: Connection,
    session: SyncSession,
    season: SeasonRow,
    report: ScanReport,
    before: Sequence[Mapping[str, Any]],
) -> Finding:
    """Rows that the scan set aside: a reason whose share has jumped, a team that has lost its players, or a team of
    which one function took them all.

    Args:
        before: what the last syncs left in the history, see `details_before`.
    """
    before = [details for details in before if ROWS in details]
    found: _Ids = {}
    if session.narrowing.group_id is None:
        found |= _jumps(before, by_label(report.set_aside), report.counts.read)
    if report.entity == "players":
        found |= _without_players(connection, session, season, report, before)
        found |= _taken_by_one_function(connection, session, report)
    read, aside = report.counts.read, report.counts.set_aside
    speaks_of: Scope = "season" if session.narrowing.group_id is None else "one team"
    return _finding(found, speaks_of, {"rows": aside, "share": ratio(aside, read), "syncs_compared": len(before)})


def set_aside_in_plan(connection: Connection, session: SyncSession, report: MappingReport, items: int) -> Finding:
    """What the plan set aside, of which only the share can jump.

    Args:
        items: how many items there were.
    """
    before = details_before(connection, session, report.entity) if report.set_aside else []
    before = [details for details in before if ROWS in details]
    found = _jumps(before, report.set_aside, items) if session.narrowing.group_id is None else {}
    aside = sum(len(ids) for ids in report.set_aside.values())
    speaks_of: Scope = "season" if session.narrowing.group_id is None else "one team"
    return _finding(found, speaks_of, {"rows": aside, "share": ratio(aside, items), "syncs_compared": len(before)})


def _finding(found: Mapping[str, tuple[str, ...]], speaks_of: Scope, numbers: Mapping[str, float]) -> Finding:
    return Finding(
        SET_ASIDE_AS_USUAL,
        speaks_of,
        tuple(dict.fromkeys(one for ids in found.values() for one in ids)),
        reasons={reason: len(ids) for reason, ids in found.items()},
        ids_of=found,
        numbers={**numbers, "tolerated": JUMP},
    )


def _jumps(before: list[Mapping[str, Any]], now: Mapping[str, tuple[str, ...]], read: int) -> _Ids:
    """The reasons that more rows are set aside for than usual (the median), and those rows."""
    if not before:
        return {}
    found: _Ids = {}
    shares, numbers = _history_of(before)
    for label, ids in now.items():
        usual_share = median(shares[label] + [0.0] * (len(before) - len(shares[label])))
        usual = median(numbers[label] + [0] * (len(before) - len(numbers[label])))
        if len(ids) - usual >= _FEWEST and len(ids) / max(read, 1) - usual_share > JUMP:
            found[f"{MORE_THAN_USUAL}: {label}"] = ids
    return found


def _history_of(before: Iterable[Mapping[str, Any]]) -> tuple[dict[str, list[float]], dict[str, list[int]]]:
    """Label → its share of the rows, and its number, of each sync that had any."""
    shares: dict[str, list[float]] = defaultdict(list)
    numbers: dict[str, list[int]] = defaultdict(list)
    for details in before:
        counts = counts_of(details)
        for aside in set_aside_of(details):
            shares[aside.label].append(aside.count / max(counts.read if counts else 0, 1))
            numbers[aside.label].append(aside.count)
    return shares, numbers


def _without_players(
    connection: Connection,
    session: SyncSession,
    season: SeasonRow,
    report: ScanReport,
    before: list[Mapping[str, Any]],
) -> _Ids:
    """Teams that had players usually, that the account still lists, and that have none now."""
    had: Counter[str] = Counter()
    for details in before:
        had.update(team_id for team_id, players in (details.get(TEAM_PLAYERS) or {}).items() if players)
    usually = {team_id for team_id, syncs in had.items() if syncs * 2 >= len(before)}
    empty = usually - {team_id for team_id, players in report.team_players.items() if players} - set(report.failed)
    if session.narrowing.group_id is not None:
        empty &= {session.narrowing.group_id}
    if not empty:
        return {}
    listed = select(twizzit_teams.c.twizzit_team_id).where(scan_of(twizzit_teams, session.credential.id, season.id))
    found = tuple(sorted(empty & set(connection.scalars(listed))))
    return {NO_PLAYERS_LEFT: found} if found else {}


def _taken_by_one_function(connection: Connection, session: SyncSession, report: ScanReport) -> _Ids:
    """Teams without a player, of whose members one function took at least three.

    A function of which the club says that it is no player's need not be asked about again.
    """
    members: dict[str, Counter[str]] = defaultdict(Counter)
    for row in report.set_aside:
        if (
            row.reason == NOT_A_PLAYER
            and row.team_id is not None
            and row.word is not None
            and not report.team_players.get(row.team_id)
        ):
            members[row.team_id][row.word] += 1
    found: dict[str, list[str]] = defaultdict(list)
    for team_id, words in sorted(members.items()):
        word, count = words.most_common(1)[0]
        if count >= _FEWEST_MEMBERS and team_id not in report.failed:
            found[word].append(team_id)
    if not found:
        return {}
    said = read_meanings(connection, session.credential.id).functions
    return {f"{WHOLE_TEAM}: {word}": tuple(ids) for word, ids in found.items() if said.get(key(word)) != "other"}


@cache
def _details(entity: str) -> Select[Any]:
    return last_syncs(select(sync_history.c.details), entity, LISTED)


def details_before(connection: Connection, session: SyncSession, entity: str) -> list[Mapping[str, Any]]:
    """What the last ten syncs of everything left in the history: `LISTED` among it, and `ROWS` of each but very old
    ones.
    """
    found = connection.scalars(_details(entity), before_run(session))
    return [details for details in found if details is not None]

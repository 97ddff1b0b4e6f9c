"""Whose turn it is: one sync of an organization at a time, requested ones before those that are due.

What belongs here: what follows from a tick's `View`, without the database. A run that comes too early all the same
finds the lease taken: its request waits for another turn, and so does what was due (`automatic.gave_way`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from twizzit_pipeline.runs.lease import lease_keys
from twizzit_pipeline.scheduling.standing import Asked, Standing, View


@dataclass(frozen=True, slots=True)
class Turn:
    """A credential that may sync now: for `asked`, or because it is due (None)."""

    standing: Standing
    asked: Asked | None

    @property
    def credential_id(self) -> int:
        return self.standing.credential.id

    @property
    def due(self) -> datetime | None:
        """Since when it is due (UTC with zone); None for a requested one, and where it is due for the first time."""
        plan = self.standing.schedule
        return None if self.asked is not None or plan is None else plan.next_sync_at

    def season(self, day: date, season_start: str) -> str:
        """The label of the season to sync.

        Raises:
            ValueError: as `Standing.running_season`.
        """
        asked = self.asked.season if self.asked is not None else None
        return asked or self.standing.running_season(day, season_start)

    def entities(self, season: str) -> frozenset[str]:
        """What a run must sync to bring what the request, or else the configuration, is about.

        `competitions` are those and their matches. Neither players nor matches come without the teams of that season:
        where they were never read (or the one team asked for has no mapping), the teams come along.
        """
        wanted = self.standing.wanted if self.asked is None else self.asked.wish.entities
        return wanted if season in self.standing.teams_read else wanted | {"teams"}


def next_in_line(
    view: View, *, day: date, season_start: str, busy: Collection[int] = (), yielding: Collection[str] = ()
) -> list[Turn]:
    """Those who may sync now: of each organization without a sync under way, the longest requested or else due.

    Args:
        busy: credentials that an orchestrator has a run for already.
        yielding: runs that let others of their credential pass (a backfill's): a lease that one of them holds keeps
            only others of its organization waiting.
    """
    taken: defaultdict[str, set[int]] = defaultdict(set)  # lease → the credentials that it lets pass
    shut: set[str] = set()
    for held in view.leases:
        if held.run_id in yielding:
            taken[held.organization].add(held.credential_id)
        else:
            shut.add(held.organization)
    for credential_id in busy:
        if credential_id in view.standings:
            shut |= lease_keys(view.standings[credential_id].credential)
    line: list[Turn] = []
    for turn in [*_asked(view), *_due(view, day, season_start)]:
        keys = lease_keys(turn.standing.credential)
        passes = all(not taken[key] or taken[key] == {turn.credential_id} for key in keys & taken.keys())
        waits = turn.asked is not None and (turn.asked.status != "queued" or turn.asked.claimed)
        if passes and not shut & keys and not waits:
            line.append(turn)
        shut |= keys
    return line


def _asked(view: View) -> list[Turn]:
    found = [Turn(one, one.asked) for one in view.standings.values() if one.asked is not None]
    return sorted(found, key=_since)


def _since(turn: Turn) -> tuple[object, ...]:
    assert turn.asked is not None
    return turn.asked.requested_at, turn.asked.id


def _due(view: View, day: date, season_start: str) -> Iterator[Turn]:
    """Those whose time has come, the longest overdue first; the ones that cannot sync take no other one's turn."""
    due = [
        (plan.next_sync_at or view.now, credential_id)
        for credential_id, standing in view.standings.items()
        if (plan := standing.schedule) is not None and plan.is_due(view.now)
    ]
    for _, credential_id in sorted(due):
        standing = view.standings[credential_id]
        if standing.trouble(day, season_start) is None:
            yield Turn(standing, None)

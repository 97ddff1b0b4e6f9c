"""From the runs that ended to the facts of notifications: pure, one credential's run after the other.

What ends a state, and what counts as the same:

* A failure ends with the first run that brings in what had failed. The same error makes one notification a day, and one
  an hour where it meets other seasons of the credential (a backfill). Errors that differ only in numbers are the same.
* A partial success ends when what was partial succeeds; a failure in between leaves it open. A new reason makes another
  notification, and so do twice as many failed items as in the last one (ten at least).
* Lateness ends with a run that went well, once the credential is not late any more. Syncs that are further apart so
  that the month's calls last make no notification.
* Departures that are held back make one notification, and another when there are more. It ends when a sync finds none
  held back.
* A sync that hangs makes one notification. It ends with the sync: a successful one is a recovery, another a failure.
* A run that asks what it has not asked before (a conflict, a doubtful link) makes one notification; what waits is not
  notified again.
* A run that a person stopped makes no notification and ends nothing; one of a single team ends nothing either.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from twizzit_pipeline.notifications.events import (
    FAILED,
    HANGING,
    HELD,
    LATE,
    PARTIAL,
    QUESTIONS,
    RECOVERED,
    Fact,
    Facts,
)
from twizzit_pipeline.notifications.runs import Outcome, Run
from twizzit_pipeline.queries.hanging import Hanging
from twizzit_pipeline.runs.asked import summed
from twizzit_pipeline.scheduling.freshness import Late

SAME_SEASON_AGAIN = timedelta(days=1)
OTHER_SEASON_AGAIN = timedelta(hours=1)
_FEW_ITEMS = 10
_LATENESS = "late"
_HANG = "hangs"


def fingerprint(error: str) -> str:
    """What two errors that count as the same have in common: the words, with every number left out."""
    return re.sub(r"\d+", "#", error)


class Streaks:
    """The open facts while runs are followed."""

    def __init__(self, still_open: list[Fact], late: Collection[int], now: datetime) -> None:
        self._facts: dict[int, list[Fact]] = defaultdict(list)
        for fact in still_open:
            self._facts[fact.credential_id].append(fact)
        self._late = late
        self._now = now
        self.found = Facts()

    def follow(self, run: Run) -> None:
        if run.stopped:
            return
        if run.failures:
            self._fail(run, run.failures)
        elif run.whole:
            self._end_what_is_over(run)
        if run.partial:
            self._note_partial(run, run.partial)
        if run.whole:
            self._note_held(run)
        self._note_questions(run, [one for one in run.outcomes if one.new_questions_of])

    def _note_questions(self, run: Run, asking: Sequence[Outcome]) -> None:
        if asking:
            new = summed(one.new_questions_of for one in asking)
            waiting = summed(one.questions_of for one in run.outcomes)
            body = {
                **_of_run(run),
                "entities": [one.entity for one in asking],
                "new": sum(new.values()),
                "new_of": new,
                "waiting": sum(waiting.values()),
                "waiting_of": waiting,
            }
            self._add(QUESTIONS, run.credential_id, asking[0].history_id, body)

    def note_late(self, late: Late, organization: str) -> None:
        if late.because != "waiting" and not self._open(LATE, late.credential_id):
            body = {
                "organization": organization,
                "expected_at": late.expected_at.isoformat(),
                "last_success_at": None if late.last_success_at is None else late.last_success_at.isoformat(),
                "interval_minutes": late.interval_minutes,
                "because": late.because,
                "since": late.expected_at.isoformat(),
                "open": [_LATENESS],
            }
            self._add(LATE, late.credential_id, f"{late.expected_at:%Y-%m-%dT%H:%M:%S}", body)

    def note_hanging(self, hanging: Sequence[Hanging], organizations: dict[int, str]) -> None:
        """Adds a fact for each new one, and ends the facts of those that are over."""
        now = {one.run_id for one in hanging}
        for facts in list(self._facts.values()):
            for fact in facts:
                if fact.kind == HANGING and fact.is_open and fact.body["run_id"] not in now:
                    fact.end([_HANG])
                    self._change(fact)
        for one in hanging:
            if any(fact.body["run_id"] == one.run_id for fact in self._open(HANGING, one.credential_id)):
                continue
            body = {
                "organization": organizations.get(one.credential_id, ""),
                "run_id": one.run_id,
                "why": one.why,
                "what_to_do": one.what_to_do,
                "since": one.since.isoformat(),
                "open": [_HANG],
            }
            self._add(HANGING, one.credential_id, one.run_id, body)

    def _fail(self, run: Run, failures: Sequence[Outcome]) -> None:
        error = next((one.error for one in failures if one.error), "failed without saying why")
        same = [
            fact for fact in self._open(FAILED, run.credential_id) if fact.body["fingerprint"] == fingerprint(error)
        ]
        if self._covered(same, run):
            return
        body = {
            **_of_run(run),
            "history_id": failures[0].history_id,
            "entities": [one.entity for one in failures],
            "error": error,
            "fingerprint": fingerprint(error),
            "since": run.ended_at.isoformat(),
            "more": 0,
            "open": [_matter(run, one) for one in failures],
        }
        self._replace([fact for fact in same if fact.body["season"] == run.season], body)
        self._add(FAILED, run.credential_id, failures[0].history_id, body)

    def _note_partial(self, run: Run, partial: Sequence[Outcome]) -> None:
        reasons = sorted({reason for one in partial for reason in one.reasons})
        failed = sum(one.failed for one in partial)
        earlier = self._open(PARTIAL, run.credential_id)
        as_bad = [
            fact
            for fact in earlier
            if set(reasons) <= set(fact.body["reasons"]) and failed < max(2 * int(fact.body["failed"]), _FEW_ITEMS)
        ]
        if self._covered(as_bad, run, for_good=True):
            return
        body = {
            **_of_run(run),
            "history_id": partial[0].history_id,
            "entities": [one.entity for one in partial],
            "error": "; ".join(f"{one.entity}: {one.error}" for one in partial if one.error),
            "reasons": reasons,
            "failed": failed,
            "processed": sum(one.processed for one in partial),
            "more": 0,
            "open": [_matter(run, one) for one in partial],
        }
        before = [fact for fact in earlier if fact.body["season"] == run.season]
        body["reasons"] = sorted({*reasons, *(reason for fact in before for reason in fact.body["reasons"])})
        self._replace(before, body)
        self._add(PARTIAL, run.credential_id, partial[0].history_id, body)

    def _note_held(self, run: Run) -> None:
        known = [one for one in run.outcomes if one.held is not None]
        none = [f"departures/{one.entity}" for one in known if one.held == 0]
        for fact in self._open(HELD, run.credential_id):
            if fact.end(none):
                self._change(fact)
        held = {one.entity: one.held for one in known if one.held}
        total = sum(held.values())
        earlier = self._open(HELD, run.credential_id)
        if not total or any(total <= int(fact.body["held"]) for fact in earlier):
            return
        body = {
            **_of_run(run),
            "held": total,
            "entities": list(held),
            "since": run.ended_at.isoformat(),
            "open": [f"departures/{entity}" for entity in held],
        }
        self._replace(earlier, body)
        self._add(HELD, run.credential_id, run.row_ids[-1], body)

    def _end_what_is_over(self, run: Run) -> None:
        well = [_matter(run, one) for one in run.outcomes if one.status in {"success", "partial_success"}]
        if not well:
            return
        over = self._end(FAILED, run, well)
        if run.credential_id not in self._late:
            over += self._end(LATE, run, [_LATENESS])
        over += self._end(HANGING, run, [_HANG])
        wholly = [_matter(run, one) for one in run.outcomes if one.status == "success"]
        self._end(PARTIAL, run, wholly)
        if over:
            body = {
                **_of_run(run),
                "status": "partial_success" if run.partial else "success",
                "kinds": sorted({fact.kind for fact in over}),
                "since": min(fact.body["since"] for fact in over),
            }
            self._add(RECOVERED, run.credential_id, run.row_ids[-1], body)

    def _end(self, kind: str, run: Run, matters: Sequence[str]) -> list[Fact]:
        """The facts that are over with that."""
        over = []
        for fact in self._open(kind, run.credential_id):
            if fact.end(matters):
                self._change(fact)
                if not fact.is_open:
                    over.append(fact)
        return over

    def _covered(self, facts: Iterable[Fact], run: Run, *, for_good: bool = False) -> bool:
        """Whether one of these facts stands for this run too; one without a notification yet counts the run."""
        for fact in facts:
            age = abs(self._now - fact.at)  # one that lies ahead is of before the clock was put back
            if fact.body["season"] == run.season:
                covers = for_good or age < SAME_SEASON_AGAIN
            else:
                covers = age < OTHER_SEASON_AGAIN
            if covers:
                if fact.row_id is None:
                    fact.body["more"] += 1
                return True
        return False

    def _replace(self, before: Sequence[Fact], body: dict[str, Any]) -> None:
        """A fact takes over what is open of those before it."""
        for fact in before:
            body["open"] = sorted({*body["open"], *fact.body["open"]})
            if "since" in body:
                body["since"] = min(body["since"], fact.body["since"])
            fact.body["open"] = []
            self._change(fact)

    def _add(self, kind: str, credential_id: int, what: object, body: dict[str, Any]) -> None:
        fact = Fact(kind, credential_id, f"{kind}:{credential_id}:{what}", self._now, body)
        self._facts[credential_id].append(fact)
        self.found.new.append(fact)

    def _change(self, fact: Fact) -> None:
        if fact.row_id is not None and fact not in self.found.changed:
            self.found.changed.append(fact)

    def _open(self, kind: str, credential_id: int) -> list[Fact]:
        return [fact for fact in self._facts[credential_id] if fact.kind == kind and fact.is_open]


def _of_run(run: Run) -> dict[str, Any]:
    return {"organization": run.organization, "season": run.season, "ended_at": run.ended_at.isoformat()}


def _matter(run: Run, outcome: Outcome) -> str:
    return f"{run.season}/{outcome.entity}"

"""The text of notifications: facts become one message, plain text for any channel.

Names of organizations and texts of errors come from outside: they are made one line of visible characters here, and
each channel takes out what would be markup to it. No person is named.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twizzit_pipeline.notifications import events
from twizzit_pipeline.notifications.advice import what_helps
from twizzit_pipeline.notifications.events import Fact
from twizzit_pipeline.runs.asked import UNNAMED, in_words
from twizzit_pipeline.runs.plans import counted

MOST_LINES = 10
MOST_LINES_OF_A_DIGEST = 60
_LONGEST_NAME = 80
_LONGEST_ERROR = 300

_TITLES = {
    events.FAILED: "sync failed",
    events.LATE: "sync is late",
    events.HANGING: "sync hangs",
    events.BUDGET_SPENT: "calls used up",
    events.PLAN_WAITS: "a plan waits",
    events.HELD: "departures held back",
    events.BUDGET_80: "80 % of the calls used",
    events.QUESTIONS: "decisions wait",
    events.PARTIAL: "partial success",
    events.RECOVERED: "works again",
}
_ORDER = {kind: place for place, kind in enumerate(_TITLES)}


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `subject` is one line; `lines` say everything, the subject's words included.

    `reference` is the same whenever the same facts are sent, so that a mail program shows them once.
    """

    subject: str
    lines: tuple[str, ...]
    reference: str


def compose(facts: Sequence[Fact]) -> Message:
    """The message about these facts, the oldest first; of one credential or of many."""
    of_one = len({fact.credential_id for fact in facts}) == 1
    digest = not of_one and all(fact.kind in (events.PARTIAL, events.QUESTIONS) for fact in facts)
    most = MOST_LINES_OF_A_DIGEST if digest else MOST_LINES
    shown = facts if digest or of_one else sorted(facts, key=lambda fact: _ORDER[fact.kind])
    lines = [_in_brief(fact) if digest else _line(fact, named=not of_one) for fact in shown[:most]]
    if len(facts) > most:
        lines.append(f"… and {len(facts) - most} more: twizzit notifications list")
    subject = _subject(facts) if of_one else _subject_of_many(facts)
    return Message(subject, (subject, *lines), f"{facts[0].key}.{len(facts)}.{int(facts[-1].at.timestamp())}")


def trial(now: datetime) -> Message:
    """What `twizzit notifications test` sends."""
    subject = "Twizzit: this is a test"
    return Message(
        subject,
        (subject, "Notifications will arrive here when a sync fails, is late, or works again."),
        f"test.{int(now.timestamp() * 1000)}",
    )


def plain(text: object, longest: int) -> str:
    """Text from outside as one line of visible characters, so long at most."""
    # Everything that unicodedata calls C is invisible or steers: controls, marks that turn the direction, unassigned.
    visible = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in str(text))
    line = " ".join(visible.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def _subject(facts: Sequence[Fact]) -> str:
    first = min(facts, key=lambda fact: list(_TITLES).index(fact.kind))
    more = f" (and {len(facts) - 1} more)" if len(facts) > 1 else ""
    return f"Twizzit: {_TITLES[first.kind]}: {_organization(first)}{more}"


def _subject_of_many(facts: Sequence[Fact]) -> str:
    counted = Counter(fact.kind for fact in facts)
    kinds = ", ".join(f"{counted[kind]} × {title}" for kind, title in _TITLES.items() if counted[kind])
    return f"Twizzit: news of {len({fact.credential_id for fact in facts})} credentials: {kinds}"


def _organization(fact: Fact) -> str:
    name = plain(fact.body.get("organization", ""), _LONGEST_NAME)
    return f"{name} (credential {fact.credential_id})" if name else f"credential {fact.credential_id}"


def _line(fact: Fact, *, named: bool) -> str:
    said = _WORDS[fact.kind](fact.body, fact.credential_id)
    return f"• {_organization(fact)}: {said}" if named else f"• {said}"


def _in_brief(fact: Fact) -> str:
    """A partial success, or what waits for a decision, in a digest of many: what, how much, and where to look."""
    body = fact.body
    if fact.kind == events.QUESTIONS:
        return _line(fact, named=True)
    return (
        f"• {_organization(fact)}: {_what(body)}: {body['failed']} of {body['processed']} items failed:"
        f" twizzit history {fact.credential_id}"
    )


def _failed(body: Mapping[str, Any], credential_id: int) -> str:
    return (
        f"Failed at {_moment(body['ended_at'])}: {_what(body)}: {_sentence(body['error'])}"
        f"{_more(body, 'more of its syncs failed for the same reason')}"
        f"{_helps(body['error'], credential_id)} (row {body['history_id']} of its history)"
    )


def _helps(error: str, credential_id: int) -> str:
    command = what_helps(error, credential_id)
    return "" if command is None else f" What helps: {command}"


def _partial(body: Mapping[str, Any], credential_id: int) -> str:
    return (
        f"Partial success at {_moment(body['ended_at'])}: {_what(body)}: {body['failed']} of {body['processed']} items"
        f" failed. {_sentence(body['error'])}{_more(body, 'more of its syncs ended like that')}"
        f" The rest arrived. Which ones (row {body['history_id']}): twizzit history {credential_id}"
    )


def _recovered(body: Mapping[str, Any], _: int) -> str:
    was = {(events.LATE,): "being late", (events.HANGING,): "hanging"}.get((*body["kinds"],), "failing")
    how = "with a partial success" if body["status"] == "partial_success" else "successfully"
    season = f" {plain(body['season'], _LONGEST_NAME)}" if body["season"] else ""
    return f"Synced{season} {how} at {_moment(body['ended_at'])}, after {was} since {_moment(body['since'])}."


def _late(body: Mapping[str, Any], credential_id: int) -> str:
    last = "never" if body["last_success_at"] is None else f"at {_moment(body['last_success_at'])}"
    return (
        f"Late: a sync was expected by {_moment(body['expected_at'])} (every {body['interval_minutes']} minutes); the"
        f" last one that went well: {last}. {_BECAUSE[body['because']]} twizzit status {credential_id}"
    )


def _hanging(body: Mapping[str, Any], _: int) -> str:
    return f"Since {_moment(body['since'])} {_sentence(body['why'])} {_sentence(body['what_to_do'])}"


def _plan(body: Mapping[str, Any], credential_id: int) -> str:
    changes = counted(body["changes"], body.get("remembered", 0))
    return (
        f"An automatic sync of {plain(body['season'], _LONGEST_NAME)} stopped at its plan: {changes} wait for a person,"
        f" until {_moment(body['expires_at'])}. Look at it: twizzit plans show {body['plan_id']}; apply it:"
        f" twizzit sync {credential_id} --apply {body['plan_id']}"
    )


def _held(body: Mapping[str, Any], credential_id: int) -> str:
    count = f"{body['held']} {'departure is' if body['held'] == 1 else 'departures are'}"
    return (
        f"At {_moment(body['ended_at'])}: {_what(body)}: {count} held back,"
        " for Twizzit does not list them any more and a person must say whether that is right. All else arrived."
        f" twizzit departures list {credential_id}"
    )


def _questions(body: Mapping[str, Any], credential_id: int) -> str:
    waiting = body.get("waiting_of") or {UNNAMED: body["waiting"]}
    new = body.get("new_of") or {UNNAMED: body["new"]}
    said = f"{in_words(waiting)}, {'new' if new == waiting else f'{in_words(new)} of them new'}"
    return f"Waiting for a decision: {said} ({_what(body)}): twizzit conflicts list {credential_id}"


def _budget(body: Mapping[str, Any], credential_id: int) -> str:
    said = "Automatic syncs are spaced so that the rest lasts until the month ends."
    return f"{_used(body)} {said} twizzit config show {credential_id}"


def _spent(body: Mapping[str, Any], credential_id: int) -> str:
    why = f" {_sentence(body['paused_because'])}" if body["paused_because"] else ""
    until = f" Automatic syncs pause until {_moment(body['paused_until'])}." if body["paused_until"] else ""
    limit = f"twizzit config set {credential_id} --limit CALLS"
    return f"{_used(body)}{why}{until} Ask the federation for more calls, or raise the limit: {limit}"


_BECAUSE = {
    "running": "One is under way.",
    "failing": "Its syncs fail.",
    "waiting": "The next one is planned for later.",
    "overdue": "It is due, and no run has started: is the orchestrator running?",
}

_WORDS: Mapping[str, Callable[[Mapping[str, Any], int], str]] = {
    events.FAILED: _failed,
    events.PARTIAL: _partial,
    events.RECOVERED: _recovered,
    events.LATE: _late,
    events.HANGING: _hanging,
    events.HELD: _held,
    events.QUESTIONS: _questions,
    events.BUDGET_80: _budget,
    events.PLAN_WAITS: _plan,
    events.BUDGET_SPENT: _spent,
}


def _used(body: Mapping[str, Any]) -> str:
    of = "" if body["limit"] is None else f" of {body['limit']:,}"
    return f"{body['calls']:,}{of} calls to Twizzit were made in {body['month']}."


def _what(body: Mapping[str, Any]) -> str:
    parts = [body["season"], " and ".join(body["entities"])]
    return plain(", ".join(filter(None, parts)), _LONGEST_NAME)


def _more(body: Mapping[str, Any], what: str) -> str:
    return f" And {body['more']} {what}." if body.get("more") else ""


def _sentence(text: str) -> str:
    line = plain(text, _LONGEST_ERROR)
    return line if line.endswith((".", "…", "!", "?")) or not line else f"{line}."


def _moment(iso: str) -> str:
    return f"{datetime.fromisoformat(iso):%Y-%m-%d %H:%M} UTC"

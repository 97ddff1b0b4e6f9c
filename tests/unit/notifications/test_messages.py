"""The words of a message, and that nothing from outside is more than words in it."""

import json
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twizzit_pipeline.notifications.email import Email
from twizzit_pipeline.notifications.events import Fact
from twizzit_pipeline.notifications.messages import MOST_LINES, Message, compose, plain, trial
from twizzit_pipeline.notifications.webhook import text

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
RUN = {"season": "2026-2027", "ended_at": NOW.isoformat(), "history_id": 7, "entities": ["teams", "players"]}
BODIES: dict[str, dict[str, object]] = {
    "failed": {**RUN, "error": "Twizzit does not accept the login", "since": NOW.isoformat(), "more": 12},
    "partial_success": {**RUN, "error": "players: 2 rejected: gender (4, 9)", "failed": 2, "processed": 130, "more": 0},
    "recovered": {**RUN, "status": "success", "kinds": ["failed"], "since": "2026-11-02T09:30:00+00:00"},
    "late": {
        "expected_at": NOW.isoformat(),
        "last_success_at": None,
        "interval_minutes": 60,
        "because": "overdue",
    },
    "questions": {
        **RUN,
        "entities": ["players"],
        "new": 2,
        "new_of": {"field": 2},
        "waiting": 5,
        "waiting_of": {"field": 4, "opponent": 1},
    },
    "budget_80": {"month": "2026-11", "calls": 4012, "limit": 5000, "paused_until": None, "paused_because": None},
    "budget_spent": {
        "month": "2026-11",
        "calls": 5000,
        "limit": 5000,
        "paused_until": "2026-12-01T00:00:00+00:00",
        "paused_because": "Twizzit says so",
    },
}
SAID = {
    "failed": "• Failed at 2026-11-03 12:00 UTC: 2026-2027, teams and players: Twizzit does not accept the login."
    " And 12 more of its syncs failed for the same reason. What helps: twizzit credentials change-password 3 (row 7"
    " of its history)",
    "partial_success": "• Partial success at 2026-11-03 12:00 UTC: 2026-2027, teams and players: 2 of 130 items failed."
    " players: 2 rejected: gender (4, 9). The rest arrived. Which ones (row 7): twizzit history 3",
    "recovered": "• Synced 2026-2027 successfully at 2026-11-03 12:00 UTC, after failing since 2026-11-02 09:30 UTC.",
    "late": "• Late: a sync was expected by 2026-11-03 12:00 UTC (every 60 minutes); the last one that went well:"
    " never. It is due, and no run has started: is the orchestrator running? twizzit status 3",
    "questions": "• Waiting for a decision: 1 opponent and 4 conflicts, 2 conflicts of them new (2026-2027, players):"
    " twizzit conflicts list 3",
    "budget_80": "• 4,012 of 5,000 calls to Twizzit were made in 2026-11. Automatic syncs are spaced so that the rest"
    " lasts until the month ends. twizzit config show 3",
    "budget_spent": "• 5,000 of 5,000 calls to Twizzit were made in 2026-11. Twizzit says so. Automatic syncs pause"
    " until 2026-12-01 00:00 UTC. Ask the federation for more calls, or raise the limit: twizzit config set 3 --limit"
    " CALLS",
}
HOSTILE = "KC\r\nBcc: all@evil.example\n\n<!channel> <http://evil.example|click> @everyone \u202e](http://x)\x00\x1b[2J"


def fact(kind: str, credential_id: int = 3, organization: str = "KC Ons Huis", **changes: object) -> Fact:
    body = {**BODIES[kind], "organization": organization, **changes}
    return Fact(kind, credential_id, f"{kind}:{credential_id}:7", NOW, body, 1)


def letter(message: Message) -> bytes:
    email = Email(
        host="", port=25, security="none", login=None, sender="a@club.example", recipients=("b@club.example",)
    )
    return email.letter(message).as_bytes()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"new_of": {"opponent": 1}, "waiting_of": {"opponent": 1}}, "1 opponent, new"),
        ({"new_of": None, "waiting_of": None}, "5 questions, 2 questions of them new"),
    ],
)
def test_what_waits_has_the_noun_of_its_kind(changes: dict[str, Any], said: str) -> None:
    """An event that an earlier version stored has numbers alone."""
    line = compose([fact("questions", **changes)]).lines[1]
    assert line.startswith(f"• Waiting for a decision: {said} (2026-2027, players)")


@pytest.mark.parametrize("kind", BODIES)
def test_every_kind_says_what_happened_and_what_to_do(kind: str) -> None:
    subject, line = compose([fact(kind)]).lines
    assert line == SAID[kind]
    assert subject.startswith("Twizzit: ")
    assert subject.endswith(": KC Ons Huis (credential 3)")


def test_several_facts_of_a_credential_are_one_message_called_after_the_worst() -> None:
    message = compose([fact("recovered"), fact("failed"), fact("budget_80")])
    assert message.subject == "Twizzit: sync failed: KC Ons Huis (credential 3) (and 2 more)"
    assert message.lines[1:] == (SAID["recovered"], SAID["failed"], SAID["budget_80"])


def test_many_credentials_are_counted_and_named() -> None:
    message = compose([fact("late", number, f"Club {number}") for number in range(1, 40)] + [fact("failed", 40)])
    assert message.subject == "Twizzit: news of 40 credentials: 1 × sync failed, 39 × sync is late"
    assert len(message.lines) == 1 + MOST_LINES + 1
    assert message.lines[1].startswith("• KC Ons Huis (credential 40): Failed at ")  # the most urgent first
    assert message.lines[2].startswith("• Club 1 (credential 1): Late: ")
    assert message.lines[-1] == "… and 30 more: twizzit notifications list"


def test_partial_successes_of_many_are_one_digest_with_a_line_for_each() -> None:
    message = compose([fact("partial_success", number, f"Club {number}") for number in range(1, 41)])
    assert message.subject == "Twizzit: news of 40 credentials: 40 × partial success"
    assert len(message.lines) == 41
    assert message.lines[7] == (
        "• Club 7 (credential 7): 2026-2027, teams and players: 2 of 130 items failed: twizzit history 7"
    )


@pytest.mark.parametrize(
    ("error", "command"),
    [
        (
            "Twizzit does not accept the username and password (401): check the credential",
            "credentials change-password 3",
        ),
        (
            "/groups answered 401 twice, with a fresh token in between: check the account",
            "credentials change-password 3",
        ),
        ("Password decryption failed: set the key", "doctor"),
        ("The stored password does not fit its MAC: store it again", "credentials change-password 3"),
        ("Credential 3 is switched off: activate it before syncing", "credentials activate 3"),
        ("Twizzit says that this month's calls are spent", "config show 3"),
        ("None of the account's event types is called a match", 'config set 3 --event-type "NAME=match"'),
        ("/groups answered in the shape of v1: the endpoint should probably end in /v1", "credentials verify 3"),
        ("The account has 2 organizations and none of them has the credential's name", "credentials verify 3"),
        ("/groups answered 503: Twizzit has a problem; try again later", "credentials verify 3"),
        ("interrupted: the process ended before the sync did", "sync 3"),
        ("interrupted: nothing was heard of the process for a minute: it ended, or was cut off", "sync 3"),
        ("unexpected error: KeyError", "history 3"),
    ],
)
def test_a_failure_names_the_one_command_that_helps(error: str, command: str) -> None:
    (line,) = compose([fact("failed", error=error, more=0)]).lines[1:]
    assert line.endswith(f" What helps: twizzit {command} (row 7 of its history)")
    assert line.count("twizzit ") == 1


def test_an_error_that_names_a_command_needs_no_other() -> None:
    error = "This account may not read its matches; leave them out: twizzit config set 3 --no-competitions"
    (line,) = compose([fact("failed", error=error, more=0)]).lines[1:]
    assert line.endswith("twizzit config set 3 --no-competitions. (row 7 of its history)")


def test_a_reference_is_the_facts_own() -> None:
    one, other = fact("failed"), fact("late")
    assert compose([one]).reference == compose([one]).reference
    assert len({compose(facts).reference for facts in ([one], [other], [one, other])}) == 3
    assert trial(NOW).reference != trial(datetime.now(UTC)).reference


def test_text_from_outside_is_one_visible_line() -> None:
    assert plain(" a\r\n\tb\u2028c\u202ed\x00 ", 80) == "a b c d"
    assert plain("x" * 90, 80) == "x" * 79 + "…"


def test_a_hostile_name_is_harmless_to_slack_and_its_like() -> None:
    message = compose([fact("failed", organization=HOSTILE, error=HOSTILE)])
    said = text(message)
    assert len(said.splitlines()) == 2
    assert "<" not in said
    assert ">" not in said
    assert "@everyone" not in said
    assert "](" not in said
    assert "\u202e" not in said
    assert "&lt;!channel&gt;" in said


def test_a_hostile_name_adds_no_header_to_an_email() -> None:
    sent = letter(compose([fact("failed", organization=HOSTILE, season=HOSTILE)]))
    read = message_from_bytes(sent, policy=default)
    assert sorted(read.keys()) == sorted(
        [
            "Subject",
            "From",
            "To",
            "Date",
            "Message-ID",
            "Auto-Submitted",
            "Content-Type",
            "Content-Transfer-Encoding",
            "MIME-Version",
        ]
    )
    assert read["To"] == "b@club.example"
    assert "\n" not in read["Subject"]
    assert "Bcc: all@evil.example" in read["Subject"]  # as words


@given(st.text(), st.text())
def test_any_name_and_any_error_can_be_sent(name: str, error: str) -> None:
    message = compose([fact("failed", organization=name, error=error), fact("partial_success", season=name)])
    assert len(text(message).splitlines()) == 3
    assert json.loads(json.dumps({"text": text(message)}))
    head, _, _ = letter(message).partition(b"\r\n\r\n")
    assert head.count(b"\r\nMessage-ID: ") == 1
    assert max(map(len, head.split(b"\r\n"))) < 998

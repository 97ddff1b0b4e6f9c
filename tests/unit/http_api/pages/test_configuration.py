"""What the form of the settings means where another administrator has changed some of them since it was shown."""

import json
from typing import Any

import pytest

from twizzit_pipeline.http_api.pages.configuration import _meant, _typed
from twizzit_pipeline.http_api.pages.forms import Form
from twizzit_pipeline.scheduling import policies

OWN = dict.fromkeys((f"policy-of-{field}" for field in policies.FIELDS), "")
SHOWN: dict[str, Any] = {
    "sync_teams": True,
    "sync_players": True,
    "sync_competitions": False,
    "auto_sync_enabled": True,
    "review": False,
    "every": "2",
    "unit": "hours",
    "monthly_call_limit": "",
    "notify_to": "a@club.example\nb@club.example",
    "conflict_policy": "twizzit",
    "policy-of-players.gender": "newest",
}


def sent(was: str, **typed: Any) -> Form:
    """What a browser sends: ticked boxes, all texts, and line ends as forms have them."""
    form = {**OWN, **SHOWN, **typed}
    boxes = [(name, "on") for name, value in form.items() if value is True]
    texts = [(name, value.replace("\n", "\r\n")) for name, value in form.items() if isinstance(value, str)]
    return Form([("was", was), *boxes, *texts])


def test_what_was_left_alone_stays_as_another_administrator_has_made_it() -> None:
    now = {**SHOWN, "auto_sync_enabled": False, "review": True, "conflict_policy": "ask", "notify_to": "c@club.example"}
    now |= {"policy-of-teams.name": "shotspot", "every": "30", "unit": "minutes"}
    del now["policy-of-players.gender"]
    form = sent(json.dumps(SHOWN), monthly_call_limit="5000", sync_competitions=True, sync_teams=False)

    meant = _typed(_meant(form, now))

    expected = {**OWN, **now, "monthly_call_limit": "5000", "sync_competitions": True, "sync_teams": False}
    assert meant == expected


def test_what_was_changed_counts_though_another_one_changed_it_too() -> None:
    now = {**SHOWN, "conflict_policy": "ask", "every": "5", "unit": "days", "policy-of-players.gender": "ask"}
    form = sent(json.dumps(SHOWN), conflict_policy="newest", every="3", **{"policy-of-players.gender": ""})

    meant = _typed(_meant(form, now))

    assert (meant["conflict_policy"], meant["policy-of-players.gender"]) == ("newest", "")
    assert (meant["every"], meant["unit"]) == ("3", "hours")  # a number means nothing without its unit


@pytest.mark.parametrize("was", ["", "{", "[]", "7", "[" * 50_000, '{"sync_teams": [[]], "unknown": 1}'])
def test_without_what_was_shown_the_form_counts_as_it_is(was: str) -> None:
    form = sent(was, review=True)
    assert _typed(_meant(form, {**SHOWN, "sync_teams": False, "every": "9"})) == _typed(form)

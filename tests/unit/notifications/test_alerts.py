"""The alert rules: valid YAML, one alert for each credential, and each says how bad it is and what to do."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from twizzit_pipeline.queries.credential_state import CredentialState, Signal

FILE = Path(__file__).parents[3] / "deploy" / "twizzit-alerts.yml"
GROUPS = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]
RULES: dict[str, dict[str, Any]] = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
OF_CREDENTIALS = [name for name, rule in RULES.items() if "credential_id" in rule["expr"]]


def test_each_name_is_there_once() -> None:
    assert len(RULES) == sum(len(group["rules"]) for group in GROUPS)


@pytest.mark.parametrize("name", RULES)
def test_each_waits_and_says_how_bad_it_is(name: str) -> None:
    rule = RULES[name]
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"[1-9]\d*m", rule["for"])
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"].endswith((".", "twizzit up"))
    expression = rule["expr"]
    assert expression.count("(") == expression.count(")")
    assert expression.count('"') % 2 == 0


@pytest.mark.parametrize("name", OF_CREDENTIALS)
def test_one_of_a_credential_names_it_and_the_command(name: str) -> None:
    rule = RULES[name]
    assert rule["labels"]["credential_id"] == "{{ $labels.credential_id }}"
    assert "sum(" not in rule["expr"]  # a sum would be one alert for all
    assert rule["annotations"]["what_to_do"].startswith("twizzit ")
    assert "{{ $labels.credential_id }}" in rule["annotations"]["summary"]


def test_every_state_that_needs_attention_has_one_as_bad_as_its_colour() -> None:
    severities: dict[str, str] = {}
    for rule in RULES.values():
        for states in re.findall(r'twizzit_sync_lasting_state\{state=~"([^"]+)"\}', rule["expr"]):
            severities |= dict.fromkeys(states.split("|"), rule["labels"]["severity"])
    colours = {Signal.RED: "critical", Signal.AMBER: "warning"}
    assert severities == {one.value: colours[one.signal] for one in CredentialState if one.needs_attention}

"""What a configuration may say of conflicts, and what it means for each entity."""

from typing import Any

import pytest

from twizzit_pipeline.errors import ConfigurationRefused
from twizzit_pipeline.policies import Policies
from twizzit_pipeline.scheduling import policies


def test_the_field_of_an_entity_comes_before_the_field_of_all() -> None:
    said = {"name": "shotspot", "teams.name": "ask", "players.first_name": "newest"}
    assert policies.policies_of("teams", "twizzit", said) == Policies("twizzit", {"name": "ask"})
    assert policies.policies_of("competitions", "twizzit", said) == Policies("twizzit", {"name": "shotspot"})
    assert policies.policies_of("players", "ask", said) == Policies("ask", {"first_name": "newest"})
    assert policies.policies_of("matches", "ask", said) == Policies("ask", {})


@pytest.mark.parametrize("stored", [None, "mine", 7, ["ask"], {"players.first_name": "mine", "players.x": "ask"}])
def test_a_stored_word_that_is_none_counts_as_nothing(stored: Any) -> None:
    assert policies.policies_of("players", stored, stored) == Policies("twizzit", {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("conflict_policy", "mine"),
        ("conflict_policy", None),
        ("conflict_policy", ["ask"]),
        ("conflict_exceptions", None),
        ("conflict_exceptions", ["first_name"]),
        ("conflict_exceptions", {"players.first_name": "mine"}),
        ("conflict_exceptions", {"players.is_active": "ask"}),
        ("conflict_exceptions", {"teams.first_name": "ask"}),
        ("conflict_exceptions", {7: "ask"}),
    ],
)
def test_what_is_no_policy_or_no_field_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        policies.check(name, value)
    assert refused.value.field == name


def test_what_is_one_is_taken_and_none_takes_it_back() -> None:
    for policy in ("twizzit", "shotspot", "newest", "ask"):
        policies.check("conflict_policy", policy)
        policies.check("conflict_exceptions", dict.fromkeys((*policies.FIELDS, "name"), policy))
    assert policies.changed({"name": "ask"}, {"name": None, "gender": "newest"}) == {"gender": "newest"}

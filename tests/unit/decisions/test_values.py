"""A person's value for a field: what the contracts take there, typed as the column has it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from twizzit_pipeline.decisions.values import judged
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.errors import ValueRefused
from twizzit_pipeline.storage.tables import LOCAL


@pytest.mark.parametrize(
    ("field", "given", "held"),
    [
        ("players.first_name", "  Anne \t Marie ", "Anne Marie"),
        ("players.last_name", "x" * 50, "x" * 50),
        ("players.gender", "Vrouw", "female"),
        ("players.gender", None, None),
        ("players.jersey_number", "7", 7),
        ("players.jersey_number", 0, 0),
        ("players.jersey_number", "", None),
        ("players.team_id", "12", 12),
        ("teams.gender", "mixed", "mixed"),
        ("teams.age_group", None, None),
        ("competitions.start_date", "2026-12-31", date(2026, 12, 31)),
        ("competitions.end_date", None, None),
        ("competitions.status", "completed", "completed"),
        ("matches.date", "2026-12-31T20:00", datetime(2026, 12, 31, 19, tzinfo=UTC)),
        ("matches.date", "2026-07-01T20:00+00:00", datetime(2026, 7, 1, 20, tzinfo=UTC)),
        ("matches.home_score", "12", 12),
        ("matches.status", "to_reschedule", "to_reschedule"),
    ],
)
def test_a_value_that_fits_is_typed(field: str, given: Any, held: object) -> None:
    entity, _, column = field.partition(".")
    found = judged(entity, column, given)
    assert (found, type(found)) == (held, type(held))


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("players.first_name", ""),
        ("players.first_name", None),
        ("players.first_name", "x" * 51),
        ("players.first_name", "a\x00b"),
        ("players.first_name", 7),
        ("players.gender", "mixed"),
        ("players.gender", "X"),
        ("players.jersey_number", -1),
        ("players.jersey_number", 1000),
        ("players.jersey_number", "7.5"),
        ("players.jersey_number", "٣"),
        ("players.jersey_number", True),
        ("teams.name", "x" * 101),
        ("teams.age_group", "x" * 21),
        ("competitions.start_date", None),
        ("competitions.start_date", "31/12/2026"),
        ("competitions.competition_type", "cup"),
        ("matches.date", "tomorrow"),
        ("matches.date", None),
        ("matches.date", "0001-01-01T00:00"),
        ("matches.status", "in_progress"),
        ("matches.home_score", None),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_would(field: str, given: Any) -> None:
    entity, _, column = field.partition(".")
    with pytest.raises(ValueRefused) as refused:
        judged(entity, column, given)
    assert len(str(refused.value)) > 10


def test_every_compared_field_has_its_values_and_its_column() -> None:
    for entity in ENTITIES.values():
        for column in entity.compared:
            assert column in LOCAL[entity.name].c
            with pytest.raises(ValueRefused):
                judged(entity.name, column, {"no": "value"})

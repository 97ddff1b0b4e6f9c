"""The rules as they are shown, and the models that ask them: the same, none more and none less."""

from importlib import import_module

import pandera.pandas as pa
import pytest

from twizzit_pipeline.contracts.judging import rules_of
from twizzit_pipeline.contracts.rules import contract_of
from twizzit_pipeline.contracts.rules.players import FUNCTION_KNOWN
from twizzit_pipeline.contracts.rules.rule import Kind, Rule
from twizzit_pipeline.entities import ENTITIES

KIND_OF: dict[str, Kind] = {"Contract": "reject", "Asides": "set_aside", "Hints": "warn"}
OF_A_DIALECT = {FUNCTION_KNOWN}


def asked(entity: str) -> list[tuple[Kind, Rule]]:
    """Every rule that a model of the entity's module asks, with what that does to a row, in their order."""
    module = import_module(f"twizzit_pipeline.contracts.{entity}")
    models = {
        name.removeprefix(ENTITIES[entity].one.capitalize()): model
        for name, model in vars(module).items()
        if isinstance(model, type) and issubclass(model, pa.DataFrameModel) and model.__module__ == module.__name__
    }
    return [(KIND_OF[name], rule) for name in KIND_OF if name in models for rule in rules_of(models[name])]


@pytest.mark.parametrize("entity", ENTITIES)
def test_what_is_shown_is_what_is_asked(entity: str) -> None:
    shown = [(rule.kind, rule) for rule in contract_of(entity) if rule not in OF_A_DIALECT]
    assert asked(entity) == shown
    assert {kind for kind, _ in shown} >= {"reject", "warn"}


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_check_of_a_model_says_what_its_rule_says(entity: str) -> None:
    module = import_module(f"twizzit_pipeline.contracts.{entity}")
    schema = getattr(module, f"{ENTITIES[entity].one.capitalize()}Contract").to_schema()
    columns = [(name, check) for name, column in schema.columns.items() for check in column.checks]
    rows = [(None, check) for check in schema.checks]
    rejecting = [rule for rule in contract_of(entity) if rule.kind == "reject" and rule not in OF_A_DIALECT]
    assert [(name, check.name, check.description, check.ignore_na) for name, check in (*columns, *rows)] == [
        (None if rule.of_row else rule.column, rule.name, rule.description, rule.of_row or not rule.asks_nulls)
        for rule in rejecting
    ]

"""The rules of the contracts, as what is said of them: a list for each entity, in the module of its name.

What belongs here: names and texts, and nothing that judges, so that a rule can be shown without pandas. The models that
ask the rules are in the module of the same name one folder up.
"""

from importlib import import_module

from twizzit_pipeline.contracts.rules.rule import Rule
from twizzit_pipeline.entities import ENTITIES


def contract_of(entity: str) -> tuple[Rule, ...]:
    """Every rule of an entity's contract: `RULES` of the module of its name."""
    rules: tuple[Rule, ...] = import_module(f"{__name__}.{ENTITIES[entity].name}").RULES
    return rules

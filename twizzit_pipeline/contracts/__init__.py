"""What a row must be: a pandera model for each entity, in the module of its name, and what becomes of rows."""

from importlib import import_module
from typing import TYPE_CHECKING

from twizzit_pipeline.entities import ENTITIES

if TYPE_CHECKING:  # most readers need a name of one module alone; pandas comes with the contracts themselves
    from twizzit_pipeline.contracts.rules import Rule


def contract_of(entity: str) -> "tuple[Rule, ...]":
    """Every rule of an entity's contract: `RULES` of the module of its name."""
    rules: tuple[Rule, ...] = import_module(f"{__name__}.{ENTITIES[entity].name}").RULES
    return rules

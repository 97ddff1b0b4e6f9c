"""Teams, players, competitions and matches: for each, what is fetched and judged, and how its plan is applied."""

from importlib import import_module
from typing import Any

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.sync.mapping import EntityPlan


def planned(entity: str) -> EntityPlan[Any]:
    """How an entity is planned: `PLANNED` of the module of its name."""
    found: EntityPlan[Any] = import_module(f"{__name__}.{ENTITIES[entity].name}").PLANNED
    return found

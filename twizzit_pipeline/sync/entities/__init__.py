"""Teams, players, competitions and matches: for each, what is fetched and judged, and how its plan is applied."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.sync.mapping import EntityPlan
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.sync.session import SyncSession


def planned(entity: str) -> EntityPlan[Any]:
    """How an entity is planned: `PLANNED` of the module of its name."""
    found: EntityPlan[Any] = import_module(f"{__name__}.{ENTITIES[entity].name}").PLANNED
    return found


def scan_of(entity: str) -> Callable[[SyncSession], ScanReport]:
    """The scan of an entity: `scan_…` of the module of its name."""
    found: Callable[[SyncSession], ScanReport] = _function("scan", entity)
    return found


def map_of(entity: str) -> Callable[[SyncSession], MappingReport]:
    """The mapping of an entity: `map_…` of the module of its name."""
    found: Callable[[SyncSession], MappingReport] = _function("map", entity)
    return found


def _function(verb: str, entity: str) -> Any:
    name = ENTITIES[entity].name
    return getattr(import_module(f"{__name__}.{name}"), f"{verb}_{name}")

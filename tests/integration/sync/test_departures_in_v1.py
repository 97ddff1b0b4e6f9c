"""Departures in an account that cannot be asked for an id: a person approves them, and a second reading must agree."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.sync import test_departures
from tests.integration.sync.test_departures import WRITTEN, departure, roster_of
from tests.support.calendar_world import EVERYTHING
from tests.support.sync_world import SyncWorld
from twizzit_pipeline.decisions.departures import decide
from twizzit_pipeline.entities import ENTITIES, EntityName
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.tables import MAPPINGS
from twizzit_pipeline.twizzit.v1.dialect import V1

SMALL = test_departures.SMALL


def test_v1_cannot_ask_and_leaves_it_to_a_person(world: SyncWorld) -> None:
    credential_id = world.add_credential(dialect="v1")
    calls = world.sync(credential_id).calls
    _, (leaver, *_) = roster_of(world)
    world.simulator.changes.remove_person(leaver)

    held = world.sync(credential_id)

    assert (held.players.departed, held.players.held, held.calls) == (0, (str(leaver),), calls)
    assert (departure(world, leaver)["kind"], world.player(leaver)["is_active"]) == ("unproved", True)
    before = world.dump(WRITTEN)
    world.sync(credential_id)
    assert world.dump(WRITTEN) == before
    decide(world.database.engine, credential_id, "approve", [("players", str(leaver))], actor=this_user())
    assert world.sync(credential_id).players.departed == 1
    assert (world.player(leaver)["team_id"], world.player(leaver)["is_active"]) == (None, False)


ANSWERS: dict[str, Callable[[Any, str], Any]] = {
    "teams": lambda found, id_: replace(found, teams=[one for one in found.teams if one.id != id_]),
    "rosters": lambda found, id_: replace(found, players=[one for one in found.players if one.id != id_]),
    "calendar": lambda found, id_: replace(found, matches=[one for one in found.matches if one.id != id_]),
}


@pytest.mark.parametrize(("entity", "answer"), [("players", "rosters"), ("teams", "teams"), ("matches", "calendar")])
def test_in_v1_what_is_back_stays_though_one_answer_lacks_it_after_a_person_has_approved(
    world: SyncWorld, entity: EntityName, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential_id = world.add_credential(dialect="v1")
    world.sync(credential_id, steps=EVERYTHING)
    mappings = world.rows(MAPPINGS[entity], credential_id=credential_id)
    id_ = max(str(row[f"twizzit_{ENTITIES[entity].one}_id"]) for row in mappings if is_open(world, entity, row))
    whole, still = getattr(V1, answer), [True]

    def lacking(*given: Any, **more: Any) -> Any:
        found, lacks = whole(*given, **more), still and still.pop()
        return ANSWERS[answer](found, id_) if lacks else found

    monkeypatch.setattr(V1, answer, lacking)
    first = world.sync(credential_id, steps=EVERYTHING)
    assert departure(world, id_)["status"] == "held"
    decide(world.database.engine, credential_id, "approve", [(entity, id_)], actor=this_user())
    before = world.rows(tables.players), world.rows(tables.teams), world.rows(tables.games)
    still.append(True)
    second = world.sync(credential_id, steps=EVERYTHING)
    assert (departure(world, id_)["status"], still) == ("approved", [])
    assert (world.rows(tables.players), world.rows(tables.teams), world.rows(tables.games)) == before
    assert second.calls > first.calls, "all of it is read a second time, for what is to be done now alone"
    world.sync(credential_id, steps=EVERYTHING)
    assert {row["status"] for row in world.rows(tables.departures, twizzit_id=id_)} == {"returned"}


def is_open(world: SyncWorld, entity: EntityName, mapping: dict[str, Any]) -> bool:
    """Whether it may depart: of matches those that are still to be played."""
    if entity != "matches":
        return True
    (game,) = world.rows(tables.games, id=mapping["local_game_id"])
    return bool(game["status"] == "scheduled" and game["date"] > datetime.now(UTC))

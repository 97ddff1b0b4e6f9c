"""What the tests of previews share: a preview of a simulated club, and the content of a whole database."""

import itertools
from typing import Any

from sqlalchemy import text

from tests.support.sync_world import SyncWorld
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.sync.preview.making import Preview, preview

# What a preview leaves besides its own row: the count and the pace of its calls.
LEFT_BY_A_PREVIEW = {"twizzit_plans", "twizzit_api_usage", "twizzit_rate_limits"}

_run_numbers = itertools.count(1)


def previewed(world: SyncWorld, credential_id: int, season: str | None = None, **more: Any) -> Preview:
    """A preview of everything, as a person asks for one."""
    asked: dict[str, Any] = {"entities": list(ENTITIES), "requested_by": "os:ann", "progress": lambda _: None, **more}
    return preview(
        world.settings,
        world.database,
        credential_id=credential_id,
        season=season,
        run_id=f"preview-{next(_run_numbers)}",
        **asked,
    )


def whole_database(world: SyncWorld) -> dict[str, list[str]]:
    """Every row of every table of the schema, as text, in a fixed order."""
    names = (
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    with world.database.engine.connect() as connection:
        return {
            name: sorted(connection.scalars(text(f'SELECT row_to_json(t)::text FROM "{name}" t')).all())
            for name in connection.scalars(text(names)).all()
        }


def but_for(found: dict[str, list[str]], left: set[str] = LEFT_BY_A_PREVIEW) -> dict[str, list[str]]:
    """The same without the tables that a preview writes."""
    return {name: rows for name, rows in found.items() if name not in left}


def of_entity(made: Preview, entity: str) -> dict[str, Any]:
    """What the document says of one entity."""
    (found,) = (one for one in made.document["entities"] if one["entity"] == entity)
    return dict(found)


def item(made: Preview, entity: str, twizzit_id: str | int) -> dict[str, Any]:
    """One row of the plan."""
    (found,) = (one for one in of_entity(made, entity)["items"] if one["twizzit_id"] == str(twizzit_id))
    return dict(found)

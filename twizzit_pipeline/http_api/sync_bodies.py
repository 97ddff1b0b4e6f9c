"""What clients send with a sync, a preview and the applying of a plan, judged."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from twizzit_pipeline.entities import ENTITIES, SyncType
from twizzit_pipeline.http_api.bodies import LONGEST_ID, Body, RemoteId, in_single_spaces

_ENTITY = "|".join(f"{one.one}|{one.name}" for one in ENTITIES.values())
_ITEM_PATTERN = rf"^({_ENTITY}):[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$"
_MOST_ITEMS = 10_000


class SeasonSync(Body):
    """Which season to sync."""

    season_id: Annotated[
        RemoteId | None,
        BeforeValidator(in_single_spaces),
        Field(description="Id or name of a season; the running one by default"),
    ] = None


class PreviewSync(SeasonSync):
    """What a preview is about."""

    only: Annotated[SyncType | None, Field(description="These alone; everything by default")] = None


class Applying(Body):
    """What of a plan is left out."""

    without: Annotated[
        list[Annotated[str, StringConstraints(pattern=_ITEM_PATTERN, max_length=LONGEST_ID + 20)]],
        Field(max_length=_MOST_ITEMS, description='Items that are left as they are, like "player:123"'),
    ] = []  # noqa: RUF012 - a default of pydantic, copied for each

    @property
    def items(self) -> list[tuple[str, str]]:
        """Entity and remote id of each."""
        entities = {one.one: one.name for one in ENTITIES.values()}
        found = [one.partition(":") for one in self.without]
        return [(entities.get(entity, entity), remote_id) for entity, _, remote_id in found]


def _no_group(value: object) -> object:
    if value is not None:
        raise ValueError("competitions and their matches are synced for all groups at once: leave it out")
    return value


def _all_made(value: bool | None) -> bool | None:
    if value is False:
        raise ValueError("competitions, matches and opponents are made where ShotSpot has none: leave it out")
    return value


class CompetitionsSync(SeasonSync):
    """A sync of competitions is not narrowed: a request for less than everything is refused, not given more."""

    group_id: Annotated[None, BeforeValidator(_no_group), Field(description="Not for competitions")] = None
    create_missing: Annotated[
        bool | None,
        AfterValidator(_all_made),
        WithJsonSchema({"anyOf": [{"const": True}, {"type": "null"}]}),
        Field(description="Not for competitions"),
    ] = None


class PlayersSync(SeasonSync):
    """What a sync of players is narrowed to."""

    group_id: Annotated[RemoteId | None, Field(description="Only this group of Twizzit")] = None
    create_missing: Annotated[bool | None, Field(description="False: nothing is made that ShotSpot does not have")] = (
        None
    )


class TeamsSync(PlayersSync):
    """What a sync of teams covers."""

    include_players: Annotated[bool | None, Field(description="True: the players of the teams as well")] = None

"""What Twizzit lists now."""

from datetime import date
from typing import Literal

from pydantic import Field

from twizzit_pipeline.http_api.schemas.base import Answer


class LiveOrganization(Answer):
    """The organization that a credential reads; no id in the old API."""

    organization_id: str | None = Field(validation_alias="id")
    organization_name: str = Field(validation_alias="name")


class Group(Answer):
    """A group of Twizzit: a team, usually."""

    id: str
    name: str
    short_name: str | None
    club_name: str | None


class Groups(Answer):
    """All of them."""

    groups: list[Group]
    total: int
    has_more: Literal[False] = False


class Season(Answer):
    """A season; where the account lists none, the running one, whose id is its name."""

    id: str
    name: str = Field(validation_alias="label")
    start_date: date | None
    end_date: date | None


class Seasons(Answer):
    """All of them."""

    seasons: list[Season]
    total: int


class PreviewedPlayer(Answer):
    """A player as Twizzit lists them now."""

    id: str
    first_name: str | None
    last_name: str | None


class PlayersPreview(Answer):
    """The players of one group."""

    total: int
    players: list[PreviewedPlayer]

"""What clients send to decide what waits for a person."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from twizzit_pipeline.http_api.bodies import Body, RemoteId

Chosen = Annotated[list[RemoteId], Field(default_factory=list, max_length=10_000)]


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a moment as a text, with its zone")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("beyond the years that there are") from None


class DepartureChoice(Body):
    """Which departures are decided: by Twizzit's ids, or all that are held back."""

    players: Chosen
    teams: Chosen
    matches: Chosen
    everything: Annotated[bool, Field(alias="all", description="All that are held back")] = False

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """Each as its entity and its remote id."""
        named = {"players": self.players, "teams": self.teams, "matches": self.matches}
        return [(entity, one) for entity, ids in named.items() for one in ids]


class UndoSince(Body):
    """Which syncs and undos are undone: those of a credential that began at a moment or later."""

    credential_id: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
    since: Annotated[
        AwareDatetime,
        AfterValidator(_in_utc),
        BeforeValidator(_text),
        Field(strict=False, description="With its zone: 2026-11-28T14:00:00+01:00"),
    ]

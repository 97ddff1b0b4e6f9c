"""What clients send to decide what waits for a person."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from twizzit_pipeline.http_api.bodies import Body, RemoteId

Chosen = Annotated[list[RemoteId], Field(default_factory=list, max_length=10_000)]


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
    since: Annotated[AwareDatetime, Field(description="With its zone: 2026-11-28T14:00:00+01:00")]

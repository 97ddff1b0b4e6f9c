"""What clients send, judged: types are taken strictly, fields that nobody knows are passed over.

ShotSpot's front end sends more than the guide names, so an unknown field is no fault.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic.alias_generators import to_camel

from twizzit_pipeline.sync.config import LONGEST_INTERVAL_MINUTES, SHORTEST_INTERVAL_MINUTES

LEAST_MINUTES, MOST_MINUTES = SHORTEST_INTERVAL_MINUTES, LONGEST_INTERVAL_MINUTES
_MINUTES_OF = {"minutes": 1, "hours": 60, "days": 1440}


class Body(BaseModel):
    """Base of all bodies. What was sent stays out of error texts: it may be a password."""

    model_config = ConfigDict(alias_generator=to_camel, strict=True, hide_input_in_errors=True, extra="ignore")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("printable characters only")
    return text


def _one_line(secret: SecretStr) -> SecretStr:
    if any(character in secret.get_secret_value() for character in "\n\r\0"):
        raise ValueError("one line without control characters")
    return secret


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), AfterValidator(_printable)
]
Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_printable)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=1000), AfterValidator(_one_line)]


def _as_text(value: str | int) -> str:
    return str(value).strip()


# Ids of Twizzit: numbers on the wire, text here; clients send either.
RemoteId = Annotated[
    Annotated[int, Field(ge=0, le=2**63 - 1)]
    | Annotated[
        str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$", max_length=100)
    ],
    AfterValidator(_as_text),
]


class NewCredential(Body):
    """A login to store; without `apiEndpoint`, the guide's default."""

    organization_name: Name
    api_username: Name
    api_password: Password
    api_endpoint: Url | None = None


class PlayersSync(Body):
    """What a sync of players is narrowed to."""

    season_id: Annotated[RemoteId | None, Field(description="Id or name of a season; the running one by default")] = (
        None
    )
    group_id: Annotated[RemoteId | None, Field(description="Only this group of Twizzit")] = None
    create_missing: Annotated[bool | None, Field(description="False: nothing is made that ShotSpot does not have")] = (
        None
    )


class TeamsSync(PlayersSync):
    """What a sync of teams covers."""

    include_players: Annotated[bool | None, Field(description="True: the players of the teams as well")] = None


class Preview(Body):
    """Which group to look into."""

    group_id: RemoteId
    season_id: RemoteId | None = None


class ConfigChange(Body):
    """What to change of a configuration; a field that is left out (or null) stays.

    The interval is `syncIntervalMinutes`; or `syncIntervalHours` or `syncIntervalDays`, of which `syncIntervalUnit`
    says which one counts where several are given.
    """

    sync_teams: bool | None = None
    sync_players: bool | None = None
    sync_competitions: bool | None = None
    auto_sync_enabled: bool | None = None
    sync_interval_minutes: Annotated[int, Field(ge=LEAST_MINUTES, le=MOST_MINUTES)] | None = None
    sync_interval_hours: Annotated[float, Field(ge=LEAST_MINUTES / 60, le=MOST_MINUTES / 60)] | None = None
    sync_interval_days: Annotated[float, Field(ge=LEAST_MINUTES / 1440, le=MOST_MINUTES / 1440)] | None = None
    sync_interval_unit: Literal["minutes", "hours", "days"] | None = None

    @property
    def minutes(self) -> int | None:
        """The interval that was sent, in minutes; None where none was."""
        given = {
            "minutes": self.sync_interval_minutes,
            "hours": self.sync_interval_hours,
            "days": self.sync_interval_days,
        }
        first = [self.sync_interval_unit] if self.sync_interval_unit else []
        for unit in [*first, "minutes", "hours", "days"]:
            value = given[unit]
            if value is not None:
                return round(value * _MINUTES_OF[unit])
        return None

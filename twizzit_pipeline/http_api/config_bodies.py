"""What clients send to change the configuration of a credential."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from twizzit_pipeline.http_api.bodies import Body, EventType, Meant, whole
from twizzit_pipeline.policies import Policy
from twizzit_pipeline.scheduling.config import LARGEST_LIMIT
from twizzit_pipeline.scheduling.recipients import MOST as MOST_RECIPIENTS
from twizzit_pipeline.scheduling.schedule import LONGEST_INTERVAL_MINUTES, SHORTEST_INTERVAL_MINUTES
from twizzit_pipeline.words.meanings import EventTypeMeaning, FunctionMeaning, GroupTypeMeaning, StatusMeaning

_MINUTES_OF = {"minutes": 1, "hours": 60, "days": 1440}


class ConfigChange(Body):
    """What to change of a configuration; a field that is left out (or null) stays, but for the limit of calls, which
    null takes away.

    Of `functions`, `eventTypes`, `groupTypes` and `statuses`, those words change that are sent; null forgets a word. So
    it is with the fields of `conflictExceptions`.

    The interval is `syncIntervalMinutes`; or `syncIntervalHours` or `syncIntervalDays`, of which `syncIntervalUnit`
    says which one counts where several are given.
    """

    sync_teams: bool | None = None
    sync_players: bool | None = None
    sync_competitions: bool | None = None
    auto_sync_enabled: bool | None = None
    sync_interval_minutes: Annotated[
        Annotated[int, Field(ge=SHORTEST_INTERVAL_MINUTES, le=LONGEST_INTERVAL_MINUTES)] | None, BeforeValidator(whole)
    ] = None
    sync_interval_hours: (
        Annotated[float, Field(ge=SHORTEST_INTERVAL_MINUTES / 60, le=LONGEST_INTERVAL_MINUTES / 60)] | None
    ) = None
    sync_interval_days: (
        Annotated[float, Field(ge=SHORTEST_INTERVAL_MINUTES / 1440, le=LONGEST_INTERVAL_MINUTES / 1440)] | None
    ) = None
    sync_interval_unit: Literal["minutes", "hours", "days"] | None = None
    monthly_call_limit: Annotated[
        Annotated[int, Field(ge=1, le=LARGEST_LIMIT)] | None,
        BeforeValidator(whole),
        Field(description="Calls to Twizzit a month; automatic syncs are spread to stay within them. Null: no limit"),
    ] = None
    notify_to: Annotated[
        list[str] | None,
        Field(
            max_length=MOST_RECIPIENTS,
            description="E-mail addresses notified about this credential, besides those of the settings; [] for none",
        ),
    ] = None
    match_event_type: Annotated[
        EventType | None,
        Field(
            description='The same as eventTypes {"X": "match"}; null forgets every type that was said to be a match',
            json_schema_extra={"deprecated": True},
        ),
    ] = None
    is_federation: Annotated[
        bool | None, Field(description="Its groups may name other clubs than the organization: a federation's")
    ] = None
    review: Annotated[
        bool | None, Field(description="Automatic syncs stop at their plan, until a person applies it")
    ] = None
    functions: Annotated[
        Meant[FunctionMeaning] | None,
        Field(description="Whose members of a team play: id or name of a function → player or other"),
    ] = None
    event_types: Annotated[
        Meant[EventTypeMeaning] | None,
        Field(description="Which events are matches: id or name of a type → match or other"),
    ] = None
    group_types: Annotated[
        Meant[GroupTypeMeaning] | None,
        Field(description="Which groups are teams: id or name of a type → team or other"),
    ] = None
    statuses: Annotated[
        Meant[StatusMeaning] | None,
        Field(description="How a match stands: the account's word → the status of ShotSpot that it means"),
    ] = None

    conflict_policy: Annotated[
        Policy | None, Field(description="Who wins where both sides changed a field since the last sync")
    ] = None
    conflict_exceptions: Annotated[
        dict[Annotated[str, StringConstraints(max_length=100)], Policy | None] | None,
        Field(
            max_length=100,
            description="Other policies for fields: players.first_name, or first_name → policy; null removes one",
        ),
    ] = None

    @property
    def says_event_type(self) -> bool:
        """Whether the type of matches was sent, be it null."""
        return "match_event_type" in self.model_fields_set

    @property
    def says_limit(self) -> bool:
        """Whether the limit of calls was sent, be it null."""
        return "monthly_call_limit" in self.model_fields_set

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

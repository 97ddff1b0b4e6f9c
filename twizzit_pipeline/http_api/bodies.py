"""What clients send, judged: types are taken strictly, unknown fields are passed over.

ShotSpot's front end sends more than the guide names, so an unknown field is no fault.
"""

from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from twizzit_pipeline.scheduling.meanings import LONGEST_WORD, MOST_WORDS

_LARGEST_SERIAL = 2**31 - 1  # of a serial column
_MOST_CREDENTIALS = 10_000
_LARGEST_WHOLE = 2**53 - 1  # of JavaScript


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
Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(_printable),
    Field(json_schema_extra={"format": "uri"}),
]
Password = Annotated[SecretStr, Field(min_length=1, max_length=1000), AfterValidator(_one_line)]


def whole(value: object) -> object:
    """60.0 is a whole number in JSON, as it is in JavaScript."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_text(value: object) -> object:
    """Ids of Twizzit are numbers on the wire and text here; clients send either."""
    number = whole(value)
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= _LARGEST_WHOLE:
        return str(number)
    return value


_ID_PATTERN = r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$"
LONGEST_ID = 100

RemoteId = Annotated[
    str,
    StringConstraints(pattern=_ID_PATTERN, max_length=LONGEST_ID),
    BeforeValidator(_as_text),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": _LARGEST_WHOLE},
                {"type": "string", "pattern": _ID_PATTERN, "maxLength": LONGEST_ID},
            ]
        }
    ),
]


EventType = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_WORD),
    AfterValidator(_printable),
    BeforeValidator(_as_text),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": _LARGEST_WHOLE},
                {"type": "string", "minLength": 1, "maxLength": LONGEST_WORD},
            ]
        }
    ),
]


# A word of the account, the id or the name of a function, type or status. What is said of one is judged once more
# with all the words that are there (`scheduling.meanings`).
Word = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_WORD),
    AfterValidator(_printable),
]
_Meaning = TypeVar("_Meaning")
Meant = Annotated[dict[Word, _Meaning | None], Field(max_length=MOST_WORDS)]


def in_single_spaces(value: object) -> object:
    """A name as people type or copy it: tabs, line ends and the like are spaces."""
    return " ".join(value.split()) if isinstance(value, str) else value


def _unless_empty(value: object) -> object:
    """A form's empty field is one that was left out."""
    return None if isinstance(value, str) and not value.strip() else value


class NewCredential(Body):
    """A login to store; without `apiEndpoint`, the guide's default or the live service, whichever answers."""

    organization_name: Name
    api_username: Name
    api_password: Password
    api_endpoint: Annotated[Url | None, BeforeValidator(_unless_empty)] = None
    verify: Annotated[bool | None, Field(description="True: log in with it, and say what came of that")] = None


class AcceptedLogin(Body):
    """The user name and the endpoint that the administrator looked at, and accepts."""

    api_username: Name
    api_endpoint: Url


class ClubChange(Body):
    """Which club of ShotSpot the credential's organization is; null: its name decides."""

    club_id: Annotated[
        Annotated[int, Field(ge=1, le=_LARGEST_SERIAL)] | None,
        BeforeValidator(whole),
        Field(description="The id of a club of ShotSpot; null removes it"),
    ]


class EndpointChange(Body):
    """Another address for a login."""

    api_endpoint: Annotated[
        Url | None, BeforeValidator(_unless_empty), Field(description="The endpoint to use from now on; null: it stays")
    ] = None
    same_organization: Annotated[
        bool | None,
        Field(description="True: it is the same Twizzit under another address, and what was mapped goes on there"),
    ] = None


class CoachChange(Body):
    """Which clubs a coach may see."""

    credentials: Annotated[
        list[Annotated[int, Field(ge=1, le=_LARGEST_SERIAL), BeforeValidator(whole)]],
        Field(max_length=_MOST_CREDENTIALS, description="Ids of credentials; [] for none at all"),
    ]


class Preview(Body):
    """Which group to look into."""

    group_id: RemoteId
    season_id: Annotated[RemoteId | None, BeforeValidator(in_single_spaces)] = None


class ConflictResolution(Body):
    """What to do with a conflict: the value of Twizzit, of ShotSpot, or another one; or a row to link, or to make."""

    resolution: Literal["twizzit", "shotspot", "value", "link", "create"]
    value: Annotated[
        str | int | None,
        BeforeValidator(whole),
        Field(
            description="Of the resolution value; null empties the field",
            json_schema_extra={"maxLength": 300},
        ),
    ] = None
    local_id: Annotated[
        Annotated[int, Field(ge=1, le=_LARGEST_SERIAL)] | None,
        BeforeValidator(whole),
        Field(description="Of the resolution link: the id of a row of ShotSpot"),
    ] = None
    mark: Annotated[
        Annotated[str, StringConstraints(max_length=64)] | None,
        Field(
            description="The mark of the conflict as it was listed: refused (409) where it says something else by now"
        ),
    ] = None

    @property
    def says_value(self) -> bool:
        """Whether a value was sent, be it null."""
        return "value" in self.model_fields_set

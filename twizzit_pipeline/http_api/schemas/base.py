"""What all answers share, and those that are no success."""

from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class Error(BaseModel):
    """An answer that is no success. `error` is what programs may rely on, `message` is for people."""

    model_config = ConfigDict(extra="allow")

    error: str
    message: str | None = None


class FieldFault(Answer):
    """What is wrong with one field; `param` and `msg` say the same in the words of ShotSpot's front end."""

    field: str
    message: str
    param: str
    msg: str


class ValidationFailed(Answer):
    """400."""

    error: Literal["Validation failed"]
    details: list[FieldFault]


class Conflict(Answer):
    """409. Of a sync: the history row of the one under way, where it has one yet, and the request that it came from.

    Of a name that fits several things: those, as `choices`, each with its id first.
    """

    error: str
    sync_id: int | None = None
    request_id: int | None = None
    message: str | None = None
    choices: list[str] | None = None


class Message(Answer):
    """Done."""

    message: str

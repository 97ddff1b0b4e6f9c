"""What all answers share, and those that are no success."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)

    @classmethod
    def of(cls, row: object, **more: object) -> Self:
        """The answer made of the attributes of `row`, under the names that the fields say (`validation_alias`).

        Args:
            more: fields that `row` does not have, or that say something else than it does.
        """
        return cls.model_validate(_Row(row, more) if more else row)


class _Row:
    """The attributes of an object, some of them given by name."""

    def __init__(self, row: object, more: dict[str, object]) -> None:
        self.__dict__.update(more)
        self.__row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__row, name)


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

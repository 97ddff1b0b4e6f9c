"""What a form sends, read strictly: one text for each field, or several of one name."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import Request

MOST_FIELDS = 2500  # a plan shows at most 400 boxes for each of four entities (`previews`)
_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Form:
    """The fields in their order."""

    fields: Sequence[tuple[str, str]]

    def text(self, name: str) -> str:
        """The first field of that name, without blanks around it; empty where there is none."""
        return next((value.strip() for field, value in self.fields if field == name), "")

    def all(self, name: str) -> list[str]:
        """Every field of that name."""
        return [value.strip() for field, value in self.fields if field == name]

    def checked(self, name: str) -> bool:
        """Whether a box of that name is ticked."""
        return any(field == name for field, _ in self.fields)


async def form_of(request: Request) -> Form:
    """The form that a request brings; one that cannot be read has no fields, and so no token."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
        return Form(())
    body = await request.body()
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        return Form(())
    return Form([(name, value) for name, value in fields if "\x00" not in value])

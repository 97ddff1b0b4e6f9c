"""Every id in a path or a query is taken as answers write it, and in no other way."""

from collections.abc import Iterator

from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from twizzit_pipeline.http_api.app import ROUTERS
from twizzit_pipeline.http_api.pages.mounting import ROUTERS as PAGES

ELSE_READ_AS_1 = ["1 ", " 1", "1\n", "+1", "01", "0_1", "1.0", "1_", "\uff11", "\u0661", "1\u00a0", ""]


def ids() -> Iterator[tuple[str, str, object]]:
    """Route, name and field of each id that is a number."""
    for route in (one for router in (*ROUTERS, *PAGES) for one in router.routes if isinstance(one, APIRoute)):
        for field in get_flat_params(route.dependant):
            if field.alias.endswith("Id") and field.validate("1", {}, loc=())[0] == 1:
                yield f"{' '.join(route.methods or ())} {route.path}", field.alias, field


FIELDS = {f"{route} {name}": field for route, name, field in ids()}


def test_the_ids_are_found() -> None:
    assert {key.rpartition(" ")[2] for key in FIELDS} >= {"credentialId", "syncId", "planId", "conflictId", "teamId"}
    assert any("/clubs/" in key for key in FIELDS)


def test_an_id_is_its_digits_alone() -> None:
    taken = [
        (key, said)
        for key, field in FIELDS.items()
        for said in ELSE_READ_AS_1
        if not field.validate(said, {}, loc=())[1]  # type: ignore[attr-defined]
    ]
    assert taken == []

"""What PostgreSQL makes of the statements of some work: its plan of each, as it runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

_EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")

Plan = dict[str, Any]


@contextmanager
def plans_of(engine: Engine) -> Iterator[list[tuple[str, Plan]]]:
    """Each statement about tables of rows as it runs, with the plan that PostgreSQL makes of it at that moment."""
    plans: list[tuple[str, Plan]] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        if statement.lstrip().upper().startswith(_EXPLAINED) and "pg_" not in statement:
            with cursor.connection.cursor() as other:
                other.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
                (answer,) = other.fetchone()
            plans.append((statement, (answer if isinstance(answer, list) else json.loads(answer))[0]["Plan"]))

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)

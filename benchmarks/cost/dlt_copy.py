"""Copies a club's teams, memberships, people and matches of the running season into PostgreSQL by dlt.

``python dlt_copy.py ENDPOINT USERNAME LOGIN FOLDER``: LOGIN to the database in JSON, the password of the account on
standard input. It runs in an environment of its own, and asks for the same lists as a sync: each row that a sync reads
is copied.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dlt
from dlt.sources.helpers import requests

endpoint, username, login_of, folder = sys.argv[1:]
session = requests.Client().session


def call(path: str, *query: tuple[str, object]) -> list[dict[str, Any]]:
    """The rows of one answer."""
    answer = session.get(f"{endpoint}{path}", params=[*scope, *query])
    answer.raise_for_status()
    return list(answer.json())


def every(path: str, limit: int, *query: tuple[str, object]) -> Iterator[list[dict[str, Any]]]:
    """All pages."""
    offset = 0
    while True:
        rows = call(path, *query, ("limit", limit), ("offset", offset))
        yield rows
        if len(rows) < limit:
            return
        offset += limit


login = session.post(f"{endpoint}/authenticate", data={"username": username, "password": sys.stdin.readline().strip()})
session.headers["Authorization"] = f"Bearer {login.json()['token']}"
scope: list[tuple[str, object]] = []
scope = [("organization-ids[]", call("/organizations")[0]["id"])]
today = datetime.now(UTC).date().isoformat()
season = next(one for one in call("/seasons") if one["start-date"] <= today <= one["end-date"])
call("/group-types")
functions = call("/contact-functions")
groups = [row for rows in every("/groups", 250, ("season-id", season["id"]), ("group-type", 1)) for row in rows]


@dlt.resource
def teams() -> Iterator[list[dict[str, Any]]]:
    """The season's groups that are teams."""
    yield groups


@dlt.resource
def memberships() -> Iterator[list[dict[str, Any]]]:
    """Who is in them, ten groups a call."""
    for first in range(0, len(groups), 10):
        yield call("/group-contacts", *(("group-ids[]", group["id"]) for group in groups[first : first + 10]))


@dlt.resource
def people() -> Iterator[list[dict[str, Any]]]:
    """The names of all contacts, as many columns as a sync keeps."""
    kept = ("id", "first-name", "last-name", "gender", "number")
    for rows in every("/contacts", 100):
        yield [{name: str(row.get(name)) for name in kept} for row in rows]


@dlt.resource(max_table_nesting=0)
def matches() -> Iterator[list[dict[str, Any]]]:
    """The season's matches, in two windows."""
    kept = ("id", "name", "start", "end", "score", "series")
    kind = next(each["id"] for each in call("/event-types") if "match" in str(each["name"]).lower())
    middle = f"{season['end-date'][:4]}-01-01"
    for start, end in ((season["start-date"], middle), (middle, season["end-date"])):
        query = (("start-date", start), ("end-date", end), ("event-types[]", kind), ("includes[]", "event-groups"))
        for rows in every("/events", 250, *query):
            yield [{name: str(row.get(name)) for name in kept} for row in rows]


destination = dlt.destinations.postgres(credentials=json.loads(login_of))
pipeline = dlt.pipeline("club", destination=destination, dataset_name="club", pipelines_dir=folder)
pipeline.run([teams(), memberships(), people(), matches()])

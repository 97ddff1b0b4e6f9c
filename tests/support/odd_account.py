"""Accounts of v2 that answer in odd ways which the simulator does not play: answers by path, and a real client."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
from pydantic import SecretStr

from twizzit_pipeline.twizzit.client import ClientOptions, TwizzitClient
from twizzit_pipeline.twizzit.people import Player
from twizzit_pipeline.twizzit.records import Season, Team
from twizzit_pipeline.words.meanings import NOTHING_SAID, Meanings

Answer = Any  # rows, a status, a whole response, or what makes one of these of the query
SEASON = Season("7", "2026-2027", None, None)
A, B = Team("10", "A"), Team("11", "B")
FUNCTIONS = [{"id": 1, "name": {"EN": "Player", "NL": "Speler"}}, {"id": 2, "name": {"NL": "Trainer"}}]


def contacts(query: httpx.QueryParams) -> object:
    """All contacts that are asked for, by ids."""
    return [
        {"id": int(id_), "first-name": f"F{id_}", "last-name": f"L{id_}", "date-of-birth": "2015-01-01"}
        for id_ in query.get_list("contact-ids[]")
    ]


USUAL: dict[str, Answer] = {
    "/organizations": [{"id": 41, "name": "KC Éénhoorn"}],
    "/seasons": [],
    "/group-types": [{"id": 1, "name": {"EN": "Team"}}, {"id": 5, "name": {"EN": "Committee"}}],
    "/groups": lambda query: [{"id": 10, "name": "A"}] if query["group-type"] == "1" else [],
    "/group-contacts": [],
    "/contact-functions": FUNCTIONS,
    "/contacts": contacts,
}


class Service:
    """Answers by path; an int is a status, a response itself."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = USUAL | dict(answers)
        self.queries: list[tuple[str, httpx.QueryParams]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v2/api")
        if path == "/authenticate":
            return httpx.Response(200, json={"token": "t"})
        query = request.url.params
        self.queries.append((path, query))
        assert ("organization-ids[]" in query) == (path != "/organizations")
        assert all(len(query.get_list(name)) <= 10 for name in ("contact-ids[]", "group-ids[]"))
        assert b"[" not in request.url.raw_path
        answer = self.answers[path]
        answer = answer(query) if callable(answer) else answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(answer) if type(answer) is int else httpx.Response(200, text=json.dumps(answer))

    def asked(self, path: str) -> list[httpx.QueryParams]:
        return [query for asked, query in self.queries if asked == path]


@contextmanager
def account(
    name: str = "KC Eenhoorn",
    *,
    meanings: Meanings = NOTHING_SAID,
    run_megabytes: int = 1536,
    at_once: int = 4,
    **answers: Answer,
) -> Iterator[tuple[TwizzitClient, Service]]:
    service = Service({"/" + path.replace("_", "-"): answer for path, answer in answers.items()})
    with TwizzitClient(
        endpoint="https://club.example",
        username="u",
        password=SecretStr("p"),
        organization_name=name,
        options=ClientOptions(requests_per_second=10_000, concurrent_requests=at_once, run_megabytes=run_megabytes),
        meanings=meanings,
        transport=httpx.MockTransport(service),
        sleep=lambda _: None,
    ) as client:
        yield client, service


def link(group: object, contact: object, function: object = 1) -> dict[str, object]:
    return {"groupId": group, "contactId": contact, "contactFunctionId": function}


def pairs(players: tuple[Player, ...]) -> list[tuple[str, str | None]]:
    return sorted((player.team_id, player.id) for player in players)

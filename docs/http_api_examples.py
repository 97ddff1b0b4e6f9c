"""Fills `docs/http-api.md` with one request and answer for each route, taken from a real run.

Run it with `.venv/bin/python docs/http_api_examples.py`. It starts, in a temporary folder, a simulated Twizzit,
`twizzit api` and `twizzit dagster dev` over an embedded database, sends the requests below in their order, and puts
what came back between the markers `<!-- example NAME -->` and `<!-- end -->`. The text around them is written by hand.

Long lists are shortened to their first two rows, which the example says. An example in which only the time, a port or a
duration is another stays as it was: `git diff` shows what the API answers differently, and nothing else.
"""

import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from twizzit_pipeline.settings.processes import process_environment
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer

PAGE = Path(__file__).with_name("http-api.md")
PREFIX = "/api/twizzit"
TWIZZIT = [sys.executable, "-m", "twizzit_pipeline"]
PATIENCE_SECONDS = 120
ROWS_SHOWN = 2
# Other in each run: the port of the simulated Twizzit, the ids of runs, when it was, how long it took.
OTHER_EACH_TIME = re.compile(
    r"(?<=127\.0\.0\.1:)\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?|(?<=\"duration\": )\d+"
)
SHOWN_HEADERS = ("location", "x-total-count", "retry-after", "www-authenticate")


@dataclass(frozen=True)
class Example:
    """One request. `{…}` in path and body are filled from what earlier answers left in `Run.known`.

    `keep`: name → where in the answer to find what later requests need. `before`: what happens in Twizzit first.
    """

    name: str
    method: str
    path: str
    role: str | None = "admin"
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    keep: dict[str, tuple[str | int, ...]] = field(default_factory=dict)
    before: str | None = None


CREDENTIAL = {
    "organizationName": "{club}",
    "apiUsername": "{username}",
    "apiPassword": "{password}",
    "apiEndpoint": "{endpoint}",
}
EXAMPLES = (
    Example("health", "GET", "/health", None),
    Example("credentials-store", "POST", "/credentials", body=CREDENTIAL, keep={"id": ("credential", "id")}),
    Example("credentials-list", "GET", "/credentials"),
    Example(
        "credentials-accept",
        "POST",
        "/credentials/{id}/accept",
        body={"apiUsername": "{username}", "apiEndpoint": "{endpoint}"},
    ),
    Example("organizations", "GET", "/organizations", "coach"),
    Example("verify", "POST", "/verify/{id}", "coach"),
    Example("organization", "GET", "/organization/{id}", "coach", keep={"organization": ("organizationId",)}),
    Example("seasons", "GET", "/seasons/{id}", "coach", keep={"season": ("seasons", 0, "id")}),
    Example("groups", "GET", "/groups/{id}?seasonId={season}", "coach", keep={"group": ("groups", 0, "id")}),
    Example("preview", "POST", "/sync/preview/players/{id}", "coach", {"groupId": "{group}"}),
    Example(
        "plan-preview",
        "POST",
        "/sync/preview/{id}",
        "coach",
        {"only": "teams"},
        keep={"plan": ("plan", "id"), "item": ("document", "entities", 0, "items", 0, "twizzit_id")},
    ),
    Example("plan-apply", "POST", "/sync/apply/{plan}", "coach", {"without": ["team:{item}"]}),
    Example("plans-list", "GET", "/sync/plans/{id}", "coach"),
    Example("sync-teams", "POST", "/sync/teams/{id}", "coach", {"includePlayers": True}, keep={"sync": ("syncId",)}),
    Example("sync-group", "POST", "/sync/clubs/{id}", "coach", {"groupId": "{group}", "createMissing": False}),
    Example(
        "sync-players",
        "POST",
        "/sync/players/{id}",
        "coach",
        {},
        {"Prefer": "respond-async"},
        keep={"request": ("requestId",)},
    ),
    Example("sync-joined", "POST", "/sync/players/{id}?queue=true", "coach", {}, {"Prefer": "respond-async"}),
    Example(
        "sync-behind",
        "POST",
        "/sync/competitions/{id}?queue=true",
        "coach",
        {},
        {"Prefer": "respond-async"},
        keep={"behind": ("requestId",)},
    ),
    Example("sync-requests", "GET", "/sync/requests", "coach"),
    Example("sync-cancel", "DELETE", "/sync/requests/{behind}", "coach"),
    Example("sync-conflict", "POST", "/sync/teams/{id}", "coach"),
    Example("sync-request", "GET", "/sync/requests/{request}", "coach"),
    Example("sync-competitions", "POST", "/sync/competitions/{id}", "coach"),
    Example("sync-competitions-refused", "POST", "/sync/competitions/{id}", "coach", {"groupId": "{group}"}),
    Example("sync-without-many", "POST", "/sync/teams/{id}", "coach", {"includePlayers": True}, before="many leave"),
    Example(
        "departures-list",
        "GET",
        "/departures/{id}",
        "coach",
        keep={"one": ("departures", 0, "twizzitId"), "another": ("departures", 1, "twizzitId")},
    ),
    Example("departures-approve", "POST", "/departures/{id}/approve", body={"players": ["{one}"]}),
    Example("departures-refuse", "POST", "/departures/{id}/refuse", body={"players": ["{another}"]}),
    Example("config-read", "GET", "/sync/config/{id}", "coach"),
    Example(
        "config-change",
        "PUT",
        "/sync/config/{id}",
        body={
            "syncCompetitions": False,
            "syncIntervalHours": 2,
            "syncIntervalUnit": "hours",
            "autoSyncEnabled": True,
            "functions": {"Gastspeler": "other"},
        },
    ),
    Example("history", "GET", "/sync/history/{id}?limit=50&offset=0", "coach"),
    Example(
        "history-one",
        "GET",
        "/sync/history/{id}/{sync}",
        "coach",
        keep={"startedAt": ("history", "startedAt")},
    ),
    Example("undo-preview", "POST", "/sync/undo/{sync}?preview=true"),
    Example("undo-since", "POST", "/sync/undo?preview=true", body={"credentialId": "{id}", "since": "{startedAt}"}),
    Example(
        "mappings-teams",
        "GET",
        "/mappings/teams?credentialId={id}",
        "coach",
        keep={"team": ("mappings", 0, "internalTeamId")},
    ),
    Example("mappings-players", "GET", "/mappings/players?teamId={team}", "coach"),
    Example(
        "mappings-competitions",
        "GET",
        "/mappings/competitions?credentialId={id}",
        "coach",
        keep={"competition": ("mappings", 0, "internalCompetitionId")},
    ),
    Example("mappings-matches", "GET", "/mappings/matches?competitionId={competition}", "coach"),
    Example("registered", "GET", "/registered?teamId={team}", "coach", keep={"teamName": ("teamName",)}),
    Example("registered-name", "GET", "/registered?team={teamName}&player=unknown", "coach"),
    Example("audit", "GET", "/audit?limit=3"),
    Example("coaches-limit", "PUT", "/coaches/13", body={"credentials": [1]}),
    Example("coaches-list", "GET", "/coaches"),
    Example("coaches-free", "DELETE", "/coaches/13"),
    Example("fed-clubs", "GET", "/credentials/{id}/clubs", keep={"fed": ("clubs", 0, "clubId")}),
    Example("credentials-club", "PUT", "/credentials/{id}/club", body={"clubId": "{fed}"}),
    Example("bad-input", "PUT", "/sync/config/{id}", body={"syncIntervalMinutes": 2, "syncTeams": "yes"}),
    Example("no-token", "GET", "/sync/history/{id}", None),
    Example("wrong-role", "GET", "/credentials", "coach"),
    Example("unknown", "GET", "/sync/history/999999", "coach"),
    Example(
        "store-wrong",
        "POST",
        "/credentials",
        body={**CREDENTIAL, "apiPassword": "a wrong one"},
        keep={"wrong": ("credential", "id")},
    ),
    Example("verify-refused", "POST", "/verify/{wrong}", "coach"),
    Example("live-refused", "GET", "/organization/{wrong}", "coach"),
    Example("credentials-delete", "DELETE", "/credentials/{wrong}"),
)
WITHOUT_PLACE = {"store-wrong", "sync-behind", "fed-clubs", "sync-without-many"}  # only made for those after it


class Run:
    """The requests of one run, and what they brought."""

    def __init__(
        self, address: str, tokens: dict[str, str], known: dict[str, Any], happens: dict[str, Callable[[], None]]
    ) -> None:
        self.known = known
        self._happens = happens
        self._tokens = tokens
        self._client = httpx.Client(base_url=address + PREFIX, timeout=150, trust_env=False)

    def show(self, example: Example) -> str:
        """The request and its answer as Markdown; remembers what the example keeps."""
        if example.before is not None:
            self._happens[example.before]()
        path = example.path.format_map(self.known)
        body = self._filled(example.body)
        headers = dict(example.headers)
        if example.role is not None:
            headers["Authorization"] = f"Bearer {self._tokens[example.role]}"
        if example.name == "sync-request":
            self._until_over(path, headers)
        answer = self._client.request(example.method, path, json=body, headers=headers)
        found = answer.json()
        for name, place in example.keep.items():
            self.known[name] = _at(found, place)
        return "\n".join(
            [
                "",
                "```http",
                *_request(example, path, self._hidden(body)),
                "```",
                "",
                "```http",
                *_answer(answer, found),
                "```",
                "",
            ]
        )

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        if isinstance(value, str) and value[1:-1] in self.known and value == f"{{{value[1:-1]}}}":
            return self.known[value[1:-1]]  # as it was, a number for example
        return value.format_map(self.known) if isinstance(value, str) else value

    def _hidden(self, body: Any) -> Any:
        if isinstance(body, dict) and "apiPassword" in body:
            return {**body, "apiPassword": "…"}
        return body

    def _until_over(self, path: str, headers: dict[str, str]) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while self._client.get(path, headers=headers).json().get("completedAt") is None:
            if time.monotonic() > until:
                sys.exit("The sync did not end")
            time.sleep(0.5)


def _request(example: Example, path: str, body: Any) -> list[str]:
    lines = [f"{example.method} {PREFIX}{path}"]
    if example.role is not None:
        lines.append(f"Authorization: Bearer <a token of the role {example.role}>")
    lines += [f"{name}: {value}" for name, value in example.headers.items()]
    if body is not None:
        lines += ["Content-Type: application/json", "", json.dumps(body, indent=2, ensure_ascii=False)]
    return lines


def _answer(answer: httpx.Response, found: Any) -> list[str]:
    lines = [f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"]
    lines += [f"{name.title()}: {answer.headers[name]}" for name in SHOWN_HEADERS if name in answer.headers]
    text = json.dumps(_shortened(found), indent=2, ensure_ascii=False)
    return [*lines, "", re.sub(r'"(… \d+ more)"', r"\1", text)]


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(one) for key, one in value.items()}
    if isinstance(value, list):
        more = len(value) - ROWS_SHOWN
        return [_shortened(one) for one in value[:ROWS_SHOWN]] + ([f"… {more} more"] if more > 0 else [])
    return value


def _at(found: Any, place: tuple[str | int, ...]) -> Any:
    for step in place:
        found = found[step]
    return found


@contextmanager
def running(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """A process of `twizzit`, ended by SIGTERM."""
    with (folder / f"{command[0]}.log").open("w") as log:
        process = subprocess.Popen([*TWIZZIT, *command], cwd=folder, env=environment, stdout=log, stderr=log)  # noqa: S603
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(90)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _until_alive(address: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(f"{address}{PREFIX}/health").json()["orchestrator"]["alive"]:
                return
        except (httpx.TransportError, KeyError):
            pass
        time.sleep(0.5)
    sys.exit("The API or the orchestrator did not start")


def main() -> None:
    """Run everything, write the page."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        simulator = stack.enter_context(SimulatorServer(SimulatorOptions(clubs=1)))
        environment = process_environment(
            TWIZZIT_HOME=str(folder / "home"), TWIZZIT_ALLOW_PRIVATE_ENDPOINTS="1", PYTHONUNBUFFERED="1"
        )
        port = _free_port()
        address = f"http://127.0.0.1:{port}"
        stack.enter_context(running(["api", "--port", str(port)], folder, environment))
        stack.enter_context(running(["dagster", "dev", "--port", str(_free_port())], folder, environment))
        _until_alive(address)
        tokens = {
            role: subprocess.run(  # noqa: S603
                [*TWIZZIT, "token", "--role", role, "--user-id", "12"],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            for role in ("admin", "coach")
        }
        club = simulator.world.organizations[0]
        known = {
            "club": club.name,
            "username": club.account.username,
            "password": club.account.password,
            "endpoint": simulator.v2_endpoint,
        }
        run = Run(address, tokens, known, {"many leave": lambda: _leave(simulator)})
        shown = {example.name: run.show(example) for example in EXAMPLES}
    _write(shown)


def _leave(simulator: SimulatorServer) -> None:
    """A third of the players are gone from Twizzit at once, as when a club loses a list."""
    club, season = simulator.world.organizations[0], simulator.world.running_season
    players = {player.id for team in club.teams(season) for player in club.players(team.id)}
    for contact_id in sorted(players)[::3]:
        simulator.changes.remove_person(contact_id)


def _write(shown: dict[str, str]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, text in shown.items():
        marked = re.compile(rf"(?<=<!-- example {name} -->\n).*?(?=<!-- end -->)", re.DOTALL)
        place = marked.search(page)
        if place is None:
            if name not in WITHOUT_PLACE:
                sys.exit(f"{PAGE.name} has no place for the example {name}")
        elif _lasting(place[0]) != _lasting(text):
            page = page[: place.start()] + text + page[place.end() :]
    PAGE.write_text(page, encoding="utf-8")


def _lasting(example: str) -> str:
    return OTHER_EACH_TIME.sub("…", example)


if __name__ == "__main__":
    main()

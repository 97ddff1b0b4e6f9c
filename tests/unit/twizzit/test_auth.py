"""Tokens: how long they live, the one new login after a 401, and that nothing shows them."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import SecretStr

from twizzit_pipeline.errors import AccessDenied, LoginRefused, MalformedAnswer, NotATwizzit
from twizzit_pipeline.twizzit.auth import TwizzitAuth
from twizzit_pipeline.twizzit.http_retry import CallLedger, RetryTransport

BASE = "https://club.example/v2/api"
PASSWORD = "geheim & 'woord' é"


class Service:
    """Gives out numbered tokens with `answer` around them, and accepts those that `accepts` says."""

    def __init__(self, **answer: object) -> None:
        self.answer = answer
        self.logins = 0
        self.accepts: Callable[[str], bool] = lambda token: token == f"token-{self.logins}"
        self.forms: list[dict[str, list[str]]] = []
        self.asked: Counter[str] = Counter()
        self.now = 1000.0
        self.refusal = httpx.Response(401, json={})
        self.login_seconds = 0.0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked[request.url.path] += 1
        if request.url.path.endswith("/authenticate"):
            assert request.headers["content-type"] == "application/x-www-form-urlencoded"
            assert "authorization" not in request.headers
            self.forms.append(parse_qs(request.content.decode()))
            time.sleep(self.login_seconds)
            self.logins += 1
            return httpx.Response(200, json={"token": f"token-{self.logins}"} | self.answer)
        token = request.headers["authorization"].removeprefix("Bearer ")
        return httpx.Response(200, json=[]) if self.accepts(token) else self.refusal

    def client(self) -> httpx.Client:
        auth = TwizzitAuth(BASE, "jan", SecretStr(PASSWORD), timeout=httpx.Timeout(5), clock=lambda: self.now)
        self.ledger = CallLedger(100)
        transport = RetryTransport(
            httpx.MockTransport(self),
            ledger=self.ledger,
            requests_per_second=10_000,
            attempts=3,
            seconds=5,
            sleep=lambda _: None,
        )
        return httpx.Client(auth=auth, transport=transport)


def test_one_login_serves_many_calls_and_is_counted_as_one() -> None:
    service = Service()
    with service.client() as client:
        for _ in range(3):
            client.get(f"{BASE}/groups")
    assert service.forms == [{"username": ["jan"], "password": [PASSWORD]}]
    assert service.asked == {"/v2/api/authenticate": 1, "/v2/api/groups": 3}


@pytest.mark.parametrize(
    ("answer", "life"),
    [
        ({"created-on": 5, "valid-till": 1805}, 1740),  # the server's clock is years behind: only the difference counts
        ({"created-on": "5", "valid-till": "1805"}, 1740),
        ({"expires_in": 1800}, 1740),
        ({"expires_in": 100}, 90),  # a tenth, where a minute is too much
        ({"expires_in": 2}, 1.8),
    ],
)
def test_a_token_is_renewed_shortly_before_its_end(answer: dict[str, object], life: float) -> None:
    service = Service(**answer)
    with service.client() as client:
        client.get(f"{BASE}/groups")
        service.now += life - 0.1
        client.get(f"{BASE}/groups")
        assert service.logins == 1
        service.now += 0.2
        client.get(f"{BASE}/groups")
        assert service.logins == 2


def test_without_created_on_the_local_clock_stands_in() -> None:
    service = Service(**{"valid-till": int(time.time()) + 1000})
    with service.client() as client:
        client.get(f"{BASE}/groups")
        service.now += 930
        client.get(f"{BASE}/groups")
        assert service.logins == 1
        service.now += 15
        client.get(f"{BASE}/groups")
        assert service.logins == 2


@pytest.mark.parametrize(
    "answer", [{}, {"valid-till": None}, {"expires_in": "soon"}, {"expires_in": -5}, {"expires_in": True}]
)
def test_a_token_of_unknown_life_serves_until_it_is_refused(answer: dict[str, object]) -> None:
    service = Service(**answer)
    with service.client() as client:
        client.get(f"{BASE}/groups")
        service.now += 1e9
        client.get(f"{BASE}/groups")
    assert service.logins == 1


def test_a_session_that_ended_early_is_begun_anew_and_the_call_repeated() -> None:
    service = Service()
    with service.client() as client:
        client.get(f"{BASE}/groups")
        service.accepts = lambda token: token == "token-2"
        assert client.get(f"{BASE}/groups").status_code == 200
    assert service.logins == 2
    assert service.ledger.total == 5


def test_a_second_401_is_final() -> None:
    service = Service()
    service.accepts = lambda _: False
    with service.client() as client, pytest.raises(LoginRefused, match="/groups answered 401 twice") as refused:
        client.get(f"{BASE}/groups")
    assert service.logins == 2
    assert refused.value.status == 401


@pytest.mark.parametrize(
    "ended",
    [
        httpx.Response(403),
        httpx.Response(403, json={}),
        httpx.Response(403, json={"error": "Access token expired"}),
        httpx.Response(403, json={"message": "Uw sessie is verlopen"}),
        httpx.Response(403, html="<html><title>403 Forbidden</title></html>"),
    ],
)
def test_a_403_on_a_token_that_has_worked_is_an_ended_session(ended: httpx.Response) -> None:
    service = Service()
    service.refusal = ended
    with service.client() as client:
        client.get(f"{BASE}/groups")
        service.accepts = lambda token: token == "token-2"
        assert client.get(f"{BASE}/groups").status_code == 200
    assert service.logins == 2
    assert service.ledger.total == 5


@pytest.mark.parametrize(
    "words",
    [
        "no access for specified organizations",
        "Forbidden",
        "You are not allowed to do this",
        "Geen toegang",
        "Vous n'avez pas d'accès",
        "Pas d\u2019accès",
        "Accès refusé",
        "Permission denied",
        "Niet toegelaten",
    ],
)
def test_a_403_that_says_so_is_a_refusal_at_once(words: str) -> None:
    service = Service()
    service.refusal = httpx.Response(403, json={"error": words})
    with service.client() as client:
        client.get(f"{BASE}/groups")
        service.accepts = lambda _: False
        with pytest.raises(AccessDenied, match="answered 403: this account may not read it"):
            client.get(f"{BASE}/groups")
    assert service.logins == 1
    assert service.ledger.total == 3


def test_a_403_that_comes_when_another_thread_has_a_new_token_already_is_an_ended_session_too() -> None:
    service, renewed = Service(), threading.Event()
    service.refusal = httpx.Response(403)
    service.accepts = lambda token: token == "token-1"

    class Late(httpx.BaseTransport):
        """Keeps the answer for `/slow` with the old token until another thread has the new one."""

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = client_transport.handle_request(request)
            if request.url.path.endswith("/slow") and request.headers["authorization"] == "Bearer token-1":
                assert renewed.wait(5)
            return response

    client = service.client()
    client_transport = client._transport
    with client, ThreadPoolExecutor(1) as pool:
        assert client.get(f"{BASE}/first").status_code == 200
        client._transport = Late()
        service.accepts = lambda token: token == "token-2"
        slow = pool.submit(client.get, f"{BASE}/slow")
        assert client.get(f"{BASE}/quick").status_code == 200
        renewed.set()
        assert slow.result().status_code == 200
    assert service.logins == 2


def test_a_403_with_a_fresh_token_too_is_a_refusal_and_costs_one_login_for_each_path() -> None:
    service = Service()
    service.refusal = httpx.Response(403)
    with service.client() as client:
        client.get(f"{BASE}/organizations")
        service.accepts = lambda _: False
        for _ in range(3):
            with pytest.raises(AccessDenied, match="/seasons answered 403"):
                client.get(f"{BASE}/seasons")
            service.accepts = lambda _: True
            client.get(f"{BASE}/organizations")
            service.accepts = lambda _: False
    assert service.logins == 2
    assert service.asked["/v2/api/seasons"] == 4


def test_a_403_on_a_token_that_never_worked_is_a_refusal() -> None:
    service = Service()
    service.refusal = httpx.Response(403)
    service.accepts = lambda _: False
    with service.client() as client, pytest.raises(AccessDenied):
        client.get(f"{BASE}/groups")
    assert service.logins == 1


@pytest.mark.parametrize("body", [{"error": "forbidden"}, {}])
def test_a_login_that_is_answered_403_says_so(body: object) -> None:
    service = Service()
    service.__class__ = type(
        "Refusing", (Service,), {"__call__": staticmethod(lambda _: httpx.Response(403, json=body))}
    )
    with service.client() as client, pytest.raises(AccessDenied, match="refuses the login"):
        client.get(f"{BASE}/groups")
    assert service.ledger.total == 1


def test_a_wrong_password_is_refused_at_once() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"error": f"wrong password {PASSWORD}"})

    service = Service()
    service.__class__ = type("Refusing", (Service,), {"__call__": staticmethod(refuse)})
    with service.client() as client, pytest.raises(LoginRefused, match="username and password") as refused:
        client.get(f"{BASE}/groups")
    assert service.ledger.total == 1
    assert "geheim" not in f"{refused.value!r}"
    assert refused.value.endpoint == "/authenticate"


@pytest.mark.parametrize("token", [None, "", "  ", 7, ["x"], "a\nb", "é"])
def test_a_login_without_a_usable_token_is_an_error_of_its_own(token: object) -> None:
    service = Service(token=token)
    with service.client() as client, pytest.raises(MalformedAnswer, match="without giving a token"):
        client.get(f"{BASE}/groups")


def test_a_login_that_answers_no_object_is_no_twizzit() -> None:
    transport = RetryTransport(
        httpx.MockTransport(lambda _: httpx.Response(200, json=["token"])),
        ledger=CallLedger(9),
        requests_per_second=1000,
        attempts=1,
        seconds=1,
    )
    auth = TwizzitAuth(BASE, "jan", SecretStr(PASSWORD), timeout=httpx.Timeout(5))
    with httpx.Client(auth=auth, transport=transport) as client, pytest.raises(NotATwizzit):
        client.get(f"{BASE}/groups")


def test_threads_that_need_a_token_at_once_log_in_once() -> None:
    service = Service()
    service.login_seconds = 0.05
    barrier = threading.Barrier(8)

    def call(client: httpx.Client) -> int:
        barrier.wait()
        return client.get(f"{BASE}/groups").status_code

    with service.client() as client, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, [client] * 8)) == [200] * 8
        assert service.logins == 1
        service.accepts = lambda token: token == "token-2"
        assert list(pool.map(call, [client] * 8)) == [200] * 8
    assert service.logins == 2


def test_nothing_shows_the_password_or_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    service = Service(token="token-9-geheim")
    service.accepts = lambda _: True
    with service.client() as client:
        client.get(f"{BASE}/groups")
        shown = f"{client.auth!r} {vars(client.auth)} {client!r}"
    assert "geheim" not in shown + caplog.text

"""What is tried again and for how long, seen through a transport whose answers are scripted."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from twizzit_pipeline import errors
from twizzit_pipeline.twizzit.answers import ANSWER, judge
from twizzit_pipeline.twizzit.http_retry import CallLedger, RetryTransport

Answer = httpx.Response | Exception
FINE = httpx.Response(200, json=[])


class Script:
    """Answers in order, the last one for ever; keeps what was waited, on a clock of its own."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.waited: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    def call(self, *, attempts: int = 5, seconds: float = 120.0, ceiling: int = 100) -> httpx.Response:
        self.ledger = CallLedger(ceiling)
        transport = RetryTransport(
            httpx.MockTransport(self),
            ledger=self.ledger,
            requests_per_second=10_000,
            attempts=attempts,
            seconds=seconds,
            sleep=self.waited.append,
            clock=lambda: sum(self.waited),
        )
        with httpx.Client(transport=transport) as client:
            return client.get("https://club.example/v2/api/groups?x=1")


TRANSIENT: list[tuple[Answer, type[Exception]]] = [
    (httpx.Response(429, text="slow down"), errors.RateLimited),
    (httpx.Response(500), errors.ServiceUnavailable),
    (httpx.Response(502), errors.ServiceUnavailable),
    (httpx.Response(503), errors.ServiceUnavailable),
    (httpx.Response(504), errors.ServiceUnavailable),
    (httpx.Response(200, text='[{"id": 1'), errors.MalformedAnswer),
    (httpx.Response(200, html="<html>Jan Peeters</html>"), errors.MalformedAnswer),
    (httpx.Response(200, content=b"\xff\xfe\x00"), errors.MalformedAnswer),
    (httpx.Response(200), errors.MalformedAnswer),
    (httpx.ConnectError("refused"), errors.ConnectionFailed),
    (httpx.ReadTimeout("slow"), errors.ConnectionFailed),
    (httpx.ReadError("cut"), errors.ConnectionFailed),
    (httpx.RemoteProtocolError("cut"), errors.ConnectionFailed),
]
PERMANENT: list[tuple[Answer, type[Exception]]] = [
    (httpx.Response(403, json={"error": "no access for Jan Peeters"}), errors.AccessDenied),
    (httpx.Response(404, html="<html></html>"), errors.NotATwizzit),
    (httpx.Response(400, text="Jan Peeters"), errors.NotATwizzit),
    (httpx.Response(410), errors.NotATwizzit),
    (httpx.Response(302, headers={"Location": "https://elsewhere.example/"}), errors.NotATwizzit),
    (httpx.Response(429, text="Your monthly API call quota is used up"), errors.QuotaSpent),
    (httpx.Response(429, json={"message": "Maandelijkse limiet bereikt"}), errors.QuotaSpent),
    (httpx.Response(429, text="Quota exceeded"), errors.QuotaSpent),
]


@pytest.mark.parametrize(("answer", "kind"), TRANSIENT)
def test_what_may_pass_is_tried_again_and_works_then(answer: Answer, kind: type[Exception]) -> None:
    script = Script(answer, answer, FINE)
    assert script.call().extensions[ANSWER] == []
    assert script.asked == script.ledger.total == 3
    assert len(script.waited) == 2
    assert 0 < script.waited[0] < script.waited[1]


@pytest.mark.parametrize(("answer", "kind"), TRANSIENT)
def test_what_stays_ends_after_the_tries_with_its_own_error(answer: Answer, kind: type[Exception]) -> None:
    script = Script(answer)
    with pytest.raises(kind) as raised:
        script.call(attempts=4)
    assert script.asked == 4
    _assert_safe_error(raised.value, answer)


@pytest.mark.parametrize(("answer", "kind"), PERMANENT)
def test_what_cannot_pass_is_not_tried_again(answer: Answer, kind: type[Exception]) -> None:
    script = Script(answer)
    with pytest.raises(kind) as raised:
        script.call()
    assert script.asked == 1
    _assert_safe_error(raised.value, answer)


def _assert_safe_error(error: Exception, answer: Answer) -> None:
    assert isinstance(error, errors.TwizzitAnswerError)
    assert error.endpoint is not None and error.endpoint.endswith("/groups")
    assert error.status == (answer.status_code if isinstance(answer, httpx.Response) else None)
    text = f"{error} {error!r}"
    assert "\n" not in text
    assert "Peeters" not in text
    assert error.__suppress_context__ or error.__context__ is None


def test_tries_end_when_their_time_is_over_though_some_are_left() -> None:
    script = Script(httpx.Response(503))
    with pytest.raises(errors.ServiceUnavailable):
        script.call(attempts=1000, seconds=10)
    assert sum(script.waited) <= 10
    assert script.asked < 12


def test_retry_after_in_seconds_is_waited_for() -> None:
    script = Script(httpx.Response(429, headers={"Retry-After": "7"}), FINE)
    script.call()
    assert 7 <= script.waited[0] < 8


def test_retry_after_as_a_date_is_waited_for() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=20)
    script = Script(httpx.Response(503, headers={"Retry-After": format_datetime(moment, usegmt=True)}), FINE)
    script.call()
    assert 17 <= script.waited[0] <= 21


def test_a_date_is_measured_by_the_clock_of_the_server() -> None:
    server_now = datetime(2031, 1, 1, 12, tzinfo=UTC)
    headers = {
        "Date": format_datetime(server_now, usegmt=True),
        "Retry-After": format_datetime(server_now + timedelta(seconds=5), usegmt=True),
    }
    script = Script(httpx.Response(429, headers=headers), FINE)
    script.call()
    assert 5 <= script.waited[0] < 6


def test_a_date_that_is_over_waits_for_nothing() -> None:
    headers = {"Retry-After": "Wed, 01 Jan 2020 00:00:00 GMT"}
    script = Script(httpx.Response(429, headers=headers), FINE)
    script.call()
    assert 0 <= script.waited[0] < 1


@pytest.mark.parametrize("value", ["soon", "-5", "", "1e9999"])
def test_an_unreadable_retry_after_falls_back_to_the_own_waiting(value: str) -> None:
    script = Script(httpx.Response(429, headers={"Retry-After": value}), FINE)
    script.call()
    assert 0 < script.waited[0] < 2


def test_being_asked_to_wait_too_long_ends_at_once_and_says_how_long() -> None:
    script = Script(httpx.Response(429, headers={"Retry-After": "3600"}))
    with pytest.raises(errors.RateLimited, match="3600 s") as raised:
        script.call(seconds=120)
    assert script.asked == 1
    assert script.waited == []
    assert raised.value.retry_after == 3600


def test_a_quota_by_the_minute_is_no_spent_month() -> None:
    script = Script(httpx.Response(429, text="quota: 60 calls per minute"), FINE)
    script.call()
    assert script.asked == 2


def test_the_ceiling_of_calls_counts_further_tries_and_sends_no_more() -> None:
    script = Script(httpx.Response(503))
    with pytest.raises(errors.CallBudgetSpent, match="3 calls"):
        script.call(attempts=10, seconds=1e6, ceiling=3)
    assert script.asked == 3


def test_a_401_passes_through_for_the_login_to_judge() -> None:
    assert judge(httpx.Response(401, html="<html>"), "/groups").status_code == 401


def _calls(script: Script, count: int, *, attempts: int = 2) -> list[Exception | None]:
    """What each of so many calls of one client ended with."""
    transport = RetryTransport(
        httpx.MockTransport(script),
        ledger=CallLedger(1000),
        requests_per_second=10_000,
        attempts=attempts,
        seconds=120.0,
        sleep=script.waited.append,
    )
    ends: list[Exception | None] = []
    with httpx.Client(transport=transport) as client:
        for _ in range(count):
            try:
                client.get("https://club.example/v2/api/groups")
                ends.append(None)
            except errors.TwizzitAnswerError as error:
                ends.append(error)
    return ends


PAGE = httpx.Response(200, html="<html>Maintenance</html>")


def test_after_four_calls_with_a_web_page_a_fifth_is_not_tried_again() -> None:
    script = Script(PAGE)
    ends = _calls(script, 5)
    assert [isinstance(end, errors.MalformedAnswer) and end.circuit_open for end in ends] == [False] * 4 + [True]
    assert script.asked == 4 * 2 + 1


def test_an_answer_in_json_between_them_begins_anew() -> None:
    script = Script(*[PAGE] * 8, FINE, PAGE)
    ends = _calls(script, 9)
    assert ends[4] is None
    assert [isinstance(end, errors.MalformedAnswer) and end.circuit_open for end in ends] == [False] * 9


@pytest.mark.parametrize("answer", ['[{"id": 1', "", " "])
def test_half_a_json_or_an_empty_body_says_nothing_of_other_calls(answer: str) -> None:
    script = Script(httpx.Response(200, text=answer))
    ends = _calls(script, 7)
    assert not any(isinstance(end, errors.MalformedAnswer) and end.circuit_open for end in ends)
    assert script.asked == 14


def test_half_a_json_is_tried_again_though_web_pages_came_before_it() -> None:
    script = Script(*[PAGE] * 8, httpx.Response(200, text='[{"id": 1'))
    ends = _calls(script, 5)
    assert script.asked == 4 * 2 + 2
    assert not any(isinstance(end, errors.MalformedAnswer) and end.circuit_open for end in ends)

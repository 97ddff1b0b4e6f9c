"""How fast a client calls, by a clock and limiters that are watched."""

from collections.abc import Iterator

import pytest

from twizzit_pipeline.twizzit import pace
from twizzit_pipeline.twizzit.pace import MOST_A_SECOND, SHOWN_SECONDS, Pace

USUAL, FAST = 10.0, MOST_A_SECOND


class _Limiter:
    """Notes at which rate each call was let through."""

    taken: list[float]

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def try_acquire(self, _: str) -> None:
        self.taken.append(self.rate)

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    _Limiter.taken = []
    monkeypatch.setattr(pace, "_limiter", _Limiter)
    yield _Limiter.taken


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def shown(limit: object, remaining: object) -> dict[str, str]:
    return {"x-ratelimit-limit": str(limit), "x-ratelimit-remaining": str(remaining)}


def call(made: Pace, headers: dict[str, str] | None = None, status: int = 200, times: int = 1) -> None:
    for _ in range(times):
        with made.call():
            made.heard(status, headers or {})


def test_without_headers_the_usual_rate_holds(taken: list[float]) -> None:
    call(Pace(USUAL, hurries=True), times=3)
    assert taken == [USUAL] * 3


def test_calls_that_are_shown_need_not_wait(taken: list[float]) -> None:
    call(Pace(USUAL, hurries=True), shown(6000, 5000), times=3)
    assert taken == [USUAL, FAST, FAST]


def test_a_rate_that_the_operator_sets_holds_whatever_is_shown(taken: list[float]) -> None:
    call(Pace(USUAL, hurries=False), shown(6000, 5000), times=3)
    assert taken == [USUAL] * 3


def test_a_usual_rate_that_is_higher_is_never_made_lower(taken: list[float]) -> None:
    call(Pace(400.0, hurries=True), shown(6000, 5000), times=2)
    assert taken == [400.0, 400.0]


def test_no_more_calls_are_made_fast_than_are_shown_but_for_a_fifth_of_the_limit(taken: list[float]) -> None:
    made = Pace(USUAL, hurries=True)
    call(made, shown(100, 23))
    call(made, times=5)  # these show nothing
    assert taken == [USUAL, FAST, FAST, FAST, USUAL, USUAL]


@pytest.mark.parametrize("remaining", [0, 1, 20])
def test_the_last_calls_are_left_to_others(taken: list[float], remaining: int) -> None:
    call(Pace(USUAL, hurries=True), shown(100, remaining), times=2)
    assert taken == [USUAL, USUAL]


def test_calls_under_way_count_as_made(taken: list[float]) -> None:
    made = Pace(USUAL, hurries=True)
    with made.call(), made.call(), made.call():
        made.heard(200, shown(100, 23))  # two of the others may not be counted in it
    call(made, times=2)
    assert taken == [USUAL, USUAL, USUAL, FAST, USUAL]


def test_what_was_shown_is_forgotten_after_a_minute(taken: list[float]) -> None:
    clock = _Clock()
    made = Pace(USUAL, hurries=True, clock=clock)
    call(made, shown(6000, 5000))
    clock.now += SHOWN_SECONDS - 0.1
    call(made)
    clock.now += 0.1
    call(made)
    assert taken == [USUAL, FAST, USUAL]


def test_a_service_that_refuses_nevertheless_is_not_believed_again(taken: list[float]) -> None:
    made = Pace(USUAL, hurries=True)
    call(made, shown(6000, 5000))
    call(made, shown(6000, 5000), status=429)
    call(made, shown(6000, 5000), times=3)
    assert taken == [USUAL, FAST, USUAL, USUAL, USUAL]


@pytest.mark.parametrize(
    ("limit", "remaining"),
    [
        ("", ""),
        ("6000", ""),
        ("", "5000"),
        ("10", "5000"),
        ("-1", "-1"),
        ("6e3", "5e3"),
        ("inf", "inf"),
        ("٦٠٠٠", "٥٠٠٠"),
        ("9" * 5000, "9" * 5000),
        ("6000, 6000", "5000, 5000"),
    ],
)
def test_headers_without_sense_change_nothing(taken: list[float], limit: str, remaining: str) -> None:
    call(Pace(USUAL, hurries=True), shown(limit, remaining), times=2)
    assert taken == [USUAL, USUAL]


def test_turns_that_are_shared_are_waited_for_and_each_kind_is_counted_by_itself() -> None:
    asked: list[tuple[str, int, float]] = []
    slept: list[float] = []

    def turns(kind: str, most: int, seconds: float) -> float:
        asked.append((kind, most, seconds))
        return 0.25 if len(asked) == 2 else 0.0

    made = Pace(USUAL, hurries=True, turns=turns, sleep=slept.append)
    call(made, shown(6000, 5000), times=2)
    assert asked == [("usual", 10, 1.0), ("shown", 50, 1.0)]
    assert slept == [0.25]


@pytest.mark.parametrize(("rate", "most", "seconds"), [(0.5, 1, 2.0), (2.5, 2, 0.8), (1000.0, 100, 0.1)])
def test_any_rate_is_a_number_of_calls_in_a_stretch_of_time(rate: float, most: int, seconds: float) -> None:
    asked: list[tuple[int, float]] = []

    def turns(_: str, most: int, seconds: float) -> float:
        asked.append((most, seconds))
        return 0.0

    call(Pace(rate, hurries=False, turns=turns, sleep=lambda _: None))
    ((asked_most, asked_seconds),) = asked
    assert asked_most == most
    assert asked_seconds == pytest.approx(seconds)


def test_a_whole_limit_that_is_left_is_shown_and_more_than_that_is_no_sense(taken: list[float]) -> None:
    call(Pace(USUAL, hurries=True), shown(100, 100), times=2)
    call(Pace(USUAL, hurries=True), shown(100, 101), times=2)
    assert taken == [USUAL, FAST, USUAL, USUAL]

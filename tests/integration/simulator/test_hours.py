"""The simulated world by the clock: its day and hour are Belgium's, whatever the zone of the machine."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo

import pytest

from twizzit_pipeline.simulator import SimulatorOptions, generate
from twizzit_pipeline.simulator.calendar_truth import calendar_truth
from twizzit_pipeline.simulator.events import season_events

_OPTIONS = SimulatorOptions(clubs=1, quirks=frozenset({"running_match"}))


def _at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp(moment.timestamp(), tz)

    monkeypatch.setattr(generate, "datetime", Clock)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(datetime(2026, 11, 28, 12, 0, tzinfo=UTC), id="noon"),
        pytest.param(datetime(2026, 11, 28, 22, 59, tzinfo=UTC), id="a minute before midnight in Belgium"),
        pytest.param(datetime(2026, 11, 28, 23, 12, tzinfo=UTC), id="after midnight in Belgium, before it in UTC"),
        pytest.param(datetime(2026, 11, 28, 23, 30, tzinfo=UTC), id="half past midnight in Belgium"),
        pytest.param(datetime(2026, 8, 31, 22, 30, tzinfo=UTC), id="the same in summer"),
        pytest.param(datetime(2026, 6, 30, 22, 10, tzinfo=UTC), id="the first minutes of a season"),
        pytest.param(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), id="in the hour that comes twice"),
        pytest.param(datetime(2027, 3, 28, 1, 10, tzinfo=UTC), id="after the hour that is left out"),
    ],
)
def test_a_match_is_being_played_at_every_hour(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    _at(monkeypatch, moment)
    world = generate.make_world(_OPTIONS)
    club = world.organizations[0]
    running = [one for one in season_events(world, club, world.running_season) if "running_match" in one.awkward]
    assert len(running) == 1
    match = calendar_truth(world, club, now=moment).matches[str(running[0].id)]
    assert match.hour_known
    # Up to half an hour ago, and an hour more where the clocks are set back: the wire gives no zone.
    assert moment - timedelta(minutes=90) <= match.starts_at <= moment + timedelta(minutes=1)
    assert (match.status, match.score, running[0].score) == ("scheduled", None, (3, 2))


@pytest.mark.parametrize("today", [date(2026, 7, 1), date(2027, 4, 30), date(2027, 5, 3), date(2027, 6, 30)], ids=str)
def test_a_match_is_being_played_on_every_day_of_a_season(today: date) -> None:
    world = generate.make_world(replace(_OPTIONS, today=today))
    events = list(season_events(world, world.organizations[0], world.running_season))
    assert [one.score for one in events if "running_match" in one.awkward] == [(3, 2)]


def test_the_day_is_the_one_in_belgium(monkeypatch: pytest.MonkeyPatch) -> None:
    _at(monkeypatch, datetime(2026, 6, 30, 22, 0, tzinfo=UTC))
    world = generate.make_world(SimulatorOptions(clubs=1))
    assert (world.today, world.running_season.label) == (date(2026, 7, 1), "2026-2027")


def test_another_day_is_taken_at_the_hour_that_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    _at(monkeypatch, datetime(2026, 11, 28, 23, 12, 40, tzinfo=UTC))
    world = generate.make_world(SimulatorOptions(clubs=1, today=date(2025, 3, 3)))
    assert world.made_at == datetime(2025, 3, 3, 0, 12)  # noqa: DTZ001 - local time, as Twizzit writes it

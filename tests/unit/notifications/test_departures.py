"""Departures that are held back: one notification, another when there are more, and an end."""

from dataclasses import replace

from tests.unit.notifications.test_streaks import HOUR, Watch, run, well
from twizzit_pipeline.notifications.messages import compose
from twizzit_pipeline.notifications.runs import Outcome


def held(count: int, entity: str = "players") -> Outcome:
    return replace(well(entity), held=count)


def test_they_are_notified_once_until_there_are_more() -> None:
    watch = Watch()
    (fact,) = watch.look(run(held(6), held(0, "teams")))
    assert (fact.kind, fact.body["held"], fact.body["entities"]) == ("departures_held", 6, ["players"])
    assert watch.later(HOUR).kinds(run(held(6)), run(held(5))) == []
    (more,) = watch.later(HOUR).look(run(held(7), held(2, "teams")))
    assert more.body["held"] == 9
    assert not fact.is_open
    assert watch.later(HOUR).kinds(run(held(7), held(2, "teams"))) == []


def test_it_ends_when_none_is_held_back_and_begins_anew_later() -> None:
    watch = Watch()
    watch.look(run(held(6)))
    assert watch.later(HOUR).kinds(run(well())) == [], "a run that brought nothing into ShotSpot says nothing of them"
    assert watch.facts[0].is_open
    assert watch.later(HOUR).kinds(run(held(0))) == []
    assert not watch.facts[0].is_open
    assert watch.later(HOUR).kinds(run(held(1))) == ["departures_held"]


def test_the_message_says_how_many_and_where_to_look() -> None:
    (fact,) = Watch().look(run(held(6)))
    message = compose([fact])
    assert message.subject == "Twizzit: departures held back: KC Ons Huis (credential 3)"
    assert "6 departures are held back" in message.lines[1]
    assert message.lines[1].endswith("twizzit departures list 3")

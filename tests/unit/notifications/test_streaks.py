"""The facts of the runs that ended, and which of them count as the same: pure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from twizzit_pipeline.notifications.budgets import BudgetUse
from twizzit_pipeline.notifications.events import Fact, Facts
from twizzit_pipeline.notifications.look import facts_of
from twizzit_pipeline.notifications.runs import Outcome, Run
from twizzit_pipeline.notifications.streaks import fingerprint
from twizzit_pipeline.queries.hanging import Hanging
from twizzit_pipeline.runs.troubles import NOT_FINISHED, STOPPED
from twizzit_pipeline.scheduling.freshness import Late

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DOWN = "Twizzit answered 503 after 5 tries"


class Watch:
    """A channel from look to look: its facts, and which of them are still open."""

    def __init__(self) -> None:
        self.now = NOW
        self.facts: list[Fact] = []
        self._ids = 0

    def look(
        self,
        *runs: Run,
        late: tuple[Late, ...] = (),
        catching_up: bool = False,
        hanging: tuple[Hanging, ...] = (),
    ) -> list[Fact]:
        """The new facts of a look at these runs; rows are written as `outbox` does."""
        found: Facts = facts_of(
            runs,
            still_open=[fact for fact in self.facts if fact.is_open],
            late=late,
            organizations={3: "KC Ons Huis"},
            budgets=(),
            now=self.now,
            catching_up=catching_up,
            hanging=hanging,
        )
        for fact in found.new:
            self._ids += 1
            fact.row_id = self._ids
            self.facts.append(fact)
        assert len({fact.key for fact in self.facts}) == len(self.facts)
        return found.new

    def kinds(self, *runs: Run, late: tuple[Late, ...] = ()) -> list[str]:
        return [fact.kind for fact in self.look(*runs, late=late)]

    def later(self, by: timedelta) -> "Watch":
        self.now += by
        return self


class Ids:
    last = 0


def run(*outcomes: Outcome, season: str = "2026-2027", credential_id: int = 3) -> Run:
    Ids.last += 10
    numbered = tuple(replace(one, history_id=Ids.last + place) for place, one in enumerate(outcomes))
    ended_at = NOW + timedelta(seconds=Ids.last)
    return Run(
        credential_id=credential_id,
        organization="KC Ons Huis",
        season=season,
        ended_at=ended_at,
        over=True,
        row_ids=tuple(one.history_id for one in numbered),
        outcomes=numbered,
    )


def failed(error: str = DOWN, entity: str = "teams") -> Outcome:
    return Outcome(entity, "failed", 0, error)


def well(entity: str = "teams") -> Outcome:
    return Outcome(entity, "success", 0, processed=12)


def partly(*reasons: str, failing: int = 1, entity: str = "players") -> Outcome:
    named = frozenset(f"{entity} {reason}" for reason in reasons or ("rejected: name_missing",))
    return Outcome(entity, "partial_success", 0, "1 rejected: name_missing (7)", 100, failing, named)


def test_a_failure_is_notified_at_once_with_its_error() -> None:
    (fact,) = Watch().look(run(failed(), failed(NOT_FINISHED, "players")))
    assert (fact.kind, fact.credential_id) == ("failed", 3)
    assert fact.key == f"failed:3:{fact.body['history_id']}"
    assert (fact.body["error"], fact.body["entities"], fact.body["season"]) == (DOWN, ["teams"], "2026-2027")


def test_the_same_failure_is_notified_once_a_day() -> None:
    watch = Watch()
    assert watch.kinds(run(failed())) == ["failed"]
    assert watch.later(HOUR).kinds(run(failed()), run(failed())) == []
    assert watch.later(22 * HOUR).kinds(run(failed())) == []
    (again,) = watch.later(HOUR).look(run(failed()))
    assert again.body["since"] == watch.facts[0].body["since"]
    assert watch.later(HOUR).kinds(run(failed())) == []


def test_another_error_is_notified_at_once_and_each_once_while_they_take_turns() -> None:
    watch = Watch()
    refused = "Twizzit does not accept the login"
    assert watch.kinds(run(failed())) == ["failed"]
    assert watch.kinds(run(failed(refused))) == ["failed"]
    assert watch.later(HOUR).kinds(run(failed()), run(failed(refused)), run(failed())) == []


def test_numbers_make_no_other_error() -> None:
    assert fingerprint("Twizzit asks us to wait 17 seconds") == fingerprint("Twizzit asks us to wait 203 seconds")
    watch = Watch()
    watch.look(run(failed("503 after 5 tries")))
    assert watch.kinds(run(failed("503 after 3 tries"))) == []


def test_a_recovery_is_notified_once_and_a_new_streak_at_once() -> None:
    watch = Watch()
    watch.look(run(failed()))
    (back,) = watch.later(HOUR).look(run(well(), well("players")))
    assert (back.kind, back.body["status"], back.body["since"]) == (
        "recovered",
        "success",
        watch.facts[0].body["since"],
    )
    assert watch.kinds(run(well(), well("players"))) == []
    assert watch.kinds(run(failed())) == ["failed"]


def test_without_a_failure_there_is_no_recovery() -> None:
    assert Watch().kinds(run(well()), run(well("players"))) == []


def test_failing_and_recovering_between_two_looks_are_both_notified() -> None:
    watch = Watch()
    assert watch.kinds(run(failed()), run(failed()), run(well())) == ["failed", "recovered"]
    assert watch.facts[0].body["more"] == 1
    assert watch.kinds(run(well())) == []


def test_only_what_had_failed_can_recover() -> None:
    watch = Watch()
    watch.look(run(failed(entity="players")))
    assert watch.kinds(run(well("teams"))) == []
    assert watch.kinds(run(well("players"), season="2025-2026")) == []
    assert watch.kinds(replace(run(well("players")), whole=False)) == []
    assert watch.kinds(run(well("teams"), failed("another", "players"))) == ["failed"]
    assert watch.kinds(run(well("players"))) == ["recovered"]


def test_a_backfill_that_fails_forty_times_is_one_message_an_hour() -> None:
    watch = Watch()
    seasons = [f"{year}-{year + 1}" for year in range(1980, 2020)]
    (fact,) = watch.look(*(run(failed(), season=season) for season in seasons[:13]))
    assert fact.body["more"] == 12
    kinds = [watch.later(timedelta(minutes=2)).kinds(run(failed(), season=season)) for season in seasons[13:]]
    assert kinds == [[]] * 27
    assert watch.later(HOUR).kinds(run(failed(), season="2026-2027")) == ["failed"]


def test_credentials_keep_nothing_from_each_other() -> None:
    watch = Watch()
    assert watch.kinds(run(failed()), run(failed(), credential_id=4)) == ["failed", "failed"]
    assert [fact.credential_id for fact in watch.look(run(well(), credential_id=4))] == [4]


def test_what_a_person_stopped_is_no_news_and_ends_nothing() -> None:
    watch = Watch()
    stopped = run(failed(STOPPED), failed(NOT_FINISHED, "players"))
    assert watch.kinds(stopped) == []
    watch.look(run(failed()))
    assert watch.kinds(run(failed(STOPPED))) == []
    assert watch.kinds(run(failed())) == []
    assert watch.kinds(run(failed("it had failed before"), failed(STOPPED, "players"))) == ["failed"]


def test_what_was_merely_not_finished_is_a_failure_where_nothing_else_is_said() -> None:
    (fact,) = Watch().look(run(failed(NOT_FINISHED)))
    assert fact.body["error"] == NOT_FINISHED


def test_a_partial_success_is_notified_once_for_a_streak() -> None:
    watch = Watch()
    (fact,) = watch.look(run(well(), partly()))
    assert (fact.kind, fact.body["failed"], fact.body["processed"]) == ("partial_success", 1, 100)
    assert watch.later(30 * DAY).kinds(run(well(), partly())) == []
    assert watch.kinds(run(well(), well("players"))) == []  # a partial success is no trouble to recover from
    assert watch.kinds(run(well(), partly())) == ["partial_success"]


def test_a_failure_in_between_does_not_end_a_streak_of_partial_successes() -> None:
    watch = Watch()
    watch.look(run(well(), partly()))
    assert watch.kinds(run(failed())) == ["failed"]
    (back,) = watch.look(run(well(), partly()))
    assert (back.kind, back.body["status"]) == ("recovered", "partial_success")


def test_a_new_reason_is_notified_once() -> None:
    watch = Watch()
    watch.look(run(partly("rejected: a", "rejected: b")))
    assert watch.kinds(run(partly("rejected: a"))) == []
    (more,) = watch.look(run(partly("rejected: a", "not applied: doubtful_link")))
    assert more.body["reasons"] == ["players not applied: doubtful_link", "players rejected: a", "players rejected: b"]
    assert watch.kinds(run(partly("rejected: b"))) == []


def test_many_more_items_are_notified() -> None:
    watch = Watch()
    watch.look(run(partly(failing=3)))
    assert watch.kinds(run(partly(failing=9))) == []
    assert watch.kinds(run(partly(failing=10))) == ["partial_success"]
    assert watch.kinds(run(partly(failing=19))) == []
    assert watch.kinds(run(partly(failing=20))) == ["partial_success"]


def test_streaks_of_teams_and_players_end_apart() -> None:
    watch = Watch()
    watch.look(run(partly(entity="teams"), partly(entity="players")))
    watch.look(run(well("teams"), partly(entity="players")))
    assert watch.kinds(run(well("teams"), partly(entity="players"))) == []
    watch.look(run(well("teams"), well("players")))
    assert watch.kinds(run(well("teams"), partly(entity="players"))) == ["partial_success"]


LATE = Late(3, NOW - HOUR, NOW - 3 * HOUR, 60)


def test_lateness_is_open_until_it_is_over() -> None:
    watch = Watch()
    (fact,) = watch.look(late=(LATE,))
    assert (fact.kind, fact.key, fact.body["organization"]) == ("late", "late:3:2026-11-03T11:00:00", "KC Ons Huis")
    assert watch.kinds(late=(LATE,)) == []
    assert watch.kinds(late=(replace(LATE, expected_at=NOW),)) == []  # the interval was changed
    assert watch.kinds(run(well(), season="2024-2025"), late=(LATE,)) == []
    (back,) = watch.look(run(well()))
    assert (back.kind, back.body["kinds"], back.body["since"]) == ("recovered", ["late"], LATE.expected_at.isoformat())
    assert watch.kinds(late=(replace(LATE, expected_at=NOW + 5 * HOUR),)) == ["late"]


def test_failing_and_late_recover_once() -> None:
    watch = Watch()
    assert watch.kinds(run(failed()), late=(LATE,)) == ["failed", "late"]
    (back,) = watch.look(run(well()))
    assert back.body["kinds"] == ["failed", "late"]
    assert watch.kinds(run(well())) == []


def test_no_lateness_while_catching_up_or_where_calls_are_made_to_last() -> None:
    assert Watch().look(late=(LATE,), catching_up=True) == []
    assert Watch().look(late=(replace(LATE, because="waiting"),)) == []


def budget(calls: int, limit: int | None, **more: Any) -> list[Fact]:
    row = BudgetUse(3, "KC Ons Huis", date(2026, 11, 1), calls, limit, **more)
    return facts_of([], still_open=[], late=[], organizations={}, budgets=[row], now=NOW).new


def test_a_budget_at_80_percent_and_a_spent_one() -> None:
    assert budget(799, 1000) == []
    assert [fact.key for fact in budget(800, 1000)] == ["budget_80:3:2026-11"]
    assert [fact.key for fact in budget(1000, 1000)] == ["budget_spent:3:2026-11"]
    until = datetime(2026, 12, 1, tzinfo=UTC)
    (paused,) = budget(12, None, paused_until=until, paused_because="Twizzit says so")
    assert (paused.kind, paused.body["paused_until"]) == ("budget_spent", until.isoformat())


HANGS = Hanging(3, "run-1", NOW - HOUR, HOUR, timedelta(seconds=8))


def test_a_sync_that_hangs_is_notified_once_and_recovers_when_it_ends_well() -> None:
    watch = Watch()
    (fact,) = watch.look(hanging=(HANGS,))
    assert (fact.kind, fact.credential_id, fact.key) == ("hanging", 3, "hanging:3:run-1")
    assert fact.body["organization"] == "KC Ons Huis"
    assert watch.later(HOUR).look(hanging=(HANGS,)) == []
    (over,) = watch.later(HOUR).look(run(well()))
    assert (over.kind, over.body["kinds"]) == ("recovered", ["hanging"])
    assert [one for one in watch.facts if one.is_open] == []


def test_a_sync_that_hangs_and_fails_is_notified_as_a_failure() -> None:
    watch = Watch()
    watch.look(hanging=(HANGS,))
    (fact,) = watch.look(run(failed("The sync was ended after 60 minutes")))
    assert fact.kind == "failed"
    assert [one.kind for one in watch.facts if one.is_open] == ["failed"], "the hang is over with its run"
    (again,) = watch.look(hanging=(replace(HANGS, run_id="run-2"),))
    assert again.kind == "hanging"


def test_what_is_asked_anew_makes_one_notification_and_what_waits_no_other() -> None:
    watch = Watch()
    asks = Outcome("players", "success", 0, questions_of={"field": 3}, new_questions_of={"field": 2})
    (fact,) = watch.look(run(asks, Outcome("matches", "success", 0, questions_of={"opponent": 1})))
    assert (fact.kind, fact.body["new"], fact.body["waiting"], fact.body["entities"]) == (
        "questions",
        2,
        4,
        ["players"],
    )
    assert (fact.body["new_of"], fact.body["waiting_of"]) == ({"field": 2}, {"field": 3, "opponent": 1})
    assert not fact.is_open
    waits = Outcome("players", "success", 0, questions_of={"field": 3})
    assert watch.later(HOUR).kinds(run(waits)) == []
    more = replace(waits, questions_of={"field": 4}, new_questions_of={"field": 1})
    assert watch.later(HOUR).kinds(run(more)) == ["questions"]

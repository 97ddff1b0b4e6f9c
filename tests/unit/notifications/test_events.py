"""What is told of the runs that ended, and what is the same news: pure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from twizzit_pipeline.notifications.budgets import Budget
from twizzit_pipeline.notifications.events import Fact, News, fingerprint, news
from twizzit_pipeline.notifications.runs import Outcome, Run
from twizzit_pipeline.queries.hanging import Hanging
from twizzit_pipeline.runs.troubles import NOT_FINISHED, STOPPED
from twizzit_pipeline.scheduling.freshness import Late

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DOWN = "Twizzit answered 503 after 5 tries"


class Teller:
    """A channel from look to look: what it was told, and what of that is still open."""

    def __init__(self) -> None:
        self.now = NOW
        self.told: list[Fact] = []
        self._ids = 0

    def look(
        self,
        *runs: Run,
        late: tuple[Late, ...] = (),
        catching_up: bool = False,
        hanging: tuple[Hanging, ...] = (),
    ) -> list[Fact]:
        """The new facts of a look at these runs; rows are written as `outbox` does."""
        found: News = news(
            runs,
            told=[fact for fact in self.told if fact.is_open],
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
            self.told.append(fact)
        assert len({fact.key for fact in self.told}) == len(self.told)
        return found.new

    def kinds(self, *runs: Run, late: tuple[Late, ...] = ()) -> list[str]:
        return [fact.kind for fact in self.look(*runs, late=late)]

    def later(self, by: timedelta) -> "Teller":
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


def test_a_failure_is_told_at_once_and_what_it_was() -> None:
    (fact,) = Teller().look(run(failed(), failed(NOT_FINISHED, "players")))
    assert (fact.kind, fact.credential_id) == ("failed", 3)
    assert fact.key == f"failed:3:{fact.body['history_id']}"
    assert (fact.body["error"], fact.body["entities"], fact.body["season"]) == (DOWN, ["teams"], "2026-2027")


def test_the_same_failure_is_told_once_a_day() -> None:
    teller = Teller()
    assert teller.kinds(run(failed())) == ["failed"]
    assert teller.later(HOUR).kinds(run(failed()), run(failed())) == []
    assert teller.later(22 * HOUR).kinds(run(failed())) == []
    (again,) = teller.later(HOUR).look(run(failed()))
    assert again.body["since"] == teller.told[0].body["since"]
    assert teller.later(HOUR).kinds(run(failed())) == []


def test_another_error_is_told_at_once_and_each_once_while_they_take_turns() -> None:
    teller = Teller()
    refused = "Twizzit does not accept the login"
    assert teller.kinds(run(failed())) == ["failed"]
    assert teller.kinds(run(failed(refused))) == ["failed"]
    assert teller.later(HOUR).kinds(run(failed()), run(failed(refused)), run(failed())) == []


def test_numbers_make_no_other_error() -> None:
    assert fingerprint("Twizzit asks to wait 17 seconds") == fingerprint("Twizzit asks to wait 203 seconds")
    teller = Teller()
    teller.look(run(failed("503 after 5 tries")))
    assert teller.kinds(run(failed("503 after 3 tries"))) == []


def test_a_recovery_is_told_once_and_a_new_streak_at_once() -> None:
    teller = Teller()
    teller.look(run(failed()))
    (back,) = teller.later(HOUR).look(run(well(), well("players")))
    assert (back.kind, back.body["status"], back.body["since"]) == (
        "recovered",
        "success",
        teller.told[0].body["since"],
    )
    assert teller.kinds(run(well(), well("players"))) == []
    assert teller.kinds(run(failed())) == ["failed"]


def test_nobody_recovers_from_what_was_not_told() -> None:
    assert Teller().kinds(run(well()), run(well("players"))) == []


def test_failing_and_recovering_between_two_looks_are_both_told() -> None:
    teller = Teller()
    assert teller.kinds(run(failed()), run(failed()), run(well())) == ["failed", "recovered"]
    assert teller.told[0].body["more"] == 1
    assert teller.kinds(run(well())) == []


def test_only_what_had_failed_can_recover() -> None:
    teller = Teller()
    teller.look(run(failed(entity="players")))
    assert teller.kinds(run(well("teams"))) == []
    assert teller.kinds(run(well("players"), season="2025-2026")) == []
    assert teller.kinds(replace(run(well("players")), whole=False)) == []
    assert teller.kinds(run(well("teams"), failed("another", "players"))) == ["failed"]
    assert teller.kinds(run(well("players"))) == ["recovered"]


def test_a_backfill_that_fails_forty_times_is_one_message_an_hour() -> None:
    teller = Teller()
    seasons = [f"{year}-{year + 1}" for year in range(1980, 2020)]
    (fact,) = teller.look(*(run(failed(), season=season) for season in seasons[:13]))
    assert fact.body["more"] == 12
    told = [teller.later(timedelta(minutes=2)).kinds(run(failed(), season=season)) for season in seasons[13:]]
    assert told == [[]] * 27
    assert teller.later(HOUR).kinds(run(failed(), season="2026-2027")) == ["failed"]


def test_credentials_keep_nothing_from_each_other() -> None:
    teller = Teller()
    assert teller.kinds(run(failed()), run(failed(), credential_id=4)) == ["failed", "failed"]
    assert [fact.credential_id for fact in teller.look(run(well(), credential_id=4))] == [4]


def test_what_a_person_stopped_is_no_news_and_ends_nothing() -> None:
    teller = Teller()
    stopped = run(failed(STOPPED), failed(NOT_FINISHED, "players"))
    assert teller.kinds(stopped) == []
    teller.look(run(failed()))
    assert teller.kinds(run(failed(STOPPED))) == []
    assert teller.kinds(run(failed())) == []
    assert teller.kinds(run(failed("it had failed before"), failed(STOPPED, "players"))) == ["failed"]


def test_what_was_merely_not_finished_is_a_failure_where_nothing_else_is_said() -> None:
    (fact,) = Teller().look(run(failed(NOT_FINISHED)))
    assert fact.body["error"] == NOT_FINISHED


def test_a_partial_success_is_told_once_for_a_streak() -> None:
    teller = Teller()
    (fact,) = teller.look(run(well(), partly()))
    assert (fact.kind, fact.body["failed"], fact.body["processed"]) == ("partial_success", 1, 100)
    assert teller.later(30 * DAY).kinds(run(well(), partly())) == []
    assert teller.kinds(run(well(), well("players"))) == []  # a partial success is no trouble to recover from
    assert teller.kinds(run(well(), partly())) == ["partial_success"]


def test_a_failure_in_between_does_not_end_a_streak_of_partial_successes() -> None:
    teller = Teller()
    teller.look(run(well(), partly()))
    assert teller.kinds(run(failed())) == ["failed"]
    (back,) = teller.look(run(well(), partly()))
    assert (back.kind, back.body["status"]) == ("recovered", "partial_success")


def test_a_new_reason_is_told_and_then_known() -> None:
    teller = Teller()
    teller.look(run(partly("rejected: a", "rejected: b")))
    assert teller.kinds(run(partly("rejected: a"))) == []
    (more,) = teller.look(run(partly("rejected: a", "not applied: doubtful_link")))
    assert more.body["reasons"] == ["players not applied: doubtful_link", "players rejected: a", "players rejected: b"]
    assert teller.kinds(run(partly("rejected: b"))) == []


def test_many_more_items_are_told() -> None:
    teller = Teller()
    teller.look(run(partly(failing=3)))
    assert teller.kinds(run(partly(failing=9))) == []
    assert teller.kinds(run(partly(failing=10))) == ["partial_success"]
    assert teller.kinds(run(partly(failing=19))) == []
    assert teller.kinds(run(partly(failing=20))) == ["partial_success"]


def test_streaks_of_teams_and_players_end_apart() -> None:
    teller = Teller()
    teller.look(run(partly(entity="teams"), partly(entity="players")))
    teller.look(run(well("teams"), partly(entity="players")))
    assert teller.kinds(run(well("teams"), partly(entity="players"))) == []
    teller.look(run(well("teams"), well("players")))
    assert teller.kinds(run(well("teams"), partly(entity="players"))) == ["partial_success"]


LATE = Late(3, NOW - HOUR, NOW - 3 * HOUR, 60)


def test_lateness_is_told_until_it_is_over() -> None:
    teller = Teller()
    (fact,) = teller.look(late=(LATE,))
    assert (fact.kind, fact.key, fact.body["organization"]) == ("late", "late:3:2026-11-03T11:00:00", "KC Ons Huis")
    assert teller.kinds(late=(LATE,)) == []
    assert teller.kinds(late=(replace(LATE, expected_at=NOW),)) == []  # somebody changed the interval
    assert teller.kinds(run(well(), season="2024-2025"), late=(LATE,)) == []
    (back,) = teller.look(run(well()))
    assert (back.kind, back.body["kinds"], back.body["since"]) == ("recovered", ["late"], LATE.expected_at.isoformat())
    assert teller.kinds(late=(replace(LATE, expected_at=NOW + 5 * HOUR),)) == ["late"]


def test_failing_and_late_recover_once() -> None:
    teller = Teller()
    assert teller.kinds(run(failed()), late=(LATE,)) == ["failed", "late"]
    (back,) = teller.look(run(well()))
    assert back.body["kinds"] == ["failed", "late"]
    assert teller.kinds(run(well())) == []


def test_no_lateness_while_catching_up_or_where_calls_are_made_to_last() -> None:
    assert Teller().look(late=(LATE,), catching_up=True) == []
    assert Teller().look(late=(replace(LATE, because="waiting"),)) == []


def budget(calls: int, limit: int | None, **more: Any) -> list[Fact]:
    row = Budget(3, "KC Ons Huis", date(2026, 11, 1), calls, limit, **more)
    return news([], told=[], late=[], organizations={}, budgets=[row], now=NOW).new


def test_a_budget_at_80_percent_and_a_spent_one() -> None:
    assert budget(799, 1000) == []
    assert [fact.key for fact in budget(800, 1000)] == ["budget_80:3:2026-11"]
    assert [fact.key for fact in budget(1000, 1000)] == ["budget_spent:3:2026-11"]
    until = datetime(2026, 12, 1, tzinfo=UTC)
    (paused,) = budget(12, None, paused_until=until, paused_because="Twizzit says so")
    assert (paused.kind, paused.body["paused_until"]) == ("budget_spent", until.isoformat())


HANGS = Hanging(3, "run-1", NOW - HOUR, HOUR, timedelta(seconds=8))


def test_a_sync_that_hangs_is_told_once_and_recovers_when_it_ends_well() -> None:
    teller = Teller()
    (fact,) = teller.look(hanging=(HANGS,))
    assert (fact.kind, fact.credential_id, fact.key) == ("hanging", 3, "hanging:3:run-1")
    assert fact.body["organization"] == "KC Ons Huis"
    assert teller.later(HOUR).look(hanging=(HANGS,)) == []
    (over,) = teller.later(HOUR).look(run(well()))
    assert (over.kind, over.body["kinds"]) == ("recovered", ["hanging"])
    assert [one for one in teller.told if one.is_open] == []


def test_a_sync_that_hangs_and_fails_is_told_as_a_failure() -> None:
    teller = Teller()
    teller.look(hanging=(HANGS,))
    (fact,) = teller.look(run(failed("The sync was ended after 60 minutes")))
    assert fact.kind == "failed"
    assert [one.kind for one in teller.told if one.is_open] == ["failed"], "the hang is over with its run"
    (again,) = teller.look(hanging=(replace(HANGS, run_id="run-2"),))
    assert again.kind == "hanging"

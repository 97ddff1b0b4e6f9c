"""Notifications of real syncs: from the history to a webhook and a mail server that listen."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.support.notifying import HOUR, Notifying, notifying_club
from tests.support.receivers import mail_server, webhook
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.notifications import choice, outbox
from twizzit_pipeline.notifications.channels import configured
from twizzit_pipeline.notifications.rounds import RoundResult, notify
from twizzit_pipeline.runs import history
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def notifying(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> Iterator[Notifying]:
    with notifying_club(settings, database, simulate) as found:
        yield found


def test_one_process_at_a_time_follows_the_history(database: Database) -> None:
    """A second one goes on without waiting, and has what the first one left once that is done."""
    now = datetime.now(UTC)
    with database.engine.begin() as connection:
        assert outbox.take_bookmark(connection, "webhook", now) is not None
    with database.engine.begin() as first, database.engine.begin() as second:
        assert outbox.take_bookmark(first, "webhook", now) is not None
        assert outbox.take_bookmark(second, "webhook", now) is None
        assert outbox.take_bookmark(second, "email", now) is not None


def test_a_failure_and_its_recovery_are_notified_once_each(notifying: Notifying) -> None:
    credential_id = notifying.world.add_credential()
    notifying.fails(credential_id)
    (failed,) = notifying.tick()
    first = history.recent(notifying.world.database.engine, credential_id)[-1]
    assert f"sync failed: {notifying.world.club().name} (credential {credential_id})" in failed
    assert first.error_message is not None
    assert f"{notifying.world.season}, teams: {first.error_message}" in failed
    assert failed.endswith(f"What helps: twizzit credentials verify {credential_id} (row {first.id} of its history)")
    notifying.fails(credential_id)
    assert notifying.tick() == []
    notifying.world.sync(credential_id)
    (back,) = notifying.tick()
    assert "successfully at" in back or "with a partial success at" in back
    assert ", after failing since " in back
    assert "Failed at" not in back
    notifying.world.sync(credential_id)
    assert notifying.tick() == []
    assert [row.state for row in notifying.rows()] == ["delivered"] * len(notifying.rows())


def test_a_partial_success_is_notified_once_for_a_streak_and_names_no_person(
    settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]
) -> None:
    simulator = simulate(clubs=1, teams=3, players_per_team=9)
    world = SyncWorld(quick(settings), database, simulator)
    credential_id = world.add_credential()
    with webhook() as receiver:
        notifying = Notifying(
            world, settings.model_copy(update={"notify_webhook_url": SecretStr(receiver.url)}), receiver
        )
        synced = world.sync(credential_id)
        assert {row.status for row in synced.history.values()} >= {"partial_success"}
        (partial,) = notifying.tick()
        world.sync(credential_id)
        assert notifying.tick() == []
    assert "partial success" in partial
    assert f"twizzit history {credential_id}" in partial
    with database.engine.connect() as connection:
        names = set(connection.scalars(text("SELECT last_name FROM players")))
        stored = connection.scalar(text("SELECT string_agg(body::text, '') FROM twizzit_notifications"))
    assert len(names) > 5
    assert [name for name in names if name in f"{partial}{stored}"] == []


def test_a_sync_that_was_killed_is_notified_and_one_that_was_stopped_is_not(notifying: Notifying) -> None:
    world = notifying.world
    credential_id = world.add_credential()
    with suppress(KeyboardInterrupt), world.session(credential_id) as session, session.recording("teams"):
        raise KeyboardInterrupt
    assert notifying.tick() == []
    session = world.session(credential_id)
    with session.recording("teams"):
        pass
    assert session._lease is not None
    session._lease.stop()  # as a process that hangs, or one of another machine that ended
    assert notifying.tick() == []  # it may go on yet
    with world.connected() as connection:
        connection.execute("UPDATE twizzit_leases SET heartbeat_at = now() - interval '2 minutes'")
        (message,) = notifying.tick()
    assert "interrupted: nothing was heard of the process for a minute" in message


def test_a_run_that_is_not_over_is_waited_for(notifying: Notifying) -> None:
    world = notifying.world
    credential_id = world.add_credential()
    with suppress(TwizzitPipelineError), world.session(credential_id) as session:
        world.simulator.faults.arm("not_found", times=None)
        with suppress(TwizzitPipelineError), session.recording("teams"):
            session.listed_season()
        assert history.for_run(world.database.engine, session.run_id)[0].status == "failed"
        assert notifying.tick() == []
    assert len(notifying.tick()) == 1


def test_an_old_history_is_not_notified_but_for_its_last_hour(notifying: Notifying) -> None:
    old, recent = notifying.world.add_credential(), notifying.world.add_credential(organization_name="Another")
    for minutes in range(60, 6000, 600):
        notifying.writes(old, "failed", minutes_ago=minutes + 5)
    notifying.writes(recent, "failed", minutes_ago=30)
    (message,) = notifying.tick()
    assert "Another" in message
    assert [row.credential_id for row in notifying.rows()] == [recent]
    notifying.writes(old, "failed")
    assert len(notifying.tick()) == 1


def test_a_channel_that_comes_later_gets_what_is_new(notifying: Notifying) -> None:
    credential_id = notifying.world.add_credential()
    notifying.writes(credential_id, "failed", minutes_ago=90)
    notifying.tick(datetime.now(UTC) - timedelta(minutes=80))
    assert len(notifying.receiver.taken) == 1
    with mail_server() as mailbox:
        both = notifying.settings.model_copy(
            update={
                "smtp_host": "127.0.0.1",
                "smtp_port": mailbox.port,
                "smtp_security": "none",
                "notify_email_from": "twizzit@club.example",
                "notify_email_to": "admin@club.example",
            }
        )
        notify(notifying.world.database.engine, configured(both))
        assert mailbox.letters == []
        notifying.writes(credential_id, "failed", "Twizzit does not accept the login")
        rounds = notify(notifying.world.database.engine, configured(both))
    assert [(one.channel, one.messages) for one in rounds] == [("webhook", 1), ("email", 1)]
    (letter,) = mailbox.letters
    assert "does not accept the login" in letter.get_content()
    assert len(notifying.receiver.taken) == 2


def test_a_dead_receiver_delays_messages_and_loses_none(notifying: Notifying) -> None:
    credential_id = notifying.world.add_credential()
    notifying.receiver.status = 503
    now = datetime.now(UTC)
    notifying.writes(credential_id, "failed")
    assert notifying.round(now + timedelta(seconds=5)) == RoundResult("webhook", 1, 0, 1, 0, "The webhook answered 503")
    notifying.writes(credential_id, "success")
    assert notifying.round(now + timedelta(seconds=20)) == RoundResult(
        "webhook", 1, 0, 2, 0, None
    )  # not before its turn
    assert notifying.receiver.asked == 1
    assert notifying.round(now + timedelta(seconds=70)).trouble is not None
    notifying.receiver.status = 200
    assert notifying.round(now + timedelta(seconds=80)).messages == 0
    (message,) = notifying.tick(now + timedelta(seconds=200))
    assert message.index("• Failed at") < message.index("• Synced")
    assert [(row.state, row.attempts, row.error) for row in notifying.rows()] == [
        ("delivered", 2, None),
        ("delivered", 3, None),
    ]
    assert notifying.tick(now + HOUR) == []


# The rounds and rows below are of a clock that was two days ahead, and then of one that was put right.
AHEAD = timedelta(days=2)
_BY_IT = -AHEAD / timedelta(minutes=1)


def test_what_happens_after_the_clock_was_put_back_is_notified_and_nothing_twice(notifying: Notifying) -> None:
    failing, other = notifying.world.add_credential(), notifying.world.add_credential(organization_name="Another")
    now = datetime.now(UTC)
    for status in ("failed", "success", "failed"):
        notifying.writes(failing, status, minutes_ago=_BY_IT)
        assert len(notifying.tick(now + AHEAD + timedelta(seconds=5))) == 1
    notifying.tick(now + AHEAD + timedelta(minutes=20))  # from then on those rows are no news

    notifying.writes(other, "failed")
    (message,) = notifying.tick()
    assert "Another" in message
    assert notifying.tick() == []
    notifying.writes(failing, "failed")  # still, two days later by the clock
    assert len(notifying.tick()) == 1
    notifying.writes(failing, "success")
    notifying.writes(other, "success")
    assert len(notifying.tick()) == 2
    assert notifying.tick() == []
    assert notifying.tick(now + AHEAD + timedelta(minutes=30)) == []


@pytest.mark.parametrize("status", ["failed", "partial_success"])
def test_messages_of_before_the_clock_was_put_back_put_no_other_off(notifying: Notifying, status: str) -> None:
    now = datetime.now(UTC) + AHEAD
    for number in range(choice.MOST_MESSAGES):
        notifying.writes(notifying.world.add_credential(organization_name=f"Club {number}"), status, minutes_ago=_BY_IT)
        notifying.tick(now + timedelta(seconds=number))
    notifying.writes(notifying.world.add_credential(organization_name="Another"), status)
    (message,) = notifying.tick()
    assert "Another" in message


def test_what_could_not_be_sent_before_the_clock_was_put_back_is_sent_then(notifying: Notifying) -> None:
    notifying.receiver.status = 503
    notifying.writes(notifying.world.add_credential(), "failed", minutes_ago=_BY_IT)
    assert notifying.round(datetime.now(UTC) + AHEAD + timedelta(seconds=5)).trouble is not None
    notifying.receiver.status = 200
    assert len(notifying.tick()) == 1


def test_what_is_not_accepted_for_a_day_is_given_up_and_marked_so(notifying: Notifying) -> None:
    credential_id = notifying.world.add_credential()
    notifying.receiver.status = 500
    then = datetime.now(UTC) - timedelta(hours=25)
    notifying.writes(credential_id, "failed", minutes_ago=25 * 60 + 1)
    notifying.tick(then)
    assert notifying.round().given_up == 1
    assert notifying.round().given_up == 0
    (row,) = notifying.rows()
    assert row.state == "given up"
    assert row.error == "given up after a day and 1 tries: The webhook answered 500"
    notifying.receiver.status = 200
    assert notifying.tick() == []


def test_a_process_that_dies_while_it_sends_leaves_the_message_to_another(notifying: Notifying) -> None:
    engine = notifying.world.database.engine
    notifying.writes(notifying.world.add_credential(), "failed")
    now = datetime.now(UTC) + timedelta(seconds=5)
    notifying.receiver.status = 503
    notifying.tick(now)
    notifying.receiver.status = 200
    assert len(outbox.claim(engine, "webhook", now + HOUR)) == 1  # and dies
    assert notifying.tick(now + HOUR) == []
    assert len(notifying.tick(now + HOUR + timedelta(minutes=5))) == 1


def test_many_rounds_at_once_send_each_message_once(notifying: Notifying) -> None:
    for place in range(4):
        notifying.writes(notifying.world.add_credential(organization_name=f"Club {place}"), "failed")
    notifying.receiver.seconds = 0.1
    barrier = threading.Barrier(4)

    def together() -> None:
        barrier.wait()
        notifying.round()

    rounds = [threading.Thread(target=together) for _ in range(4)]
    for one in rounds:
        one.start()
    for one in rounds:
        one.join()
    notifying.round()
    assert sorted(said.split("\n")[0] for said in notifying.receiver.texts) == [
        f"Twizzit: sync failed: Club {place} (credential {place + 1})" for place in range(4)
    ]


def test_many_credentials_at_once_are_one_message(notifying: Notifying) -> None:
    for place in range(12):
        notifying.writes(notifying.world.add_credential(organization_name=f"Club {place}"), "failed")
    (message,) = notifying.tick()
    assert message.startswith("Twizzit: news of 12 credentials: 12 × sync failed\n")
    assert message.endswith("… and 2 more: twizzit notifications list")
    assert notifying.tick() == []


def test_a_flood_of_failures_shares_one_message(notifying: Notifying) -> None:
    ids = [notifying.world.add_credential(organization_name=f"Club {place}") for place in range(4)]
    at = datetime.now(UTC)
    for number in range(16):
        notifying.writes(ids[number % 4], "failed", f"error {'x' * number}")
        notifying.round(at + timedelta(seconds=number + 1))
    assert len(notifying.receiver.taken) == choice.MOST_MESSAGES
    assert notifying.round(at + timedelta(minutes=5)).waiting == 6
    later = notifying.tick(at + timedelta(minutes=11))
    assert len(later) == 4  # one for each credential
    assert sum(said.count("• Failed at") for said in notifying.receiver.texts) == 16


def test_a_failure_among_twenty_clubs_never_waits_behind_partial_successes(notifying: Notifying) -> None:
    """Twenty first syncs, one after the other; most leave something out, and one login is refused in the middle."""
    ids = [notifying.world.add_credential(organization_name=f"Club {place}") for place in range(20)]
    refused = "Twizzit does not accept the username and password (401): check the credential"
    begun = datetime.now(UTC)
    with notifying.world.connected() as connection:  # a sync is under way all the while
        connection.execute(
            "INSERT INTO twizzit_leases (organization, token, credential_id, dagster_run_id, holder, acquired_at,"
            " heartbeat_at) VALUES ('x', gen_random_uuid(), %s, 'under way', 'elsewhere|1', now() + interval '1 hour',"
            " now())",
            [ids[-1]],
        )
    for place, credential_id in enumerate(ids):
        failed = place == 17
        notifying.writes(credential_id, *(("failed", refused) if failed else ("partial_success",)))
        with notifying.world.connected() as connection:
            connection.execute("UPDATE twizzit_leases SET heartbeat_at = now()")
        sent = notifying.tick(begun + timedelta(seconds=15 * (place + 1)))
        assert len(sent) == failed, place
        if failed:
            assert f"sync failed: Club 17 (credential {credential_id})" in sent[0]
            assert f"twizzit credentials change-password {credential_id}" in sent[0]
            assert "artial" not in sent[0]
    with notifying.world.connected() as connection:
        connection.execute("DELETE FROM twizzit_leases")
    (digest,) = notifying.tick(begun + timedelta(minutes=10, seconds=1))
    assert digest.startswith("Twizzit: news of 19 credentials: 19 × partial success\n")
    assert all(f"(credential {one}): " in digest for one in ids if one != ids[17])
    # Those of another hour are sent in another hour.
    late_comer = notifying.world.add_credential(organization_name="Club 20")
    notifying.writes(late_comer, "partial_success")
    assert notifying.tick(begun + timedelta(minutes=30)) == []
    (next_one,) = notifying.tick(begun + timedelta(minutes=71))
    assert f"Club 20 (credential {late_comer})" in next_one

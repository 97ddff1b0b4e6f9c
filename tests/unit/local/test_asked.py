"""What a signal sets is waited for by the thread that the signal interrupts, wherever that is just then."""

import signal
import threading
from collections.abc import Iterator

import pytest

from twizzit_pipeline.local.signals import Asked

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def asked() -> Iterator[Asked]:
    """Set by a signal every tenth of a millisecond of this process's CPU."""
    event = Asked()
    before = signal.signal(signal.SIGPROF, lambda *_: event.set())
    signal.setitimer(signal.ITIMER_PROF, 1e-4, 1e-4)
    yield event
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)


def test_a_signal_in_any_instant_of_a_wait_ends_it(asked: Asked) -> None:
    for _ in range(200_000):
        asked.wait(0)
    assert asked.is_set()
    assert asked.wait(0)


def test_another_thread_may_set_it() -> None:
    event = Asked()
    assert not event.wait(0.01)
    threading.Timer(0.05, event.set).start()
    assert event.wait(30)

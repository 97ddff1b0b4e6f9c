"""A clock that is put back is seen, and one that goes on, is put forward, or slept is none of that."""

from twizzit_pipeline.local.clock import Clock

DAY = 86_400.0


def test_a_clock_that_is_put_back_is_seen_once() -> None:
    wall, steady = [DAY * 100], [50.0]
    clock = Clock(lambda: wall[0], lambda: steady[0])

    def after(seconds: float, moved: float = 0.0) -> bool:
        wall[0] += seconds + moved
        steady[0] += seconds
        return clock.was_put_back()

    assert not after(0.1)
    assert not after(0.1, moved=DAY), "put forward, or a machine that slept"
    assert not after(DAY), "time that went by"
    assert not after(0.1, moved=-5), "what keeps time by NTP is corrected by seconds"
    assert after(0.1, moved=-DAY)
    assert not after(0.1)
    assert after(0.1, moved=-3600)

"""How many runs wait in Dagster's queue: as many of each lane as will begin soon, and requests before all."""

from types import SimpleNamespace
from typing import cast

import pytest

from twizzit_pipeline.orchestration.run.lanes import FIRST, LANE_TAG, SLOW
from twizzit_pipeline.orchestration.sensors.room import MOST_REQUESTS, with_room
from twizzit_pipeline.scheduling.turns import Turn

OF_LANE = {None: (True, True), FIRST: (None, True), SLOW: (False, True)}


def turns(count: int, lane: str | None = None, *, asked: bool = False, fails: bool = False) -> list[Turn]:
    quick, verified = OF_LANE[lane]
    credential = SimpleNamespace(last_verified_at="then" if verified else None)
    standing = SimpleNamespace(credential=credential, quick=quick, fails=fails)
    made = [SimpleNamespace(standing=standing, asked=object() if asked else None) for _ in range(count)]
    return cast("list[Turn]", made)


@pytest.mark.parametrize(
    ("lane", "places", "room"),
    [(None, 4, 4), (None, 1, 2), (None, 50, 50), (SLOW, 4, 2), (SLOW, 50, 12), (FIRST, 4, 2)],
)
def test_of_two_hundred_that_are_due_as_many_get_a_run_as_have_room(lane: str | None, places: int, room: int) -> None:
    line = turns(200, lane)
    assert with_room(line, [], places) == line[:room]
    tags = {**({LANE_TAG: lane} if lane else {}), "dagster/priority": "0" if lane == SLOW else "1"}
    assert with_room(line, [tags], places) == line[: room - 1]
    assert with_room(line, [tags] * room, places) == []


def test_a_request_gets_a_run_however_full_the_queue_is() -> None:
    due, asked = turns(200), turns(1, asked=True)
    assert with_room([*asked, *due], [{}] * 10, 4) == asked


def test_many_requests_come_in_their_order_some_at_a_tick() -> None:
    asked = turns(50, asked=True)
    assert with_room([*asked, *turns(10)], [], 4) == asked[:MOST_REQUESTS]


def test_what_is_slow_takes_no_room_of_what_is_quick() -> None:
    slow, new, quick = turns(30, SLOW), turns(30, FIRST), turns(30)
    found = with_room([*slow, *new, *quick], [{LANE_TAG: SLOW, "dagster/priority": "0"}] * 1, 4)
    assert found == [slow[0], *new[:2], *quick[:4]]


def test_what_goes_on_failing_takes_no_room_of_what_goes_well() -> None:
    failing, well = turns(30, fails=True), turns(30)
    assert with_room([*failing, *well], [{"dagster/priority": "0"}] * 4, 4) == well[:4]
    assert with_room([*failing, *well], [], 4) == [*failing[:4], *well[:4]]

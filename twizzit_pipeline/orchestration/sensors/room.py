"""How many runs of the sensor may wait in Dagster's queue: no more than will begin soon.

What belongs here: which turns get a run at this tick. Dagster takes some tens of milliseconds to make one, seconds on a
busy machine, and no request is looked at meanwhile; and a run that waits in the queue keeps a later request of its
credential waiting with it. What is due loses nothing by waiting without a run: it stays due, and comes at a later tick.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from twizzit_pipeline.orchestration.dagster_private import PRIORITY_TAG
from twizzit_pipeline.orchestration.run import lanes
from twizzit_pipeline.scheduling.turns import Turn

PRIORITY_OF_TROUBLED = "0"
MOST_REQUESTS = 20
_LEAST_ROOM = 2


def with_room(line: Sequence[Turn], waiting: Iterable[Mapping[str, str]], places: int) -> list[Turn]:
    """Those of the line that get a run now: requests, so many at a tick, and of what is due as many as have room.

    Each lane has its own room: as many runs may wait as it has places, two at least; as many again of those that are
    troubled, which the queue lets others pass.

    Args:
        waiting: the tags of the sensor's runs in the queue.
        places: how many runs may be under way at once.
    """
    taken = Counter((tags.get(lanes.LANE_TAG), tags.get(PRIORITY_TAG) == PRIORITY_OF_TROUBLED) for tags in waiting)
    asked = [turn for turn in line if turn.asked is not None][:MOST_REQUESTS]
    taken.update((lane_of(turn), False) for turn in asked)
    found = list(asked)
    for turn in line:
        place = lane_of(turn), is_troubled(turn)
        if turn.asked is None and taken[place] < _room(place[0], places):
            taken[place] += 1
            found.append(turn)
    return found


def is_troubled(turn: Turn) -> bool:
    """Whether its syncs take long or go on failing."""
    return turn.standing.quick is False or turn.standing.fails


def lane_of(turn: Turn) -> str | None:
    """The tag of the lane that its run is in; None for those that are quick."""
    return tags_of(turn).get(lanes.LANE_TAG)


def tags_of(turn: Turn) -> dict[str, str]:
    """The tags by which its run is in a lane."""
    verified = turn.standing.credential.last_verified_at is not None
    return lanes.tags_of(turn.standing.quick, verified=verified)


def _room(lane: str | None, places: int) -> int:
    return max(_LEAST_ROOM, places if lane is None else lanes.places_of_a_slow_lane(places))

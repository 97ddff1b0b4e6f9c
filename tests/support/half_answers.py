"""Answers of a simulated v2 of which the scan's reading alone is half of one: the second reading is right again."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.support.sync_world import SyncWorld
from twizzit_pipeline.errors import ServiceUnavailable
from twizzit_pipeline.twizzit.records import Rosters
from twizzit_pipeline.twizzit.v2.dialect import V2


@contextmanager
def left_out(world: SyncWorld, group: int, people: Sequence[int], patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The roster of the group lacks these people until a scan has read it."""
    rosters = world.club().rosters
    whole = rosters[group]
    rosters[group] = [link for link in whole if link.contact_id not in people]

    def right_again() -> None:
        rosters[group] = whole

    with after_the_scan(right_again, patch):
        yield
    right_again()


@contextmanager
def after_the_scan(act: Callable[[], None], patch: pytest.MonkeyPatch) -> Iterator[None]:
    """This is done once the rosters have been read."""
    read = V2.rosters

    def reading(*given: Any) -> Rosters:
        found = read(*given)
        act()
        return found

    with patch.context() as patched:
        patched.setattr(V2, "rosters", reading)
        yield


@contextmanager
def unread(group: int, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The roster of the group cannot be read."""
    read = V2.rosters

    def reading(*given: Any) -> Rosters:
        found = read(*given)
        players = tuple(one for one in found.players if one.team_id != str(group))
        return replace(
            found, players=players, failed={str(group): ServiceUnavailable("503", endpoint="/x", status=503)}
        )

    with patch.context() as patched:
        patched.setattr(V2, "rosters", reading)
        yield

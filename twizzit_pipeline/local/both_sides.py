"""What the people of the demo's first club do at the same time: a player is renamed in Twizzit and in ShotSpot.

The club's policy is to ask, so that its next sync finds a conflict, which waits on the pages. The simulator has no
database; so this does both halves.
"""

import time
from collections.abc import Callable

import httpx
from sqlalchemy import Connection, Engine, exists, func, select, update

from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import conflicts, player_mappings, players

# Three that wait are enough to look at; another one comes when a person has decided one.
MOST_WAITING = 3
_SECONDS = 120.0
_PATIENCE_SECONDS = 5.0
_LONGEST = 50 - len("-Lou")


class BothSides:
    """Renames a player on both sides now and then.

    Args:
        clock: seconds that only grow.
    """

    def __init__(
        self, engine: Engine, simulator_url: str, credential_id: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._changes = f"{simulator_url}/simulator/changes"
        self._credential_id = credential_id
        self._clock = clock
        self._next = clock()

    def look(self) -> None:
        """Renames one, where it is time and not too many wait."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + _SECONDS
        with self._engine.begin() as connection:
            found = self._player(connection)
            if found is None:
                return
            twizzit_id, local_id, first, last = found
            if not self._renamed_in_twizzit(twizzit_id, f"{first}-Lou", last):
                return
            here = update(players).where(players.c.id == local_id, players.c.first_name == first)
            connection.execute(here.values(first_name=f"{first}ke", updated_at=func.now()))

    def _player(self, connection: Connection) -> tuple[str, int, str, str] | None:
        """Twizzit's id, ShotSpot's, and both names of a player of whom nothing was asked; None where there is none,
        or too many wait."""
        row, mapping = conflicts.c, player_mappings.c
        of_club = row.credential_id == self._credential_id
        waiting = connection.scalar(select(func.count()).where(of_club, row.status == "open")) or 0
        if waiting >= MOST_WAITING:
            return None
        twizzit_id = remote_id(player_mappings)
        asked = exists().where(of_club, row.entity == "players", row.twizzit_id == twizzit_id)
        wanted = (
            select(twizzit_id, players.c.id, players.c.first_name, players.c.last_name)
            .join_from(player_mappings, players, players.c.id == mapping.local_player_id)
            .where(mapping.credential_id == self._credential_id, players.c.is_active, ~asked)
            .where(func.length(players.c.first_name) <= _LONGEST, ~players.c.first_name.like("%ke"))
            .order_by(players.c.id)
            .limit(1)
        )
        found = connection.execute(wanted).one_or_none()
        return None if found is None else (str(found[0]), int(found[1]), str(found[2]), str(found[3]))

    def _renamed_in_twizzit(self, twizzit_id: str, first: str, last: str) -> bool:
        """False where it has no such person any more, or does not answer: another time."""
        change = {"change": "rename_person", "contact_id": int(twizzit_id), "first_name": first, "last_name": last}
        try:
            answer = httpx.post(self._changes, json=change, timeout=_PATIENCE_SECONDS, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.is_success

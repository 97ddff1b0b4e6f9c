"""What clubs do in Twizzit by themselves while a simulator runs, so that a sync finds something new now and then.

The same seed makes the same changes in the same order: a shirt number, a farewell, a transfer, a new player, a team's
name.
"""

import itertools
import threading
from collections.abc import Callable
from random import Random

from twizzit_pipeline.simulator import people
from twizzit_pipeline.simulator.changes import Changes
from twizzit_pipeline.simulator.records import Contact, Group, Organization
from twizzit_pipeline.simulator.world import World

_NUMBERS = range(1, 1000)
_RENAMED = " (A)"


class Life:
    """Makes one change after the other: each kind at one club after the other."""

    def __init__(self, changes: Changes, world: World) -> None:
        self._changes = changes
        self._world = world
        self._random = Random(f"life/{world.options.seed}")  # noqa: S311 - the same changes for the same seed
        kinds: tuple[Callable[[Organization, Group, Contact], None], ...] = (
            self._new_number,
            self._farewell,
            self._transfer,
            self._newcomer,
            self._new_name,
        )
        self._halved = False
        self._turns = itertools.cycle(itertools.product(kinds, world.organizations))

    def live(self, seconds: float) -> None:
        """From now on, in a thread of its own, one change after so many seconds, for as long as the process runs."""
        pause = threading.Event()

        def go_on() -> None:
            while not pause.wait(seconds):
                self.change()

        threading.Thread(target=go_on, name="twizzit-simulator-life", daemon=True).start()

    def change(self) -> None:
        """The next change; nothing where the club whose turn it is has no players."""
        with self._world.lock:
            kind, club = next(self._turns)
            teams = [team for team in club.teams(self._world.running_season) if team.name and club.players(team.id)]
            if not teams:
                return
            team = self._random.choice(teams)
            kind(club, team, self._random.choice(club.players(team.id)))

    def _new_number(self, club: Organization, _: Group, player: Contact) -> None:
        taken = {str(contact.number).strip() for contact in club.contacts.values()}
        free = [number for number in _NUMBERS if str(number) not in taken]
        self._changes.set_number(player.id, self._random.choice(free))

    def _farewell(self, club: Organization, team: Group, player: Contact) -> None:
        """At the first club a player leaves Twizzit, at the second half of a team stops, once; elsewhere one player."""
        place = self._world.organizations.index(club)
        if place == 0:
            self._changes.remove_person(player.id)
        elif place == 1:
            people = club.players(team.id)
            for one in [] if self._halved else people[: len(people) // 2]:
                self._changes.remove_from_team(one.id, team.id)
            self._halved = True
        else:
            self._changes.remove_from_team(player.id, team.id)

    def _transfer(self, club: Organization, team: Group, player: Contact) -> None:
        others = [other for other in club.teams(self._world.running_season) if other.name and other.id != team.id]
        if others:
            self._changes.transfer(player.id, self._random.choice(others).id)

    def _newcomer(self, club: Organization, team: Group, _: Contact) -> None:
        known = {contact.name for contact in club.contacts.values()}
        female = self._random.random() < 0.5
        firsts = people.FIRST_NAMES_FEMALE if female else people.FIRST_NAMES_MALE
        names = [(first, last) for first in firsts for last in people.LAST_NAMES if f"{first} {last}" not in known]
        first, last = self._random.choice(names)
        self._changes.add_person(team.id, first, last, "F" if female else "M")

    def _new_name(self, _: Organization, team: Group, __: Contact) -> None:
        name = " ".join(str(team.name).split())
        self._changes.rename_team(team.id, name.removesuffix(_RENAMED) if name.endswith(_RENAMED) else name + _RENAMED)

"""What a club does in Twizzit between two syncs: rename, transfer, remove, add, move, cancel."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from twizzit_pipeline.simulator.clubs import PLAYER, PLAYING
from twizzit_pipeline.simulator.events import MATCH, season_events
from twizzit_pipeline.simulator.records import Contact, Group, Link, MatchChange, Organization
from twizzit_pipeline.simulator.world import World


class Changes:
    """Changes a world while a server shows it. Ids are the world's own (numbers); an unknown one is a KeyError.

    Names are taken as they are given, wrong ones too.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def rename_team(self, group_id: int, name: str | None) -> None:
        """Gives a team another name."""
        with self._world.lock:
            self._of_group(group_id).groups[group_id].name = name

    def rename_person(self, contact_id: int, first_name: str | None, last_name: str | None) -> None:
        """Gives a person another name."""
        with self._world.lock:
            contact = self._of_contact(contact_id).contacts[contact_id]
            contact.first_name, contact.last_name = first_name, last_name

    def set_number(self, contact_id: int, number: object) -> None:
        """Gives a person another shirt number."""
        with self._world.lock:
            self._of_contact(contact_id).contacts[contact_id].number = number

    def set_gender(self, contact_id: int, gender: object) -> None:
        """Writes down another gender."""
        with self._world.lock:
            self._of_contact(contact_id).contacts[contact_id].gender = gender

    def transfer(self, contact_id: int, group_id: int) -> None:
        """Makes a person a player of that team, and of no other one of its season."""
        with self._world.lock:
            organization = self._of_group(group_id)
            contact = organization.contacts[contact_id]
            season_id = organization.groups[group_id].season_id
            for group in organization.groups.values():
                if group.season_id == season_id and group.is_team:
                    self._take_out(organization, contact.id, group.id)
            organization.rosters[group_id].append(Link(contact.id, PLAYER))

    def add_to_team(self, contact_id: int, group_id: int, function: str = PLAYER) -> None:
        """Puts a person into a group besides all others: as player, coach, delegate, chair or member."""
        with self._world.lock:
            organization = self._of_group(group_id)
            contact = organization.contacts[contact_id]
            if function not in organization.function_ids():
                raise KeyError(function)
            organization.rosters[group_id].append(Link(contact.id, function))

    def remove_from_team(self, contact_id: int, group_id: int) -> None:
        """Takes a player out of a team; they stay a contact."""
        with self._world.lock:
            self._take_out(self._of_group(group_id), contact_id, group_id)

    def remove_person(self, contact_id: int) -> None:
        """Takes a person out of every group and out of the contacts."""
        with self._world.lock:
            organization = self._of_contact(contact_id)
            for roster in organization.rosters.values():
                roster[:] = [link for link in roster if link.contact_id != contact_id]
            del organization.contacts[contact_id]

    def add_person(
        self,
        group_id: int,
        first_name: str | None,
        last_name: str | None,
        gender: object = None,
        number: object = None,
    ) -> int:
        """A new contact who plays in that team; gives their id."""
        with self._world.lock:
            organization = self._of_group(group_id)
            contact = Contact(max(organization.contacts, default=0) + 1, first_name, last_name, gender, number)
            organization.contacts[contact.id] = contact
            organization.rosters[group_id].append(Link(contact.id, PLAYER))
            return contact.id

    def add_team(self, organization: int | str | Organization, name: str | None, season: str | None = None) -> int:
        """A new team without players, in the running season if no label is given; gives its id."""
        with self._world.lock:
            owner = self._world.organization(organization)
            season_id = (self._world.season(season) if season else self._world.running_season).id
            group = Group(id=max(owner.groups, default=0) + 1, season_id=season_id, name=name, short_name=None)
            owner.groups[group.id] = group
            owner.rosters[group.id] = []
            return group.id

    def remove_team(self, group_id: int) -> None:
        """Takes a team away; its people stay contacts."""
        with self._world.lock:
            organization = self._of_group(group_id)
            del organization.groups[group_id], organization.rosters[group_id]

    def remake_team(self, group_id: int) -> int:
        """Deletes a team and makes it anew: it, and each of its matches, has another id and is otherwise the same.

        Returns: the new id.
        """
        with self._world.lock:
            owner = self._of_group(group_id)
            new = max(owner.groups) + 1
            earlier = owner.groups[group_id]
            group = replace(earlier, id=new, made_from=earlier.made_from or group_id)
            group.first_name = earlier.first_name
            owner.groups = {one.id: one for one in (group if one is earlier else one for one in owner.groups.values())}
            owner.rosters[new] = owner.rosters.pop(group_id)
            matches = range(group_id * 100, group_id * 100 + 100)
            owner.match_changes = {
                id_ - matches.start + new * 100 if id_ in matches else id_: change
                for id_, change in owner.match_changes.items()
            }
            return new

    def move_match(self, event_id: int, start: str) -> None:
        """Plays a match at another time: Belgian local time, as ``2026-11-21 15:00``."""
        self._change_match(event_id, start=datetime.fromisoformat(start))

    def cancel_match(self, event_id: int) -> None:
        """Calls a match off."""
        self._change_match(event_id, status="cancelled")

    def postpone_match(self, event_id: int) -> None:
        """Puts a match off to a day that is not known yet."""
        self._change_match(event_id, status="to_reschedule")

    def finish_match(self, event_id: int, home: int, away: int) -> None:
        """Writes down a match's score."""
        self._change_match(event_id, score=(home, away))

    def remove_match(self, event_id: int) -> None:
        """Takes a match out of the calendar."""
        self._change_match(event_id, removed=True)

    def named(self) -> Mapping[str, Callable[..., Any]]:
        """Every change by its name, for the control routes."""
        changes: tuple[Callable[..., Any], ...] = (
            self.rename_team,
            self.rename_person,
            self.set_number,
            self.set_gender,
            self.transfer,
            self.add_to_team,
            self.remove_from_team,
            self.remove_person,
            self.add_person,
            self.add_team,
            self.remove_team,
            self.remake_team,
            self.move_match,
            self.cancel_match,
            self.postpone_match,
            self.finish_match,
            self.remove_match,
        )
        return {change.__name__: change for change in changes}

    def _change_match(self, event_id: int, **changed: Any) -> None:
        with self._world.lock:
            for organization in self._world.organizations:
                for season in self._world.seasons_of(organization):
                    events = season_events(self._world, organization, season)
                    found = (event.id for event in events if event.kind == MATCH)
                    if event_id in found:
                        before = organization.match_changes.get(event_id, MatchChange())
                        organization.match_changes[event_id] = replace(before, **changed)
                        return
        _unknown(event_id)

    def _of_group(self, group_id: int) -> Organization:
        return next((o for o in self._world.organizations if group_id in o.groups), None) or _unknown(group_id)

    def _of_contact(self, contact_id: int) -> Organization:
        return next((o for o in self._world.organizations if contact_id in o.contacts), None) or _unknown(contact_id)

    @staticmethod
    def _take_out(organization: Organization, contact_id: int, group_id: int) -> None:
        roster = organization.rosters[group_id]
        roster[:] = [link for link in roster if link.contact_id != contact_id or link.function not in PLAYING]


def _unknown(id_: int) -> Organization:
    raise KeyError(id_)

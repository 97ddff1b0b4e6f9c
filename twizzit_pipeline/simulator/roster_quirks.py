"""Rosters as some clubs keep them: functions in words of their own, and memberships of last season that come along.

What belongs here: changing who is in which group, and as what, once the plain world is made. Without these quirks it
stays as it is.
"""

from dataclasses import replace
from random import Random

from twizzit_pipeline.simulator import clubs, people
from twizzit_pipeline.simulator.records import Contact, Group, Link, Organization
from twizzit_pipeline.simulator.world import World

_YOUTH_TEAM = "U15"


def apply_roster_quirks(world: World) -> None:
    """Changes the rosters of every organization by the quirks of the world."""
    quirks = world.options.quirks
    for organization in world.organizations:
        random = Random(f"quirks/{world.options.seed}/{organization.id}")  # noqa: S311 - the same world for the same seed
        if "youth_functions" in quirks:
            _youth_functions(world, organization, random)
        if "odd_function" in quirks:
            _add(world, organization, clubs.ODD, random, teams=1)
        if "old_seasons_in_rosters" in quirks:
            _last_seasons_players(world, organization)


def _youth_functions(world: World, organization: Organization, random: Random) -> None:
    """Every player by another word; and who was one, who is a guest, and who helps, in two teams."""
    for group in organization.groups.values():
        if group.is_team:
            links = organization.rosters[group.id]
            links[:] = [replace(link, function=_word_for(organization, group, link)) for link in links]
    for function in (clubs.FORMER, clubs.GUEST, clubs.PHYSIO):
        _add(world, organization, function, random, teams=2)
    organization.own_functions += (*clubs.PLAYER_WORDS, clubs.FORMER, clubs.PHYSIO)


def _word_for(organization: Organization, group: Group, link: Link) -> str:
    if link.function != clubs.PLAYER:
        return link.function
    if (group.name or "").startswith(_YOUTH_TEAM):
        return clubs.YOUTH
    return clubs.LADY if organization.contacts[link.contact_id].gender == "F" else clubs.LEAGUE


def _add(world: World, organization: Organization, function: str, random: Random, *, teams: int) -> None:
    """A new person with that function in each of the first teams of the running season."""
    if function == clubs.ODD:
        organization.own_functions += (clubs.ODD,)
    named = [group for group in organization.teams(world.running_season) if group.name]
    for group in named[:teams]:
        contact = _newcomer(organization, random)
        organization.rosters[group.id].append(Link(contact.id, function))


def _newcomer(organization: Organization, random: Random) -> Contact:
    """A contact with a name that no one has."""
    taken = {contact.name for contact in organization.contacts.values()}
    while True:
        female = random.random() < 0.5
        first = random.choice(people.FIRST_NAMES_FEMALE if female else people.FIRST_NAMES_MALE)
        last = random.choice(people.LAST_NAMES)
        if f"{first} {last}" not in taken:
            contact = Contact(max(organization.contacts, default=0) + 1, first, last, "F" if female else "M")
            organization.contacts[contact.id] = contact
            return contact


def _last_seasons_players(world: World, organization: Organization) -> None:
    """Two of last season's players of each team stand on this season's roster still, with last season's id."""
    before = [season for season in world.seasons_of(organization) if season.end < world.running_season.start]
    if not before:
        return
    last = before[-1]
    teams = {(group.first_name, group.club): group for group in organization.teams(last) if group.name}
    for group in organization.teams(world.running_season):
        old = teams.get((group.first_name, group.club))
        if old is None:
            continue
        roster = organization.rosters[group.id]
        here = {link.contact_id for link in roster}
        gone = [link for link in organization.rosters[old.id] if link.function in clubs.PLAYING]
        gone = [link for link in gone if link.contact_id not in here]
        roster += [replace(link, season_id=last.id) for link in gone[:2]]

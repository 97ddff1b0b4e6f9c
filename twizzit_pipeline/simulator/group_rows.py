"""Group types, and what rows of groups and memberships say of ids and seasons: where accounts differ most.

What belongs here: how these quirks look on the wire. Who is in which group is made in `generate` and `roster_quirks`.
"""

from twizzit_pipeline.simulator import clubs
from twizzit_pipeline.simulator.options import SimulatorOptions
from twizzit_pipeline.simulator.records import Group, Link, Organization, Season
from twizzit_pipeline.simulator.wire_habits import season_label
from twizzit_pipeline.simulator.world import World

RowDict = dict[str, object]
_YOUTH = "U"  # with which the names of youth teams begin
_LASTING = 50_000_000


def season_row(season: Season, options: SimulatorOptions) -> RowDict:
    """A row of ``/seasons``, which groups carry as well."""
    name = season_label(season, options.quirks)
    return {"id": season.id, "name": name, "start-date": str(season.start), "end-date": str(season.end)}


def group_type_rows(world: World) -> list[RowDict]:
    """The rows of ``/group-types``."""
    team = world.options.team_type_id
    names = [clubs.TEAM_TYPE, clubs.COMMITTEE_TYPE]
    if "many_team_types" in world.options.quirks:
        names = [clubs.SENIOR_TYPE, clubs.COMMITTEE_TYPE, clubs.YOUTH_TYPE, clubs.RESPONSIBLE_TYPE]
    return [{"id": team + place, "name": name} for place, name in enumerate(names)][::-1]  # the order says nothing


def type_ids(world: World, group: Group) -> set[int]:
    """The types that a group is listed for; with many of them, youth teams have their own, and one team has two."""
    team = world.options.team_type_id
    if not group.is_team:
        return {team + 1}
    if "many_team_types" not in world.options.quirks:
        return {team}
    name = group.first_name or ""
    if name.startswith(_YOUTH):
        return {team + 2}
    return {team, team + 2} if name.startswith(clubs.CATEGORIES[-1][0]) else {team}


def lasting_id(world: World, organization: Organization, group: Group) -> int | None:
    """The id of the group that lasts, where `Group.id` is the one of its relation to a season; None where it is not.

    The groups of several seasons that were called the same at first are one; without a name, each is its own.
    """
    if "relation_ids" not in world.options.quirks:
        return None
    key = (group.first_name, group.club)
    same = [one for one in organization.groups.values() if (one.first_name, one.club) == key]
    is_plain = bool(group.first_name) and len({one.season_id for one in same}) == len(same)
    return _LASTING + (min(one.id for one in same) if is_plain else group.id)


def relation_keys(world: World, organization: Organization, group: Group) -> RowDict:
    """What a group's row says of the lasting group: nothing, its id, or the group as an object."""
    lasting = lasting_id(world, organization, group)
    if lasting is None:
        return {}
    return {"group-id": lasting} if group.id % 2 else {"group": {"id": lasting, "name": group.name}}


def season_keys(world: World, group: Group, link: Link) -> RowDict:
    """What a membership says of its season, where it has to: an id, an object, a label.

    Of every fifth person of the running season it says nothing: that is what no season means.
    """
    season = world.seasons[group.season_id if link.season_id is None else link.season_id]
    if world.options.quirks.isdisjoint({"old_seasons_in_rosters", "relation_ids"}):
        return {}
    if season == world.running_season and link.contact_id % 5 == 0:
        return {}
    looks: tuple[RowDict, ...] = (
        {"season-id": season.id},
        {"seasonId": str(season.id)},
        {"season": season_row(season, world.options)},
        {"season": season_label(season, world.options.quirks)},
    )
    return looks[link.contact_id % len(looks)]

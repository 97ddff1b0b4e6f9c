"""Teams that cannot have their name: ShotSpot takes it once in a club and season. Pure.

Of a team that is new, and whose name one has that the credential itself has mapped, a person decides: it is another
team, which is made under its name and a number; or it is that team, where the earlier one is not listed any more.
"""

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import replace

from twizzit_pipeline.plan import Failed, Question, SettledBy
from twizzit_pipeline.plan.numbered_names import numbered
from twizzit_pipeline.plan.ownership import same_organization
from twizzit_pipeline.plan.partners import Partners
from twizzit_pipeline.plan.pending_teams import PendingTeam, name_slot
from twizzit_pipeline.plan.rows import LocalTeam
from twizzit_pipeline.plan.states import TeamState
from twizzit_pipeline.plan.team_partners import own_mappings

NAME_TAKEN = "name_taken"
# It may feed the club, but the team of that name is another organization's.
TEAM_OF_ANOTHER = "team_of_another_organization"
_LONGEST = 100


def named_apart(
    pending: Sequence[PendingTeam], losers: Collection[Hashable], held: Collection[Hashable], state: TeamState
) -> list[PendingTeam]:
    """The pending teams; those that do not get their name get one with a number, where a person decided so.

    One that was made so keeps the name that it has where a repair alone asks for Twizzit's: there is nothing to do.
    """
    taken = {*held, *(one.move.wants for one in pending if one.move is not None)}
    links = state.decisions.links
    found = []
    for one in pending:
        is_loser = one.row_id in losers and one.action == "create"
        is_said = one.remote.id in links and links[one.remote.id] is None
        if is_loser and is_said and name_taken(one, state).reason == NAME_TAKEN:
            found.append(_numbered(one, taken))
            taken.add(name_slot(one.club_id, found[-1].values["name"], one.values["season_id"]))
        elif one.row_id in losers and is_said and one.local is not None and _says_as_before(one):
            found.append(replace(one, values={**one.values, "name": one.local.name}))
        else:
            found.append(one)
    return found


def _numbered(one: PendingTeam, taken: Collection[Hashable]) -> PendingTeam:
    def is_taken(name: str) -> bool:
        return name_slot(one.club_id, name, one.values["season_id"]) in taken

    return replace(one, values={**one.values, "name": numbered(str(one.values["name"]), is_taken, longest=_LONGEST)})


def _says_as_before(one: PendingTeam) -> bool:
    """Whether Twizzit calls it what it called it at the last sync."""
    said = {} if one.mapping is None else one.mapping.last_values or {}
    return said.get("name") == one.remote.name


def name_taken(one: PendingTeam, state: TeamState) -> Failed:
    """Why a team does not get its name: a team of the club has it, which may be one that another organization maps."""
    holder = _holder(one, state)
    owner = state.owner
    ours = {
        mapping.local_id
        for mapping in state.mappings
        if mapping.credential_id == owner.credential_id or same_organization(mapping, owner)
    }
    if holder is None or not holder.mapped or holder.id in ours or holder.club_id not in state.rights.others:
        return Failed(one.remote.id, NAME_TAKEN)
    return Failed(one.remote.id, TEAM_OF_ANOTHER, (holder.id,))


def _holder(one: PendingTeam, state: TeamState) -> LocalTeam | None:
    wanted = name_slot(one.club_id, one.values["name"], one.values["season_id"])
    return next((team for team in state.local if name_slot(team.club_id, team.name, team.season_id) == wanted), None)


def name_questions(state: TeamState, losers: Iterable[PendingTeam], going_over: Collection[int]) -> Partners:
    """What is to be asked about the new teams whose name another one has.

    Args:
        losers: those that do not get their name.
        going_over: local teams whose mapping goes over to another remote id by this plan.
    """
    if not state.season.decides:
        return Partners()
    mapped_to = own_mappings(state)
    known = {one.twizzit_id: one for one in state.decisions.open if one.is_of_name}
    questions: list[Question] = []
    asked = set()
    for one in losers:
        holder = _holder(one, state) if one.action == "create" else None
        if holder is None or holder.id not in mapped_to or holder.id in going_over:
            continue
        asked.add(one.remote.id)
        base = {str(holder.id): mapped_to[holder.id]} if holder.id in state.unlisted else {}
        before = known.get(one.remote.id)
        if before is None or (before.candidates, before.base) != ((holder.id,), base):
            questions.append(Question("doubtful_link", one.remote.id, base=base, candidates=(holder.id,)))
    listed = {team.id for team in state.remote}
    settled: dict[int, SettledBy] = {
        one.id: "certain" if one.stands else "row_gone"
        for one in known.values()
        if not one.stands or (one.twizzit_id in listed and one.twizzit_id not in asked)
    }
    return Partners(questions, settled)

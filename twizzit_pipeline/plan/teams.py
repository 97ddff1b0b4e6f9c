"""What becomes of a season's teams: linked where one is found, made where none is, updated where Twizzit changed."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from twizzit_pipeline.plan import DOUBTFUL_LINK, Action, Change, Failed, Plan, Warned, id_order
from twizzit_pipeline.plan.asking import Asking
from twizzit_pipeline.plan.clubs import names_another
from twizzit_pipeline.plan.departed import DONE, Record
from twizzit_pipeline.plan.departures import DEPARTED, NONE_LISTED, plan_departures, returned, team_departs
from twizzit_pipeline.plan.merge import Move, denied, merge
from twizzit_pipeline.plan.ownership import by_remote_id, claim, refused, takeovers
from twizzit_pipeline.plan.pending_teams import (
    PendingTeam,
    base_of,
    change_of,
    link,
    marked,
    name_slot,
    new,
    repairs_of,
    said_of,
)
from twizzit_pipeline.plan.places import Clubs, find_season, season_creation
from twizzit_pipeline.plan.rows import LocalTeam, MappingRow, RemoteTeam
from twizzit_pipeline.plan.states import TeamState
from twizzit_pipeline.plan.successors import Successions
from twizzit_pipeline.plan.taken_names import name_questions, name_taken, named_apart
from twizzit_pipeline.plan.team_names import own_name
from twizzit_pipeline.plan.team_partners import team_partners
from twizzit_pipeline.transform.clubs import club_keys
from twizzit_pipeline.transform.names import normalised_name

# Why a team is not brought into a club: the credential is no federation's; the club is another organization's.
NAMES_ANOTHER_CLUB = "names_another_club"
CLUB_OF_ANOTHER = "club_of_another_organization"
# A federation's group that names another club than the one in which its team stands: a person moves it.
IN_ANOTHER_CLUB = "in_another_club"


def plan_teams(state: TeamState) -> Plan:
    """The plan for the teams of one credential and season."""
    season_id = find_season(state.season, state.seasons)
    clubs = Clubs(state)
    leaving = plan_departures(state.departures, team_departs)
    successions = Successions(state, leaving, season_id)
    pending, failed = _pending(state, clubs, season_id, successions)
    leaving = successions.stays(leaving)
    held = {name_slot(team.club_id, team.name, team.season_id) for team in state.local} - {None}
    losers = denied(held, _moves(pending))
    pending = named_apart(pending, losers, held, state)
    losers = denied(held, _moves(pending))

    changes: list[Change] = []
    unchanged = 0
    asking = Asking(state.decisions)
    for one in pending:
        if one.row_id in losers:
            failed.append(name_taken(one, state))
            changes.extend(marked(one))
            continue
        _look(asking, one)
        if (change := change_of(one, state)) is not None:
            changes.append(change)
        else:
            unchanged += 1
    names = name_questions(state, [one for one in pending if one.row_id in losers], successions.taken)
    partners = team_partners(state, [one for one in pending if one.mapping or one.row_id not in losers], failed)
    return Plan(
        "teams",
        changes=[*_places(changes, clubs, state), *leaving.changes, *changes],
        failed=failed,
        warned=[
            *takeovers(changes, {team.id: team.name for team in state.local}),
            *_elsewhere(pending, clubs, state),
            *_none_listed(state),
        ],
        unchanged=unchanged,
        first_fed=_first_fed(pending, state),
        departures=[*leaving.records, *_back(pending, losers, state)],
        held=leaving.held,
        waiting=leaving.waiting,
        questions=[*asking.questions, *partners.questions, *names.questions],
        settled={**asking.settled, **partners.settled, **names.settled},
    )


def _moves(pending: Iterable[PendingTeam]) -> list[Move]:
    return [move for one in pending if (move := one.move) is not None]


def _back(pending: Iterable[PendingTeam], losers: Collection[object], state: TeamState) -> list[Record]:
    """The departures of the teams that are here again, by this plan or since the sync that let them go was undone."""
    back = state.departures.back
    ids = [one.remote.id for one in pending if one.row_id not in losers and not (one.base or {}).get(DEPARTED)]
    return returned(back[remote_id] for remote_id in ids if remote_id in back and back[remote_id].status in DONE)


def _look(asking: Asking, one: PendingTeam) -> None:
    if one.merged and one.mapping is not None:
        asking.look(
            one.remote.id,
            one.row_id,
            base=one.mapping.last_values,
            remote=said_of(one.remote),
            held=one.before,
            values=one.values,
            conflicts=one.conflicts,
            mapped_as=one.mapping.twizzit_id,
        )


def _elsewhere(pending: Iterable[PendingTeam], clubs: Clubs, state: TeamState) -> list[Warned]:
    """What is to be reported of mapped teams that stay in their club, though Twizzit names another than that one.

    Not of what a past season names, which moves no team of a later one.
    """
    itself = club_keys(state.owner.organization_name)
    return [
        Warned(one.remote.id, IN_ANOTHER_CLUB)
        for one in pending
        if one.merged
        and one.remote.club_name is not None
        and not club_keys(one.remote.club_name) & itself
        and clubs.find(one.remote.club_name) not in (None, one.club_id)
    ]


def _none_listed(state: TeamState) -> list[Warned]:
    """The season's teams that were listed and have not departed, where not one team of the season is listed now."""
    if state.remote or not state.season.decides:
        return []
    here = [
        one.twizzit_id
        for one in state.mappings
        if one.credential_id == state.owner.credential_id
        and (base := one.last_values or {}).get("season") == state.season.label
        and not base.get(DEPARTED)
    ]
    return [Warned(remote_id, NONE_LISTED) for remote_id in sorted(here, key=id_order)]


def _first_fed(pending: Iterable[PendingTeam], state: TeamState) -> frozenset[int]:
    """The clubs that are there and that no team of the organization stood in until now."""
    fed = {one.club_id for one in pending if one.action != "update" and one.club_id > 0}
    return frozenset(fed - state.rights.own)


def _pending(
    state: TeamState, clubs: Clubs, season_id: int, successions: Successions
) -> tuple[list[PendingTeam], list[Failed]]:
    mappings = by_remote_id(state.mappings, state.owner)
    local = {team.id: team for team in state.local}
    pending: list[PendingTeam] = []
    failed: list[Failed] = []
    unmapped: list[tuple[RemoteTeam, int]] = []
    for remote in sorted(state.remote, key=lambda team: id_order(team.id)):
        club_id = clubs.find(remote.club_name)
        mapping = mappings.get(remote.id)
        if names_another(remote.club_name, club_id, state.owner, state.rights):
            failed.append(Failed(remote.id, NAMES_ANOTHER_CLUB))
            continue
        one = None
        if mapping is not None:
            one = _mapped(state, remote, mapping, local[mapping.local_id], club_id, season_id)
        if isinstance(one, PendingTeam):
            pending.append(one)
        elif one is not None and not state.decisions.settles(one):
            failed.append(one)
        elif club_id is None:
            failed.append(Failed(remote.id, "club_doubtful"))
        elif not state.rights.may_feed(club_id):
            failed.append(Failed(remote.id, CLUB_OF_ANOTHER))
        else:
            unmapped.append((remote, club_id))
    linked, doubtful = _found_or_new(state, unmapped, season_id, successions)
    return pending + linked, failed + doubtful


def _mapped(
    state: TeamState, remote: RemoteTeam, mapping: MappingRow, local: LocalTeam, club_id: int | None, season_id: int
) -> PendingTeam | Failed:
    """The change for a team that has a mapping; failed where that is another organization's, or may be.

    Every club has a U15, so a team's name proves little: of ShotSpot's own mappings, those of the same club are meant.
    """
    same_club = local.club_id == club_id and state.rights.may_feed(local.club_id)
    decided = state.decisions.names(remote.id, local.id)
    claimed = claim(mapping, state.owner, may_be_same=same_club, decided=decided)
    if (failed := refused(claimed, remote.id, local.id)) is not None:
        return failed
    action: Action = "adopt" if claimed == "adoptable" else "update"
    base = mapping.last_values
    kept = {"name": local.name, "age_group": local.age_group, "gender": local.gender, "season_id": local.season_id}
    one = PendingTeam(action, remote, local.id, local.club_id, kept, base, local, mapping)
    same_season = base is None or base.get("season") == state.season.label
    if not (same_season or state.season.decides):
        # an older season overwrites nothing newer, the name that the mapping remembers included
        return replace(one, remote=replace(remote, name=mapping.twizzit_name or remote.name))
    said = said_of(remote)
    values, conflicts = merge(
        state.decisions.base_of(remote.id, base, said, kept),
        said,
        kept,
        repairs=repairs_of(state),
        policies=state.decisions.policies,
        local_is_newer=state.decisions.is_newer(local.updated_at),
        newer=state.decisions.newer_than_asked(local.updated_at, remote.id),
    )
    keeps_season = same_season and local.season_id is not None and not (state.season.repairs and season_id > 0)
    values["season_id"] = local.season_id if keeps_season else season_id
    one = replace(one, values=values, conflicts=conflicts, base=base_of(state, remote), merged=True)
    return _again(state, one) if base is not None and base.get(DEPARTED) else one


def _again(state: TeamState, one: PendingTeam) -> PendingTeam:
    """The change of a team that had departed: it is as active as it was, unless that was edited since."""
    assert one.local is not None and one.mapping is not None
    departure = state.departures.of(one.mapping.twizzit_id)
    before = True if departure is None else departure.before.get("is_active", True)
    active = before if one.local.is_active is False else one.local.is_active
    return replace(one, action="return", values={**one.values, "is_active": active})


def _found_or_new(
    state: TeamState, unmapped: Sequence[tuple[RemoteTeam, int]], season_id: int, successions: Successions
) -> tuple[list[PendingTeam], list[Failed]]:
    """Links each team to the one local team that fits, makes those that none fits, and reports the doubtful.

    One that none fits may be a team whose earlier id is gone, unless a person said that it is new.
    """
    clubs = {club.id: normalised_name(club.name) for club in state.clubs}
    club_of = {remote.id: club_id for remote, club_id in unmapped}
    chosen = state.decisions.chosen(
        (remote for remote, _ in unmapped),
        (team for team in state.local if not team.mapped),
        lambda remote, team: team.club_id == club_of[remote.id],
    )
    free: dict[tuple[int, str], list[LocalTeam]] = defaultdict(list)
    for team in state.local:
        if not team.mapped and team not in chosen.values():
            free[team.club_id, own_name(team.name, clubs.get(team.club_id))].append(team)
    fitting = {
        remote.id: _fitting(
            remote,
            [
                team
                for team in free[club_id, own_name(remote.name, clubs.get(club_id))]
                if not state.decisions.are_two(remote.id, team.id)
            ],
            season_id,
        )
        for remote, club_id in unmapped
    } | {remote_id: [] if team is None else [team] for remote_id, team in chosen.items()}
    wanted = Counter(team.id for teams in fitting.values() for team in teams)
    pending, failed = [], []
    for place, (remote, club_id) in enumerate(unmapped):
        teams = fitting[remote.id]
        if not teams:
            after = None if remote.id in chosen else _succeeding(state, remote, club_id, season_id, successions, clubs)
            pending.append(after or new(state, remote, club_id, season_id, row_id=-1 - place))
        elif len(teams) > 1 or wanted[teams[0].id] > 1:
            failed.append(Failed(remote.id, DOUBTFUL_LINK, tuple(sorted(team.id for team in teams))))
        else:
            pending.append(link(state, remote, teams[0], season_id))
    return pending, failed


def _succeeding(
    state: TeamState,
    remote: RemoteTeam,
    club_id: int,
    season_id: int,
    successions: Successions,
    clubs: Mapping[int, str],
) -> PendingTeam | None:
    """The change of a team that had another id before."""
    name = own_name(remote.name, clubs.get(club_id))
    found = successions.take(remote, club_id, lambda called: own_name(called, clubs.get(club_id)) == name)
    if found is None:
        return None
    state = replace(state, decisions=state.decisions.gone_over(found.mapping.twizzit_id, remote.id))
    one = _mapped(state, remote, found.mapping, found.local, club_id, season_id)
    return one if isinstance(one, PendingTeam) else None


def _fitting(remote: RemoteTeam, alike: Sequence[LocalTeam], season_id: int) -> list[LocalTeam]:
    """The local teams that fit best: of the season before those of none, the very name before a name alike, and that
    before one of which the club's name is a part.
    """
    name = normalised_name(remote.name)
    for season in (season_id, None):
        of_season = [team for team in alike if team.season_id == season]
        exact = [team for team in of_season if team.name == remote.name]
        same = [team for team in of_season if normalised_name(team.name) == name]
        if exact or same or of_season:
            return exact or same or of_season
    return []


def _places(changes: Sequence[Change], clubs: Clubs, state: TeamState) -> list[Change]:
    """The season and the clubs that these changes need and that are not there yet."""
    needs_season = any(change.values.get("season_id") == -1 for change in changes)
    needed = [club_id for change in changes if isinstance(club_id := change.values.get("club_id"), int) and club_id < 0]
    return [*([season_creation(state.season)] if needs_season else []), *clubs.creations(needed)]

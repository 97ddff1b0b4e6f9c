"""What becomes of a season's competitions: linked where one is found, else made; updated where they changed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from twizzit_pipeline.entities import COMPETITIONS
from twizzit_pipeline.plan import DOUBTFUL_LINK, Change, Failed, Plan, id_order
from twizzit_pipeline.plan.asking import Asking
from twizzit_pipeline.plan.merge import merge
from twizzit_pipeline.plan.ownership import by_remote_id, change_of, claim, mapping_values, refused, takeovers
from twizzit_pipeline.plan.places import find_season, season_creation
from twizzit_pipeline.plan.rows import LocalCompetition, MappingRow, RemoteCompetition
from twizzit_pipeline.plan.states import CompetitionState
from twizzit_pipeline.transform.names import normalised_name

_DATES = ("start_date", "end_date")
# What a repair brings back: the status follows from the dates, and Twizzit says nothing of it.
_REPAIRED = ("name", "competition_type", *_DATES)


def plan_competitions(state: CompetitionState) -> Plan:
    """The plan for the competitions of one credential and season."""
    season_id = find_season(state.season, state.seasons)
    mappings = by_remote_id(state.mappings, state.owner)
    local = {competition.id: competition for competition in state.local}
    changes: list[Change | None] = []
    failed: list[Failed] = []
    unmapped: list[RemoteCompetition] = []
    asking = Asking(state.decisions)
    for remote in sorted(state.remote, key=lambda one: id_order(one.id)):
        mapping = mappings.get(remote.id)
        if mapping is None:
            unmapped.append(remote)
            continue
        known = local[mapping.local_id]
        may_be_same = _may_be_same(mapping, known, remote, season_id)
        decided = state.decisions.names(remote.id, known.id)
        claimed = claim(mapping, state.owner, may_be_same=may_be_same, decided=decided)
        if (refusal := refused(claimed, remote.id, known.id)) is None:
            changes.append(_mapped(state, remote, mapping, known, season_id, asking, adopts=claimed == "adoptable"))
        elif state.decisions.settles(refusal):
            unmapped.append(remote)
        else:
            failed.append(refusal)
    found, doubtful = _found_or_new(state, unmapped, season_id)
    changed = [change for change in [*changes, *found] if change is not None]
    needs_season = any(change.values.get("season_id") == -1 for change in changed)
    return Plan(
        COMPETITIONS.name,
        changes=[*([season_creation(state.season)] if needs_season else []), *changed],
        failed=[*failed, *doubtful],
        warned=takeovers(changed, {one.id: one.name for one in state.local}),
        unchanged=changes.count(None),
        questions=asking.questions,
        settled=asking.settled,
    )


def _may_be_same(mapping: MappingRow, local: LocalCompetition, remote: RemoteCompetition, season_id: int) -> bool:
    """Whether a mapping of ShotSpot's own means this competition: of this season or of none, or of the same name."""
    names = {normalised_name(name) for name in (mapping.twizzit_name, local.name) if name is not None}
    return local.season_id in (None, season_id) or normalised_name(remote.name) in names


def _mapped(
    state: CompetitionState,
    remote: RemoteCompetition,
    mapping: MappingRow,
    local: LocalCompetition,
    season_id: int,
    asking: Asking,
    *,
    adopts: bool,
) -> Change | None:
    before = _columns(local)
    if _overwrites(state):
        says, repairs = _said(state, remote, local), _repairs(state)
        remembered = state.decisions.base_of(remote.id, _remembered(mapping.last_values), says, before)
        said, conflicts = merge(remembered, says, before, repairs=repairs, policies=state.decisions.policies)
        asking.look(remote.id, local.id, base=remembered, remote=says, held=before, values=said, conflicts=conflicts)
        values = {**before, **said}
        if repairs and season_id > 0:
            values["season_id"] = season_id
        base: Mapping[str, object] | None = _base(state, remote)
    else:
        values, conflicts, base = before, tuple[str, ...](), mapping.last_values
    return change_of(
        COMPETITIONS.local,
        "adopt" if adopts else "update",
        local.id,
        remote.id,
        values,
        before,
        mapping_values(state.owner, remote.name, base),
        mapping,
        conflicts,
    )


def _repairs(state: CompetitionState) -> tuple[str, ...]:
    return _REPAIRED if state.season.repairs else ()


def _overwrites(state: CompetitionState) -> bool:
    """A past season adds and never overwrites (docs/architecture.md, Seasons); one to come may still change."""
    return state.season.decides or state.season.start_date > state.today


def _found_or_new(
    state: CompetitionState, unmapped: Sequence[RemoteCompetition], season_id: int
) -> tuple[list[Change], list[Failed]]:
    chosen = state.decisions.chosen(
        unmapped,
        (one for one in state.local if not one.mapped),
        lambda _, one: one.season_id in (season_id, None),
    )
    free = [one for one in state.local if not one.mapped and one not in chosen.values()]
    fitting = {remote.id: _fitting(remote, free, season_id) for remote in unmapped}
    fitting |= {remote_id: [] if one is None else [one] for remote_id, one in chosen.items()}
    wanted = Counter(one.id for several in fitting.values() for one in several)
    changes, failed = [], []
    for place, remote in enumerate(unmapped):
        found = fitting[remote.id]
        if not found:
            changes.append(_new(state, remote, season_id, row_id=-1 - place))
        elif len(found) > 1 or wanted[found[0].id] > 1:
            failed.append(Failed(remote.id, DOUBTFUL_LINK, tuple(sorted(one.id for one in found))))
        else:
            changes.append(_link(state, remote, found[0], season_id))
    return changes, failed


def _fitting(remote: RemoteCompetition, local: Iterable[LocalCompetition], season_id: int) -> list[LocalCompetition]:
    """The free competitions that fit best: of the season before those of none, the very name before a name alike."""
    name = normalised_name(remote.name)
    alike = [one for one in local if normalised_name(one.name) == name]
    for season in (season_id, None):
        of_season = [one for one in alike if one.season_id == season]
        exact = [one for one in of_season if one.name == remote.name]
        if exact or of_season:
            return exact or of_season
    return []


def _link(state: CompetitionState, remote: RemoteCompetition, local: LocalCompetition, season_id: int) -> Change:
    before = _columns(local)
    said, _ = merge(None, _said(state, remote, local), before, repairs=_repairs(state))
    values = {**before, **said, "season_id": season_id if local.season_id is None else local.season_id}
    mapping = mapping_values(state.owner, remote.name, _base(state, remote))
    return Change(COMPETITIONS.local, "link", local.id, remote.id, values, before, mapping)


def _new(state: CompetitionState, remote: RemoteCompetition, season_id: int, *, row_id: int) -> Change:
    values = {**_said(state, remote, None), "season_id": season_id, "is_official": True}
    mapping = mapping_values(state.owner, remote.name, _base(state, remote))
    return Change(COMPETITIONS.local, "create", row_id, remote.id, values, {}, mapping)


def _said(state: CompetitionState, remote: RemoteCompetition, local: LocalCompetition | None) -> dict[str, object]:
    """The columns as Twizzit has them; a competition that ShotSpot's people cancelled stays that."""
    cancelled = local is not None and local.status == "cancelled"
    return {
        "name": remote.name,
        "competition_type": remote.competition_type,
        "start_date": remote.start_date,
        "end_date": remote.end_date,
        "status": "cancelled" if cancelled else _status(remote, state.today),
    }


def _status(remote: RemoteCompetition, today: date) -> str:
    if today < remote.start_date:
        return "upcoming"
    return "in_progress" if remote.end_date is None or today <= remote.end_date else "completed"


def _columns(local: LocalCompetition) -> dict[str, object]:
    return {
        "name": local.name,
        "competition_type": local.competition_type,
        "start_date": local.start_date,
        "end_date": local.end_date,
        "status": local.status,
        "season_id": local.season_id,
    }


def _base(state: CompetitionState, remote: RemoteCompetition) -> dict[str, object]:
    """What the mapping remembers; as JSON has no dates, those are texts."""
    said = _said(state, remote, None)
    dates = {name: value.isoformat() if isinstance(value := said[name], date) else None for name in _DATES}
    return {**said, **dates, "season": state.season.label}


def _remembered(base: Mapping[str, object] | None) -> Mapping[str, object] | None:
    """The base with its dates as dates."""
    if base is None:
        return None
    dates = {name: date.fromisoformat(text) for name in _DATES if isinstance(text := base.get(name), str)}
    return {**base, **dates}

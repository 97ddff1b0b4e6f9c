"""What the tests of plans share about doubtful links: plans in which some teams stay away, and questions that wait."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.support.memory_shotspot import CLUB, SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Plan, Question
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion
from twizzit_pipeline.plan.rows import Owner, RemoteTeam, WantedSeason
from twizzit_pipeline.plan.teams import plan_teams


def planned_teams(
    shotspot: MemoryShotSpot,
    *teams: RemoteTeam,
    decisions: Decisions,
    season: WantedSeason = SEASON,
    owner: Owner = CLUB,
    **more: Any,
) -> Plan:
    """The plan of a scan that lists these teams alone; `more`: further parts of the state."""
    state = shotspot.team_state(list(teams), owner, season)
    listed = {one.id for one in teams}
    unlisted = {one.local_id for one in shotspot.team_mappings.values() if one.twizzit_id not in listed}
    return plan_teams(replace(state, unlisted=unlisted, decisions=decisions, **more))


def mapped_rows(mapped: Mapping[str, str]) -> dict[str, str]:
    """What a doubtful link remembers of its candidates: ``row1="5"`` is that row 1 is mapped to Twizzit's 5."""
    return {name.removeprefix("row"): one for name, one in mapped.items()}


def doubt(remote_id: str, local_id: int, *candidates: int, **mapped: str) -> Question:
    """Whether a mapped row may be another one of these."""
    base = mapped_rows(mapped)
    return Question("doubtful_link", remote_id, local_id=local_id, base=base, candidates=candidates)


def waits(asked: Question, **other: Any) -> OpenQuestion:
    """The question, as one that an earlier sync asked."""
    said = {name: getattr(asked, name) for name in ("kind", "twizzit_id", "local_id", "base", "candidates")}
    return OpenQuestion(id=3, **{**said, **other})

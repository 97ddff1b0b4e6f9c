"""Conflicts and doubtful links on the page of decisions: both sides, and whose it is to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twizzit_pipeline.decisions import linking, resolving
from twizzit_pipeline.decisions.choices import Choice, teams_of_players
from twizzit_pipeline.decisions.listing import Waiting, listing, one
from twizzit_pipeline.decisions.values import Takes, takes
from twizzit_pipeline.errors import AlreadyDecided, ConflictRefused, ValueRefused
from twizzit_pipeline.http_api.pages.texts import Texts
from twizzit_pipeline.http_api.pages.values import NOTHING, column_of, value_of
from twizzit_pipeline.http_api.pages.visits import ClubVisit, Refusal
from twizzit_pipeline.queries.row_names import names_of

RESOLVE = "PUT /conflicts/{conflictId}/resolve"
_MOST = 200


@dataclass(frozen=True, slots=True)
class Sides:
    """A field that both sides changed, in words.

    Attributes:
        mark: another one as soon as either side says something else.
        takes: what a person may give instead, `hint` in words; None where that is nothing. `choices`: value and name.
    """

    of: Waiting
    field: str
    before: str
    shotspot: str
    twizzit: str
    mark: str
    takes: Takes | None
    hint: str
    choices: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that could not be given: of which conflict, what was typed, and why not, in words."""

    conflict_id: int
    typed: str
    why: str


def section(at: ClubVisit) -> dict[str, Any]:
    """What waits: `sides` of fields, and doubtful `links` with their `marks`; of very many the oldest."""
    engine, texts = at.visit.service.engine, at.visit.texts
    found, total = listing(engine, credential_ids=[at.id], limit=_MOST)
    fields = [each for each in found if each.kind == "field"]
    names = names_of(engine, ({each.column: value} for each in fields for value in (each.base, each.now, each.remote)))
    of_teams = teams_of_players(engine, {each.local_id for each in fields if _is_team(each) and each.local_id})
    return {
        "sides": [_sides(each, names, of_teams.get(each.local_id or 0, ()), texts) for each in fields],
        "links": [each for each in found if each.kind != "field"],
        "marks": {each.id: each.mark for each in found},
        "unseen": total - len(found),
        "may_resolve": at.visit.may(RESOLVE),
    }


def resolved(at: ClubVisit, conflict_id: int) -> Wrong | None:
    """Settles one of them, as the button says that was pressed; what is wrong with the value that was typed.

    Raises:
        Refusal: it is none of this club's, or nothing was chosen.
        NotAsShown: another value is there by now.
        ConflictRefused: it cannot be decided so.
    """
    engine, form, actor = at.visit.service.engine, at.visit.form, at.visit.caller.actor
    shown = one(engine, conflict_id)
    if shown.credential_id != at.id:
        raise Refusal(404, "error.not_found")
    chosen = form.text("resolution")
    word = next((each for each in resolving.FIELD_RESOLUTIONS if each == chosen), None)
    local_id = _local_id(chosen) if word is None else None
    mark = form.text("mark") or ""
    if word is None:
        start = at.visit.service.settings.season_start
        linking.link(engine, conflict_id, local_id, actor=actor, season_start=start, shown=mark)
        return None
    value = form.text("value") if word == "value" else None
    try:
        resolving.resolve(engine, conflict_id, word, value=value, actor=actor, shown=mark)
    except (ValueRefused, ConflictRefused) as error:
        if word != "value" or isinstance(error, AlreadyDecided) or not _is_as(shown, one(engine, conflict_id)):
            raise
        return Wrong(conflict_id, value or "", at.visit.texts(f"error.{type(error).__name__}"))
    return None


def _local_id(chosen: str) -> int | None:
    """The row of ShotSpot that was chosen; None where one is to be made.

    Raises:
        Refusal: nothing was chosen.
    """
    if chosen == "create":
        return None
    word, _, number = chosen.partition(":")
    if word == "link" and number.isascii() and number.isdigit() and len(number) < 11:
        return int(number)
    raise Refusal(400, "conflicts.none_chosen")


def _sides(of: Waiting, names: Mapping[tuple[str, int], str], of_teams: Sequence[Choice], texts: Texts) -> Sides:
    before, here, there = (value_of(of.column, value, names, texts) for value in (of.base, of.now, of.remote))
    wanted = takes(of.entity, of.column)
    return Sides(
        of,
        column_of(of.column, texts),
        before,
        here,
        there,
        of.mark,
        wanted,
        "" if wanted is None else _hint(wanted, texts),
        [] if wanted is None else _choices(of, wanted, of_teams, texts),
    )


def _hint(wanted: Takes, texts: Texts) -> str:
    """What the field takes, in words."""
    said = texts(f"takes.{wanted.kind}", longest=wanted.longest, least=wanted.least, most=wanted.most)
    return f"{said} {texts('takes.or_none')}" if wanted.may_be_none else said


def _choices(of: Waiting, wanted: Takes, of_teams: Sequence[Choice], texts: Texts) -> list[tuple[str, str]]:
    """What a list offers; none where the value is typed."""
    if wanted.kind == "team":
        found = [(str(team_id), name) for team_id, name in of_teams]
    else:
        found = [(word, value_of(of.column, word, {}, texts)) for word in wanted.words]
    return [("", NOTHING), *found] if found and wanted.may_be_none else found


def _is_team(of: Waiting) -> bool:
    return of.column == "team_id"


def _is_as(shown: Waiting, now: Waiting) -> bool:
    return now.status == "open" and now.mark == shown.mark

"""A coach's question before Saturday: who of this team is registered, who is not, and why?

ShotSpot's own flag decides. A trigger keeps it in step with the mappings; where the two disagree, the flag counts, and
the answer says that they do. It holds all people whom Twizzit lists in the team, as the last sync of players saw it,
and all whom ShotSpot has in it. People who were rejected or set aside have names in Twizzit alone: it is asked for
them, and where it does not answer they are named by their id.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.queries.last_syncs import LastSync, Listed
from twizzit_pipeline.queries.registrations import REASONS, REJECTED_THERE, Code, Registered, Registration
from twizzit_pipeline.queries.rosters import Local, Roster, read_roster
from twizzit_pipeline.transform.names import normalised_name

if TYPE_CHECKING:  # a player who is found by name has one: Twizzit is not asked
    from twizzit_pipeline.accounts.live import LiveMember

Ask = Callable[[int, str, str], "Sequence[LiveMember]"]
"""Who is in a remote team now: credential, remote team, label of the season."""


def registered(engine: Engine, team_id: int, *, ask: Ask | None = None) -> Registered:
    """All people of a local team.

    Args:
        ask: asks Twizzit who is in a team now; without it, people whom Twizzit alone lists have no names.

    Raises:
        UnknownTeam: ShotSpot has no team of that id.
    """
    roster = read_roster(engine, team_id)
    if ask is None or not needs_names(roster):
        return answer(roster)
    try:
        return answer(roster, asked(roster, ask))
    except TwizzitPipelineError as error:
        return answer(roster, names_missing=" ".join(str(error).split()))


def needs_names(roster: Roster) -> bool:
    """Whether Twizzit alone has the names of some people of the team."""
    return any(person not in roster.others for person in roster.outside)


def asked(roster: Roster, ask: Ask) -> "Sequence[LiveMember]":
    """Who is in the team now.

    Raises:
        TwizzitPipelineError: Twizzit cannot be asked.
    """
    team, last = roster.team, roster.last
    if team.credential_id is None or team.twizzit_id is None or last is None:
        return ()
    return ask(team.credential_id, team.twizzit_id, last.season)


def answer(roster: Roster, members: "Sequence[LiveMember]" = (), names_missing: str | None = None) -> Registered:
    """What a roster says of all its people, with what Twizzit was asked for. Nothing is read."""
    found = [*_locals(roster), *_others(roster), *_outside(roster, members), *_newcomers(roster, members)]
    last = roster.last
    return Registered(roster.team, sorted(found, key=_order), None if last is None else last.at, names_missing)


def _order(one: Registration) -> tuple[bool, bool, str, str, str]:
    aside = one.code == "set_aside" and not one.here
    return aside, one.registered, one.last_name or "", one.first_name or "", one.twizzit_id or ""


def _locals(roster: Roster) -> Iterator[Registration]:
    mapped = {_name(one) for one in roster.players if one.twizzit_id is not None and one.flagged}
    for one in roster.players:
        yield _unmapped(one, roster, mapped) if one.twizzit_id is None else _mapped(one, one.twizzit_id, roster)


def _mapped(one: Local, person: str, roster: Roster) -> Registration:
    last = None if one.credential_id is None else roster.syncs.get(one.credential_id)
    places = () if last is None else last.places.get(person, ())
    rejected = () if last is None else last.rejected.get(person, ())
    listed = last is not None and person in last.here
    team = ""
    causes: Sequence[str] = ()
    code: Code
    if not one.flagged:
        code = "kept_off"
    elif one.active is False:
        code = "inactive"
    elif one.credential_id is None:
        code = "without_credential"
    elif one.credential_active is False:
        code = "credential_inactive"
    elif rejected:
        code, causes = "rejected", rejected
    elif last is None or listed:
        code = "registered"
    elif person in last.elsewhere:
        code, team = _listed_elsewhere(last, person)
    elif person in last.aside and roster.team.twizzit_id in places:
        code, causes = "set_aside", (last.aside[person],)
    else:
        code = "not_listed"
    in_twizzit = listed or (bool(rejected) and (not places or roster.team.twizzit_id in places))
    return _of_local(one, code, in_twizzit=in_twizzit, causes=causes, team=team)


def _listed_elsewhere(last: LastSync, person: str) -> tuple[Code, str]:
    """A team of another season, or one that was never mapped, lists no players: that says nothing of its players."""
    if not last.here:
        return "registered", ""
    return "listed_elsewhere", ", ".join(last.elsewhere[person])


def _unmapped(one: Local, roster: Roster, mapped: Collection[str]) -> Registration:
    team, last = roster.team, roster.last
    code: Code
    if one.flagged:
        code = "unvouched"
    elif any(one.player_id in sync.doubtful for sync in roster.syncs.values()):
        code = "doubtful_link"
    elif _name(one) in mapped:
        code = "namesake_registered"
    elif team.twizzit_id is None:
        code = "team_not_mapped"
    elif team.credential_id is None or team.credential_active is False:
        code = "team_without_credential"
    elif last is None:
        code = "never_synced"
    elif team.twizzit_id in last.not_read:
        code = "roster_not_read"
    else:
        code = "not_in_twizzit"
    return _of_local(one, code)


def _others(roster: Roster) -> Iterator[Registration]:
    """Whom the last sync saw in the team, and who are not in ShotSpot's."""
    last = roster.last
    here = {one.twizzit_id for one in roster.players}
    for person, listed in () if last is None else last.here.items():
        if person in here:
            continue
        if (other := roster.others.get(person)) is not None:
            yield _elsewhere(other)
            continue
        reason = last.unapplied.get(person) if last is not None else None
        code: Code = "not_synced_yet" if reason is None else "not_applied"
        causes = () if reason is None else (reason,)
        yield _of_twizzit(person, code, names=listed, number=listed.jersey_number, causes=causes)


def _outside(roster: Roster, members: "Sequence[LiveMember]") -> Iterator[Registration]:
    """Who was rejected or set aside, and is not in ShotSpot's team."""
    last = roster.last
    here = {one.twizzit_id for one in roster.players}
    names = {member.id: member for member in members}
    for person in roster.outside:
        if person in here or last is None:
            continue
        other = roster.others.get(person)
        if not person:
            count = sum(team_id == roster.team.twizzit_id for team_id in last.places[person])
            for _ in range(count):
                yield _of_twizzit(None, "rejected", causes=last.rejected.get(person, ()))
        elif person in last.rejected:
            causes = last.rejected[person]
            yield (
                _of_twizzit(person, "rejected", names=names.get(person), causes=causes)
                if other is None
                else _elsewhere(other)
            )
        else:
            causes = (last.aside.get(person, "not meant to come"),)
            if other is None:
                yield _of_twizzit(person, "set_aside", names=names.get(person), in_twizzit=False, causes=causes)
            else:  # a coach who plays in another team
                yield _of_local(other, "set_aside", here=False, causes=causes)


def _newcomers(roster: Roster, members: "Sequence[LiveMember]") -> Iterator[Registration]:
    """Who came into the team since the last sync."""
    last = roster.last
    known = {*(one.twizzit_id for one in roster.players), *roster.outside, *(last.here if last is not None else ())}
    for member in members:
        if member.id in known:
            continue
        if member.rules:
            yield _of_twizzit(member.id, "rejected", names=member, causes=member.rules)
        elif member.aside is not None:
            causes = (member.aside,)
            yield _of_twizzit(member.id, "set_aside", names=member, in_twizzit=False, causes=causes)
        else:
            yield _of_twizzit(member.id, "not_synced_yet", names=member)


def _elsewhere(other: Local) -> Registration:
    team = other.team_name or "no team"
    code: Code = "plays_elsewhere" if other.flagged else "kept_off"
    return _of_local(other, code, in_twizzit=True, here=False, team=team)


def _of_local(
    one: Local,
    code: Code,
    *,
    in_twizzit: bool = False,
    here: bool = True,
    causes: Sequence[str] = (),
    team: str = "",
) -> Registration:
    return Registration(
        player_id=one.player_id,
        first_name=one.first_name,
        last_name=one.last_name,
        jersey_number=one.jersey_number,
        registered=one.flagged,
        reason=REASONS[code].format(why=_why(causes), team=team),
        code=code,
        twizzit_id=one.twizzit_id,
        in_twizzit=in_twizzit,
        here=here,
        causes=tuple(causes),
        team=team,
    )


def _of_twizzit(
    person: str | None,
    code: Code,
    *,
    names: "Listed | LiveMember | None" = None,
    number: int | None = None,
    in_twizzit: bool = True,
    causes: Sequence[str] = (),
) -> Registration:
    words = REJECTED_THERE if code == "rejected" else REASONS[code]
    return Registration(
        player_id=None,
        first_name=None if names is None else names.first_name,
        last_name=None if names is None else names.last_name,
        jersey_number=number,
        registered=False,
        reason=words.format(why=_why(causes)),
        code=code,
        twizzit_id=person,
        in_twizzit=in_twizzit,
        here=False,
        causes=tuple(causes),
    )


def _why(causes: Sequence[str]) -> str:
    return "; ".join(_sentence(one) for one in causes)


def _name(one: Local) -> str:
    return normalised_name(f"{one.first_name} {one.last_name}")


def _sentence(reason: str) -> str:
    """What a reason says of a player; a team in which all may play needs none, nor pandas."""
    from twizzit_pipeline.runs.sentences import sentence  # noqa: PLC0415  (frames)

    return sentence("players", reason)

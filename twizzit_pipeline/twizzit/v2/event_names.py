"""The sides of a match, by its event's name and its groups.

What belongs here: who plays whom, and who is at home. People write the names: with a separator of their own, a word in
front, a mark behind (`event_marks`). Where the own team is found in a name, what stands across the separator is the
opponent, whatever else is in it; where it is not, a name is cut only where there is one way to cut it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from twizzit_pipeline.twizzit.records import Side
from twizzit_pipeline.twizzit.v2.event_cuts import Cut, cuts_of, opponent_alone
from twizzit_pipeline.twizzit.v2.event_groups import EventGroup, EventGroups
from twizzit_pipeline.twizzit.v2.own_names import Fit, OwnNames, compared, is_label, is_occasion

_NOT_FOUND = Fit.NONE


@dataclass(frozen=True, slots=True)
class _Found:
    """A cut, and how well the own team fits either text. `labelled`: a label stands for it, wherever it plays."""

    cut: Cut
    left: Fit
    right: Fit
    labelled: bool = False

    @property
    def best(self) -> Fit:
        return max(self.left, self.right)

    @property
    def own_is_left(self) -> bool | None:
        return None if self.left == self.right else self.left > self.right

    @property
    def own(self) -> str:
        return self.cut.left if self.own_is_left else self.cut.right


def sides_of(name: str, groups: EventGroups, names: OwnNames) -> tuple[Side, Side]:
    """Home and away. A side's name is None where nothing says it; its team is None for an opponent."""
    if len(groups.own) > 1:
        both = _two_own_teams(name, groups, names)
        if both is not None:
            return both
        primary = _best_fitting(name, groups.own, names)
        if primary is None:
            return _claimed(name, groups, names)
        groups = EventGroups((primary,), groups.others, groups.own_first)
    return _one_own_team(name, groups, names)


def _one_own_team(name: str, groups: EventGroups, names: OwnNames) -> tuple[Side, Side]:
    """At most one own team: its side by the name where that says it, else by the flag, else by the order."""
    own = groups.own[0] if groups.own else None
    found = _cut(name, own, groups.others, names)
    flag = _flag(own, groups.others)
    at_home = _is_home(found, flag, first=groups.own_first)
    if found is None:
        own_name, opponent = _own_name(own), _without_cut(name, own, groups.others, names)
        alone = opponent_alone(name)
        if own is not None and alone is not None and flag is None and opponent is not None:
            at_home = alone.at_home if alone.at_home is not None else at_home
    else:
        own_is_left = found.own_is_left
        if own_is_left is None or (found.best < Fit.CLUB and not found.labelled and at_home == flag):
            own_is_left = at_home != found.cut.away_first
        own_name, opponent = (found.cut.left, found.cut.right) if own_is_left else (found.cut.right, found.cut.left)
        if is_label(own_name):  # "Wedstrijd tegen AKC Zand"
            own_name = _own_name(own) or own_name
    this, that = Side(own.id if own else None, own_name or None), Side(None, opponent)
    return (this, that) if at_home else (that, this)


def _is_home(found: _Found | None, flag: bool | None, *, first: bool) -> bool:
    """Whether the own team is at home. Of "A @ B" the flag is right: A plays at B, but not all write it so."""
    by_name = None
    if found is not None and found.own_is_left is not None and found.best > Fit.ENDS_ALIKE:
        by_name = found.own_is_left != found.cut.away_first
    if flag is not None and (
        by_name is None or (found is not None and (found.cut.away_first or found.best < Fit.CLUB))
    ):
        return flag  # the name of the club may be part of the opponent's: "Zand" of "AKC Zand"
    return first if by_name is None else by_name


def _flag(own: EventGroup | None, others: Sequence[EventGroup]) -> bool | None:
    """What the groups say of the own team's side; None where they say nothing, or that both are on one."""
    others_say = {other.is_home for other in others} - {None}
    mine = None if own is None else own.is_home
    theirs = others_say.pop() if len(others_say) == 1 else None
    if mine is None:
        return None if theirs is None else not theirs
    return None if mine == theirs else mine


def _cut(name: str, own: EventGroup | None, others: Sequence[EventGroup], names: OwnNames) -> _Found | None:
    """Where a name falls into its sides; None where it does not, or in more than one way."""
    found = [_Found(cut, names.fit(cut.left, own), names.fit(cut.right, own)) for cut in cuts_of(name, names)]
    fitting = [one for one in found if one.best >= (Fit.CLUB if one.cut.glued else Fit.SAYS_CLUB)]
    fitting = [one for one in fitting if not is_occasion(one.cut.right if one.own_is_left else one.cut.left)]
    if fitting:
        best = max(one.best for one in fitting)
        flag = _flag(own, others)
        return max(
            (one for one in fitting if one.best == best),
            key=lambda one: (
                not one.cut.glued,
                one.own_is_left is None or flag is None or one.own_is_left == flag,
                len(one.own),
                -one.cut.rank,
            ),
        )
    opponents = {compared(other.name) for other in others} - {""}
    across = [
        _Found(one.cut, Fit.NONE, Fit.CLUB) if left else _Found(one.cut, Fit.CLUB, Fit.NONE)
        for one in found
        if (left := compared(one.cut.left) in opponents) != (compared(one.cut.right) in opponents)
    ]
    if len(across) == 1:
        return across[0]
    return _only_way(found)


def _only_way(found: Sequence[_Found]) -> _Found | None:
    """The one cut at the strongest separator of a name; a label at one side of it stands for the own team."""
    spaced = [one.cut for one in found if not one.cut.glued]
    strongest = [cut for cut in spaced if cut.rank == min(one.rank for one in spaced)]
    if len(strongest) != 1:
        return None
    [cut] = strongest
    left, right = is_label(cut.left), is_label(cut.right)
    if left != right and not is_occasion(cut.right if left else cut.left):
        fits = (Fit.ENDS_ALIKE, Fit.NONE) if left else (Fit.NONE, Fit.ENDS_ALIKE)
        return _Found(cut, *fits, labelled=True)
    if is_occasion(cut.left) or is_occasion(cut.right):
        return None
    return next(one for one in found if one.cut is cut)


def _without_cut(name: str, own: EventGroup | None, others: Sequence[EventGroup], names: OwnNames) -> str | None:
    """The opponent of a name that has no two sides: what a word before it announces, what follows the own team where
    that is no opponent at all ("U15 1 vrij"), or the only other group.
    """
    if own is None and not others:
        return None
    alone = opponent_alone(name)
    if alone is not None and not is_occasion(alone.opponent) and names.fit(alone.opponent, own) < Fit.CLUB:
        return alone.opponent
    rest = names.rest_without_a_team(name, own)
    if rest is not None:
        return rest
    named = [other.name for other in others if other.name]
    return named[0] if len(named) == 1 else None


def _own_name(own: EventGroup | None) -> str | None:
    return (own.name or own.short_name or None) if own else None


def _two_own_teams(name: str, groups: EventGroups, names: OwnNames) -> tuple[Side, Side] | None:
    """Two teams of the club against each other; None where they are not against each other, or it cannot be said."""
    pair = _pair_by_name(name, groups.own, names)
    if pair is not None:
        cut, left, right = pair
        sides = (Side(left.id, cut.left), Side(right.id, cut.right))
        if cut.away_first:
            sides = sides[::-1]
            if left.is_home and not right.is_home:
                sides = sides[::-1]
        return sides
    if groups.others or len(groups.own) > 2 or _best_fitting(name, groups.own, names) is not None:
        one, other, *more = groups.own
        if more or groups.others or {one.is_home, other.is_home} != {True, False}:
            return None
    one, other = groups.own
    if one.is_home is other.is_home and one.is_home is not None:
        return None  # both on one side: together against another team
    at_home = one.is_home if one.is_home is not None else not other.is_home
    home, away = (one, other) if at_home else (other, one)
    cuts = [cut for cut in cuts_of(name, names) if not cut.glued]
    if len(cuts) == 1 and compared(cuts[0].left) != compared(cuts[0].right):  # "KC X - KC X" names neither team
        texts = (cuts[0].left, cuts[0].right)[:: -1 if cuts[0].away_first else 1]
        return Side(home.id, texts[0]), Side(away.id, texts[1])
    return Side(home.id, _own_name(home)), Side(away.id, _own_name(away))


def _pair_by_name(name: str, own: Sequence[EventGroup], names: OwnNames) -> tuple[Cut, EventGroup, EventGroup] | None:
    """The cut across which two own teams stand, and who is left and right."""
    found = [
        (min(left, right), cut, one, other)
        for cut in cuts_of(name, names)
        for one in own
        for other in own
        if one.id != other.id
        and (left := names.fit(cut.left, one)) > Fit.CLUB
        and (right := names.fit(cut.right, other)) > Fit.CLUB
    ]
    if not found:
        return None
    best = max(fit for fit, *_ in found)
    cut, one, other = next((cut, one, other) for fit, cut, one, other in found if fit == best)
    return cut, one, other


def _best_fitting(name: str, own: Sequence[EventGroup], names: OwnNames) -> EventGroup | None:
    """The only one of the own teams that a name is about: several may be listed for one match."""
    fits = [
        max(
            (max(names.fit(cut.left, one), names.fit(cut.right, one)) for cut in cuts_of(name, names)),
            default=_NOT_FOUND,
        )
        for one in own
    ]
    best = max(fits)
    return own[fits.index(best)] if best > Fit.CLUB and fits.count(best) == 1 else None


def _claimed(name: str, groups: EventGroups, names: OwnNames) -> tuple[Side, Side]:
    """Several own teams that the name does not distinguish: on each side the only one that claims it."""
    home, away = _one_own_team(name, EventGroups((), groups.others), names)
    ids = [{group.id for group in groups.own if group.is_home is side} for side in (True, False)]
    team_ids = [found.pop() if len(found) == 1 else None for found in ids]
    return Side(team_ids[0], home.name), Side(team_ids[1], away.name)

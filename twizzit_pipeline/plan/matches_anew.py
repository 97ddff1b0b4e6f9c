"""Matches that Twizzit lists under another id than before: the same two teams at the same time, or moved. Pure.

A team that is deleted in Twizzit and made anew has its matches under other ids, and so has a calendar that is imported
once more. Two teams meet once at one time, so that the game is the same: its mapping goes over to the new id,
and its score, and all that points at it, stay. Only a mapping of the credential's own is taken, of the same season,
whose id the scan does not list any more.

At another time it is the same match only where that is certain: the earlier id is proved to be gone, both are of one
competition with the same home and away team, the game is still to be played, and there is one such game and one such
match. Else the new one is a game of its own, and the earlier one is cancelled once its grace is over.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twizzit_pipeline.plan.departures import Leaving, returned
from twizzit_pipeline.plan.games import Fixture, is_started, last_said
from twizzit_pipeline.plan.ownership import same_organization
from twizzit_pipeline.plan.rows import LocalGame, MappingRow
from twizzit_pipeline.plan.states import MatchState

_Meeting = tuple[object, ...]
_Pairing = tuple[object, ...]  # the same without the time, within a competition
_TO_BE_PLAYED = ("scheduled", "to_reschedule")


@dataclass(frozen=True, slots=True)
class Vacated:
    """A game whose match is not listed any more, and its mapping."""

    game: LocalGame
    mapping: MappingRow


class MatchesAnew:
    """The games whose matches are gone; each is taken once, by the one match that is new and is the same one."""

    def __init__(self, state: MatchState, unmapped: Sequence[Fixture]) -> None:
        self._departures = state.departures
        self._taken: dict[str, int] = {}
        self._wanted = Counter(_meeting_of(one) for one in unmapped)
        self._vacated: dict[_Meeting, list[Vacated]] = defaultdict(list)
        listed = {match.id for match in state.remote}
        games = {game.id: game for game in state.games}
        for mapping in state.mappings:
            game, base = games.get(mapping.local_id), mapping.last_values or {}
            if (
                game is not None
                and mapping.twizzit_id not in listed
                and mapping.credential_id == state.owner.credential_id
                and same_organization(mapping, state.owner)
                and base.get("season") == state.season.label
            ):
                self._vacated[_meeting_in(game, base)].append(Vacated(game, mapping))
        new = [one for one in unmapped if _meeting_of(one) not in self._vacated]
        self._moving = Counter(_pairing_of(one) for one in new)
        self._movable: dict[_Pairing, list[Vacated]] = defaultdict(list)
        for meeting, several in self._vacated.items():
            for one in several if meeting not in self._wanted else ():
                self._movable[_pairing_in(one.game)].append(one)

    def take(self, fixture: Fixture) -> Vacated | None:
        """The game that the match is from now on; none where several fit, or several matches want it."""
        meeting = _meeting_of(fixture)
        found = self._vacated.get(meeting, [])
        if not found:
            return self._take_moved(fixture)
        if len(found) != 1 or self._wanted[meeting] != 1:
            return None
        self._taken[found[0].mapping.twizzit_id] = found[0].game.id
        return found[0]

    def _take_moved(self, fixture: Fixture) -> Vacated | None:
        """The game of a match that has another id and another time at once, where nothing else can be meant."""
        pairing = _pairing_of(fixture)
        found = self._movable.get(pairing, [])
        if fixture.competition_id is None or len(found) != 1 or self._moving[pairing] != 1:
            return None
        earlier = found[0]
        is_gone = self._departures.kinds.get(earlier.mapping.twizzit_id) == "gone"
        if not is_gone or is_started(earlier.game) or earlier.game.status not in _TO_BE_PLAYED:
            return None
        self._taken[earlier.mapping.twizzit_id] = earlier.game.id
        return earlier

    def stay(self, leaving: Leaving) -> Leaving:
        """What leaves, without those that were taken: they do not leave, and what waited about them is over."""
        taken, unlisted = self._taken, self._departures.unlisted
        over = returned(unlisted[remote_id] for remote_id in taken if remote_id in unlisted)
        return replace(
            leaving,
            changes=[change for change in leaving.changes if change.twizzit_id not in taken],
            records=[*(one for one in leaving.records if one.twizzit_id not in taken), *over],
            held=[one for one in leaving.held if one not in taken],
            waiting=[one for one in leaving.waiting if one not in taken],
        )

    def is_taken(self, remote_id: str) -> bool:
        """Whether the game of that earlier id has another one from now on."""
        return remote_id in self._taken


def _meeting_of(fixture: Fixture) -> _Meeting:
    home, away = fixture.home, fixture.away
    return home.club_id, home.team_id, away.club_id, away.team_id, fixture.remote.starts_at


def _pairing_of(fixture: Fixture) -> _Pairing:
    home, away = fixture.home, fixture.away
    return home.club_id, home.team_id, away.club_id, away.team_id, fixture.competition_id


def _pairing_in(game: LocalGame) -> _Pairing:
    return game.home_club_id, game.home_team_id, game.away_club_id, game.away_team_id, game.competition_id


def _meeting_in(game: LocalGame, base: Mapping[str, object]) -> _Meeting:
    """The sides as ShotSpot has them, and the time that Twizzit said last."""
    starts_at = (last_said(base) or {}).get("date") or game.date
    return game.home_club_id, game.home_team_id, game.away_club_id, game.away_team_id, starts_at

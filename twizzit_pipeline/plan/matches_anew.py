"""Matches that Twizzit lists under another id than before: the same two teams at the same time. Pure.

A team that is deleted in Twizzit and made anew has its matches under other ids, and so has a calendar that is imported
once more. Two teams meet once at one time, so that the game is the same: its mapping goes over to the new id,
and its score, and all that points at it, stay. Only a mapping of the credential's own is taken, of the same season,
whose id the scan does not list any more.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from twizzit_pipeline.plan.departures import Leaving, returned
from twizzit_pipeline.plan.games import Fixture, last_said
from twizzit_pipeline.plan.ownership import same_organization
from twizzit_pipeline.plan.rows import LocalGame, MappingRow, MatchState

_Meeting = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Vacated:
    """A game whose match is not listed any more, and its mapping."""

    game: LocalGame
    mapping: MappingRow


class MatchesAnew:
    """The games whose matches are gone; each is taken once, by the one match that is new and meets at the same time."""

    def __init__(self, state: MatchState, unmapped: Iterable[Fixture]) -> None:
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

    def take(self, fixture: Fixture) -> Vacated | None:
        """The game that the match is from now on; none where several fit, or several matches want it."""
        meeting = _meeting_of(fixture)
        found = self._vacated.get(meeting, [])
        if len(found) != 1 or self._wanted[meeting] != 1:
            return None
        self._taken[found[0].mapping.twizzit_id] = found[0].game.id
        return found[0]

    def stay(self, leaving: Leaving) -> Leaving:
        """The same without those that were taken: they do not leave, and what waited about them is over."""
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


def _meeting_in(game: LocalGame, base: Mapping[str, object]) -> _Meeting:
    """The sides as ShotSpot has them, and the time that Twizzit said last."""
    starts_at = (last_said(base) or {}).get("date") or game.date
    return game.home_club_id, game.home_team_id, game.away_club_id, game.away_team_id, starts_at

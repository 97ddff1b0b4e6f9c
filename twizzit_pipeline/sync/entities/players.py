"""The players of a season, from Twizzit into ShotSpot: scan, then map."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import pandas as pd
from sqlalchemy import select

from twizzit_pipeline.contracts.checked import Checked
from twizzit_pipeline.contracts.players import check_players
from twizzit_pipeline.contracts.rules.players import FUNCTION_KNOWN
from twizzit_pipeline.entities import PLAYERS
from twizzit_pipeline.errors import TeamsNotScanned
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.runs.deciding_season import teams_scanned
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.storage.tables import twizzit_teams
from twizzit_pipeline.sync import unknown_words
from twizzit_pipeline.sync.absence import find_absences
from twizzit_pipeline.sync.mapping import EntityPlan, map_entity
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.sync.scan import Read, scan_entity
from twizzit_pipeline.sync.scanned import RostersSeen
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.sync.state.teams_and_players import read_player_state
from twizzit_pipeline.sync.timing import Stopwatch
from twizzit_pipeline.sync.unread_values import UnreadValues
from twizzit_pipeline.transform.players import players_frame
from twizzit_pipeline.twizzit.people import Player
from twizzit_pipeline.twizzit.records import Rosters, Team

PLANNED = EntityPlan(PLAYERS, read_player_state, plan_players)


def scan_players(session: SyncSession) -> ScanReport:
    """Reads the rosters of the teams that the last scan of teams saw, and writes the valid rows to `twizzit_players`.

    A team whose players cannot be read is a failed item; what an earlier scan knew of it stays.

    Raises:
        TeamsNotScanned: the teams of this season were never scanned.
        TwizzitPipelineError: any other leaf; nothing was written to the snapshot then.
    """

    def read(season: SeasonRow, watch: Stopwatch) -> Read:
        teams = scanned_teams(session, season)
        session.progress(f"Reading the players of {len(teams)} teams")
        rosters = session.client.source.rosters(teams, season.record)
        watch.lap("fetch")
        frame = players_frame(rosters.players)
        judged = check_players(frame).with_rejected(FUNCTION_KNOWN, [row.id for row in rosters.unclear])
        checked = _with_guesses(judged, rosters.players)
        places = _places(frame, checked, rosters)
        session.scanned.rosters = _seen(teams, rosters, places, checked)
        watch.lap("validate")
        details = unknown_words.as_details("functions", (row.word for row in rosters.unclear))
        return Read(
            checked,
            unread=rosters.failed,
            set_aside=rosters.set_aside,
            unread_values=[UnreadValues(("jersey_number",), checked.warned("jersey_number_readable"))],
            found=bool(teams),
            details=details,
            places=places,
        )

    return scan_entity(session, PLAYERS, read, partial(find_absences, session))


def map_players(session: SyncSession) -> MappingReport:
    """Brings the season's players of the last scan into ShotSpot's `players`, with mappings, in one transaction."""
    stay = None if session.scanned.rosters is None else session.stay
    read = partial(read_player_state, whole=session.narrowing.narrows, stay=stay)
    return map_entity(session, replace(PLANNED, read=read))


def _seen(
    teams: Sequence[Team], rosters: Rosters, places: Mapping[str, Sequence[str]], checked: Checked
) -> RostersSeen:
    """Who was listed where: the evidence of who is missing, and of who has left a team."""
    read = (team.id for team in teams if team.id is not None and team.id not in rosters.failed)
    playing: dict[str, set[str]] = {team_id: set() for team_id in read}
    rows = [(player.team_id, player.id) for player in rosters.players]
    rows += [(row.team_id or "", row.id) for row in rosters.unclear]
    for team, person in rows:
        playing.setdefault(team, set()).add(person or "")
    elsewhere = {row.id for row in rosters.set_aside if row.reason == "other_group"}
    unknown = checked.rejected_ids | {row.id for row in rosters.unclear}
    return RostersSeen(
        {team: frozenset(people) for team, people in playing.items()},
        frozenset(one for one in unknown | elsewhere if one is not None),
        frozenset(places.get("", ())) | {team for team, person in rows if person is None},
        frozenset(row.id for row in rosters.set_aside if row.id is not None) - elsewhere,
        frozenset(rosters.failed),
    )


def _places(frame: pd.DataFrame, checked: Checked, rosters: Rosters) -> dict[str, tuple[str, ...]]:
    """Remote id of a person who was rejected or set aside → the remote teams that list them, see `Read.places`.

    Args:
        frame: what `checked` was made of: `twizzit_player_id` and `twizzit_team_id` (str).
    """
    places: dict[str, list[str]] = defaultdict(list)
    rejected = checked.rejected_ids
    for person, team in zip(frame["twizzit_player_id"].tolist(), frame["twizzit_team_id"].tolist(), strict=True):
        has_id = isinstance(person, str)
        if isinstance(team, str) and (person in rejected or not has_id):
            places[person if has_id else ""].append(team)
    for row in (*rosters.set_aside, *rosters.unclear):
        if row.team_id is not None and row.id is not None:
            places[row.id].append(row.team_id)
    return {person: (*dict.fromkeys(teams),) if person else (*teams,) for person, teams in places.items()}


def _with_guesses(checked: Checked, players: Iterable[Player]) -> Checked:
    """The checked rows with what the table says besides: whose first and last name are a guess from the whole name."""
    guessed = {player.id for player in players if player.full_name is not None}
    valid = checked.valid.assign(name_guessed=checked.valid["twizzit_player_id"].isin(guessed))
    return replace(checked, valid=valid)


def scanned_teams(session: SyncSession, season: SeasonRow) -> Sequence[Team]:
    """The teams that the last scan saw, as far as the session concerns them.

    Raises:
        TeamsNotScanned: no scan has seen the teams of this season yet.
    """
    columns = twizzit_teams.c
    wanted = (
        select(columns.twizzit_team_id, columns.name, columns.short_name, columns.club_id, columns.club_name)
        .where(columns.credential_id == session.credential.id, columns.season_id == season.id)
        .order_by(columns.twizzit_team_id)
    )
    with session.reading() as connection:
        teams = [Team(*row) for row in connection.execute(wanted).all()]
        if not teams and not teams_scanned(connection, session.credential.id, season, run_id=session.run_id):
            raise TeamsNotScanned(f"No scan has seen the teams of season {season.label} yet: sync the teams first")
    return [team for team in teams if session.narrowing.concerns(team.id)]

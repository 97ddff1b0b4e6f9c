"""What the tests of a sync share: simulated clubs with credentials, whole syncs, and what ShotSpot holds afterwards."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg
from pydantic import SecretStr
from sqlalchemy import Connection, Table, make_url, select, update

from twizzit_pipeline.credentials import store
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.history import HistoryRow
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import Organization, SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.entities.players import map_players, scan_players
from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.sync.session import SyncSession

Rows = list[dict[str, Any]]
Step = Callable[[SyncSession], ScanReport | MappingReport]

SHOTSPOT = (tables.clubs, tables.seasons, tables.teams, tables.players)
MAPPINGS = (tables.team_mappings, tables.player_mappings)
SNAPSHOTS = (tables.twizzit_teams, tables.twizzit_players)
WRITTEN_BY_A_SYNC = (*SHOTSPOT, *MAPPINGS, *SNAPSHOTS, tables.sync_changes)

# Both scans before anything of ShotSpot's is written: the order of the Dagster job.
STEPS: tuple[Step, ...] = (scan_teams, scan_players, map_teams, map_players)
ENTITIES = ("teams", "players", "competitions", "matches")
TO_MAP: dict[str, Step] = {"teams": map_teams, "players": map_players}

_run_numbers = itertools.count(1)
_REASONS = {"present": "missing", "length": "too long", "known": "unknown"}


def quick(settings: Settings, **changes: object) -> Settings:
    """The same settings, hasty: no waiting between calls, few tries, and not for long."""
    hasty: dict[str, object] = {
        "requests_per_second": 1000.0,
        "retry_attempts": 3,
        "retry_seconds": 3.0,
        "request_timeout": 20.0,  # of a machine that is busy; tests of what takes too long set their own
    }
    return settings.model_copy(update={**hasty, **changes})


@dataclass(frozen=True)
class Synced:
    """What the steps of one whole sync reported, and its history rows by entity."""

    run_id: str
    reports: dict[str, ScanReport | MappingReport]
    history: dict[str, HistoryRow]
    calls: int

    @property
    def teams(self) -> MappingReport:
        return self._mapping("map_teams")

    @property
    def players(self) -> MappingReport:
        return self._mapping("map_players")

    def _mapping(self, name: str) -> MappingReport:
        report = self.reports[name]
        assert isinstance(report, MappingReport)
        return report


@dataclass
class SyncWorld:
    """A simulated Twizzit and the pipeline's database beside it."""

    settings: Settings
    database: Database
    simulator: SimulatorServer
    dialects: dict[int, str] = field(default_factory=dict)

    @property
    def season(self) -> str:
        """The label of the running season."""
        return self.simulator.world.running_season.label

    def club(self, place: int = 0) -> Organization:
        return self.simulator.world.organizations[place]

    def add_credential(
        self, place: int = 0, dialect: str = "v2", *, server: SimulatorServer | None = None, **changes: Any
    ) -> int:
        """A credential for the account of the organization at that place; its id."""
        server = server or self.simulator
        club = server.world.organizations[place]
        values = {
            "organization_name": club.name,
            "api_username": club.account.username,
            "password": SecretStr(club.account.password),
            "api_endpoint": server.v2_endpoint if dialect == "v2" else server.v1_endpoint,
            **changes,
        }
        assert self.settings.encryption_key is not None
        credential_id = store.add(self.database.engine, self.settings.encryption_key, **values)
        self.dialects[credential_id] = dialect
        return credential_id

    def mark_federation(self, credential_id: int, is_federation: bool = True) -> None:
        """Its groups may name other clubs, as an administrator says."""
        config.change(self.database.engine, credential_id, actor=this_user(), is_federation=is_federation)

    def session(
        self,
        credential_id: int,
        season: str | None = None,
        *,
        day: date | None = None,
        run_id: str | None = None,
        **more: Any,
    ) -> SyncSession:
        return SyncSession(
            settings=self.settings,
            database=self.database,
            credential_id=credential_id,
            season=season or self.season,
            run_id=run_id or f"run-{next(_run_numbers)}",
            day=day,
            **more,
        )

    def sync(
        self,
        credential_id: int,
        season: str | None = None,
        *,
        day: date | None = None,
        run_id: str | None = None,
        steps: Sequence[Step] = STEPS,
    ) -> Synced:
        """One whole run; raises what its steps raise, after the session is closed."""
        names = {step.__name__ for step in steps}
        with self.session(credential_id, season, day=day, run_id=run_id) as session:
            session.to_map = {entity for entity, step in TO_MAP.items() if step in steps}
            session.to_map.update(entity for entity in ENTITIES if f"map_{entity}" in names)
            reports = {step.__name__: step(session) for step in steps}
        return Synced(session.run_id, reports, self.history_of(session.run_id), session.calls)

    def history_of(self, run_id: str) -> dict[str, HistoryRow]:
        rows = history.for_run(self.database.engine, run_id)
        return {row.details.get("entity", row.sync_type): row for row in rows}

    def rows(self, table: Table, **where: object) -> Rows:
        """The rows of a table, by its primary key."""
        with self._reader() as connection:
            return _rows(connection, table, **where)

    def dump(self, found: Iterable[Table] = WRITTEN_BY_A_SYNC) -> dict[str, Rows]:
        """Every row of these tables."""
        with self._reader() as connection:
            return {table.name: _rows(connection, table) for table in found}

    def _reader(self) -> Connection:
        """Each statement by itself: to begin and end a transaction takes longer than to read."""
        return self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def change(self, table: Table, row_id: int, **values: object) -> None:
        """A person edits a row of ShotSpot."""
        with self.database.engine.begin() as connection:
            connection.execute(update(table).where(table.c.id == row_id).values(**values))

    def local_id(self, twizzit_id: int | str, entity: str = "player") -> int:
        """ShotSpot's id of what has that remote id."""
        table = tables.team_mappings if entity == "team" else tables.player_mappings
        (row,) = self.rows(table, **{f"twizzit_{entity}_id": str(twizzit_id)})
        return int(row[f"local_{entity}_id"])

    def player(self, twizzit_id: int | str) -> dict[str, Any]:
        (row,) = self.rows(tables.players, id=self.local_id(twizzit_id))
        return row

    def team(self, twizzit_id: int | str) -> dict[str, Any]:
        (row,) = self.rows(tables.teams, id=self.local_id(twizzit_id, "team"))
        return row

    def roster(self, group_place: int = 0, place: int = 0) -> tuple[int, list[int]]:
        """A team's group id, and its players' ids without those that must be rejected."""
        season = self.simulator.world.running_season
        club = self.club(place)
        group = club.teams(season)[group_place]
        rejected = self.simulator.world.truth(club).rejected["players"]
        return group.id, [one.id for one in club.players(group.id) if str(one.id) not in rejected]

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection of another client, in autocommit."""
        url = make_url(self.database.url.get_secret_value()).set(drivername="postgresql")
        plain = url.render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True, application_name="another-client") as connection:
            yield connection

    def assert_truth(
        self, credential_id: int, place: int = 0, season: str | None = None, *, server: SimulatorServer | None = None
    ) -> None:
        """ShotSpot, the mappings, the snapshots and the rejected rows are exactly what the simulator holds.

        For the deciding season of a credential that has its club to itself.
        """
        simulator = server or self.simulator
        dialect = self.dialects[credential_id]
        club = simulator.world.organizations[place]
        label = season or simulator.world.running_season.label
        truth = simulator.world.truth(club, label, dialect="v1" if dialect == "v1" else "v2")
        mapped_teams = self.rows(tables.team_mappings, credential_id=credential_id)
        of_season = {row["twizzit_team_id"]: row for row in mapped_teams if row["twizzit_team_id"] in truth.teams}
        self._assert_teams(club, label, truth.teams, of_season)
        self._assert_players(credential_id, truth.players, of_season)
        for mapping in [*of_season.values(), *self.rows(tables.player_mappings, credential_id=credential_id)]:
            assert (mapping["sync_status"], mapping["sync_error"]) == ("success", None)
            assert mapping["twizzit_dialect"] == dialect
            assert mapping["twizzit_organization_id"] == (str(club.id) if dialect == "v2" else None)
        self._assert_snapshots(credential_id, label, truth)

    def _assert_teams(self, club: Organization, label: str, wanted: Any, mapped: dict[str, dict[str, Any]]) -> None:
        assert set(mapped) == set(wanted)
        (local_club,) = self.rows(tables.clubs, name=club.name)
        (local_season,) = self.rows(tables.seasons, name=label)
        local = {row["id"]: row for row in self.rows(tables.teams, club_id=local_club["id"])}
        found = {remote_id: local[row["local_team_id"]] for remote_id, row in mapped.items()}
        assert {remote_id: row["name"] for remote_id, row in found.items()} == dict(wanted)
        assert {row["season_id"] for row in found.values()} <= {local_season["id"]}
        assert all(row["is_active"] for row in found.values())
        in_season = [row for row in local.values() if row["season_id"] == local_season["id"]]
        assert len(in_season) == len(wanted)

    def _assert_players(self, credential_id: int, wanted: Any, teams: dict[str, dict[str, Any]]) -> None:
        mapped = {
            row["twizzit_player_id"]: row for row in self.rows(tables.player_mappings, credential_id=credential_id)
        }
        assert set(mapped) >= set(wanted)
        local = {row["id"]: row for row in self.rows(tables.players)}
        for remote_id, player in wanted.items():
            row = local[mapped[remote_id]["local_player_id"]]
            said = (player.first_name, player.last_name, player.gender)
            assert (row["first_name"], row["last_name"], row["gender"]) == said
            of_team = {teams[one]["local_team_id"]: teams[one]["id"] for one in player.team_ids}
            assert row["team_id"] in of_team
            assert mapped[remote_id]["team_mapping_id"] == of_team[row["team_id"]]
            assert row["is_active"] is True
            assert row["is_twizzit_registered"] is True
            assert row["jersey_number"] in (None, player.jersey_number)
        numbers: dict[int, list[str]] = {}
        for remote_id, player in wanted.items():
            if player.jersey_number is not None:
                numbers.setdefault(player.jersey_number, []).append(remote_id)
        for number, people in numbers.items():
            held = [one for one in people if local[mapped[one]["local_player_id"]]["jersey_number"] == number]
            assert len(held) == 1, f"{len(held)} hold a number that {len(people)} want"

    def _assert_snapshots(self, credential_id: int, label: str, truth: Any) -> None:
        (season,) = self.rows(tables.twizzit_seasons, credential_id=credential_id, label=label)
        scope = {"credential_id": credential_id, "season_id": season["id"]}
        seen = {row["twizzit_team_id"]: row["name"] for row in self.rows(tables.twizzit_teams, **scope)}
        assert seen == dict(truth.teams)
        places = {
            (row["twizzit_team_id"], row["twizzit_player_id"]) for row in self.rows(tables.twizzit_players, **scope)
        }
        assert places == {(team, one) for one, player in truth.players.items() for team in player.team_ids}
        for entity in ("teams", "players"):
            self._assert_rejected(credential_id, entity, truth.rejected[entity], getattr(truth, entity))

    def _assert_rejected(self, credential_id: int, entity: str, wanted: Any, valid: Any) -> None:
        last = next(row for row in history.recent(self.database.engine, credential_id) if row.sync_type == entity)
        rejected = history.rejected_rows(self.database.engine, last.id)
        assert {row.twizzit_id for row in rejected} == set(wanted)
        said = {(row.twizzit_id, f"{row.column_name}: {_REASONS[row.rule.rpartition('_')[2]]}") for row in rejected}
        assert said >= set(wanted.items())
        assert last.status == ("partial_success" if wanted else "success")
        assert (last.items_failed, last.items_succeeded) == (len(wanted), len(valid))
        assert last.items_processed == len(wanted) + len(valid)


def _rows(connection: Connection, table: Table, **where: object) -> Rows:
    wanted = select(table).where(*(table.c[name] == value for name, value in where.items()))
    return [dict(row._mapping) for row in connection.execute(wanted.order_by(*table.primary_key))]

"""A simulated Twizzit, the pipeline's database beside it, and credentials for the simulated clubs."""

from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Engine

from twizzit_pipeline.credentials import store
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.engine import Database


@dataclass
class Simulation:
    """What the tests of runs start from; what they do with it is added by those who inherit."""

    settings: Settings
    database: Database
    simulator: SimulatorServer

    @property
    def engine(self) -> Engine:
        return self.database.engine

    @property
    def season(self) -> str:
        """The label of the running season."""
        return self.simulator.world.running_season.label

    def credential(self, place: int = 0, dialect: str = "v2", **changes: object) -> int:
        """A credential for the account of the club at that place; its id."""
        club = self.simulator.world.organizations[place]
        values: dict[str, Any] = {
            "organization_name": club.name,
            "api_username": club.account.username,
            "password": SecretStr(club.account.password),
            "api_endpoint": self.simulator.v2_endpoint if dialect == "v2" else self.simulator.v1_endpoint,
            **changes,
        }
        assert self.settings.encryption_key is not None
        return store.add(self.engine, self.settings.encryption_key, **values)

"""An orchestrator that is alive, as far as the database has it: no process runs."""

from sqlalchemy import Engine, func, select

from twizzit_pipeline.scheduling.heartbeat import signs_of_life


def beat(engine: Engine, name: str | None = None) -> None:
    """A sign of life at this moment; by default of this machine's orchestrator."""
    with engine.begin() as connection:
        connection.execute(select(func.now()).add_cte(*signs_of_life(name)))

"""A Twizzit to run at home: the demo, development and tests use it, nothing else does.

It speaks both dialects over real HTTP, as far as they are known: habits in which accounts differ are options.
All people, clubs, accounts and addresses in it are invented.
"""

from twizzit_pipeline.simulator.faults import Fault, Faults
from twizzit_pipeline.simulator.options import SimulatorOptions
from twizzit_pipeline.simulator.records import Account, Contact, Group, Organization, Season
from twizzit_pipeline.simulator.server import SimulatorServer, run_forever
from twizzit_pipeline.simulator.truth import TruePlayer, Truth
from twizzit_pipeline.simulator.world import World

__all__ = [
    "Account",
    "Contact",
    "Fault",
    "Faults",
    "Group",
    "Organization",
    "Season",
    "SimulatorOptions",
    "SimulatorServer",
    "TruePlayer",
    "Truth",
    "World",
    "run_forever",
]

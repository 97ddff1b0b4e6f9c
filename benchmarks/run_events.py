"""What the checks of a run cost: its events, and its seconds, with a check for each asset and with one for each rule.

Run it with `.venv/bin/python benchmarks/run_events.py [--runs N]`; it prints one JSON object: the events that one run of
`sync_all` leaves in Dagster's storage (a club in which nothing changed), of those the ones about checks, and the
seconds that it takes; for the checks as they are, and for as many as there are rules (every rule a check by itself).
Both are measured in turn, in one process and on one database, so that the ratios hold on any machine; seconds do not.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path

import dagster as dg
from pydantic import SecretStr

from twizzit_pipeline.credentials import store
from twizzit_pipeline.orchestration import assets, checks, rules
from twizzit_pipeline.orchestration.assets import ASSETS
from twizzit_pipeline.orchestration.instance import open_instance
from twizzit_pipeline.orchestration.jobs import JOBS
from twizzit_pipeline.orchestration.partitions import CredentialSeason, register_partitions
from twizzit_pipeline.orchestration.resources import sync_resource
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.migrate import migrate
from twizzit_pipeline.twizzit.simulator import SimulatorOptions, SimulatorServer

"""What the checks of a run cost: its events and seconds, with at most four checks an asset and with one for each rule.

Run it with `.venv/bin/python benchmarks/run_events.py [--runs N]`; it prints one JSON object: the events that a run of
`sync_all` leaves in Dagster's storage (a club in which nothing changed), how many of them are about checks, and the
seconds that it takes, for the checks as they are and for as many as there are rules. Both are measured in the same
way, each in a process of its own with a database of its own, so that the ratios hold on any machine; seconds do not.
"""
# ruff: noqa: PLC0415 - the assets and their checks are made when they are imported, and may have to be others

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

FOLDED, ONE_EACH = "folded", "one for each rule"

if TYPE_CHECKING:
    from twizzit_pipeline.quality.findings import Quality
    from twizzit_pipeline.sync.reports import ScanReport


def unfold() -> None:
    """Make each rule a check by itself, as they were; to be called before the assets are imported."""
    from twizzit_pipeline.orchestration.checks import asset_checks as checks
    from twizzit_pipeline.orchestration.checks import rules

    def each_by_itself(folded: rules.Rules) -> rules.Rules:
        return tuple(replace(rule, check=rule.name) for rule in folded)

    of_scan = checks._of_scan
    rules.RULES_OF = {asset: each_by_itself(folded) for asset, folded in rules.RULES_OF.items()}
    rules.CONFIGURATION_RULES = each_by_itself(rules.CONFIGURATION_RULES)
    every_rule = {rule.name for folded in (*rules.RULES_OF.values(), rules.CONFIGURATION_RULES) for rule in folded}
    checks.checks_of = lambda rules: tuple(rule.name for rule in rules)  # type: ignore[attr-defined]
    checks.DESCRIPTIONS = dict.fromkeys(every_rule, "A rule")

    def of_one(rule: rules.AssetRule, report: "ScanReport", quality: "Quality") -> checks.RuleResult:
        of_contract = rule.column is not None
        return of_scan(replace(rule, check=rules.CONTRACT) if of_contract else rule, report, quality)

    checks._of_scan = of_one


def measure(runs: int, home: Path) -> dict[str, object]:
    """One club, synced once for its rows and then so often with nothing new."""
    from dagster import DagsterEventType, serialize_value

    from twizzit_pipeline.credentials import store
    from twizzit_pipeline.orchestration.instance.home import open_instance
    from twizzit_pipeline.orchestration.launch import run_job
    from twizzit_pipeline.settings import load_settings
    from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
    from twizzit_pipeline.storage.engine import open_database
    from twizzit_pipeline.storage.migrate import migrate

    club_of_six_teams = SimulatorOptions(clubs=1, teams=6, players_per_team=10, other_contacts=3)
    key = SecretStr("00" * 32)
    settings = load_settings(
        _env_file=None,
        home=home,
        database_url=None,
        encryption_key=key,
        allow_private_endpoints=True,
        requests_per_second=100_000,
    )
    with open_database(settings) as database, SimulatorServer(club_of_six_teams) as simulator:
        migrate(database.engine)
        club = simulator.world.organizations[0]
        credential_id = store.add(
            database.engine,
            key,
            organization_name=club.name,
            api_username=club.account.username,
            password=SecretStr(club.account.password),
            api_endpoint=simulator.v2_endpoint,
        )
        season, seconds, processor = simulator.world.running_season.label, [], []
        for _ in range(runs + 1):
            began, used = time.perf_counter(), time.process_time()
            done = run_job(settings, database, job_name="sync_all", credential_id=credential_id, season=season)
            assert done.success, done
            seconds.append(time.perf_counter() - began)
            processor.append(time.process_time() - used)
        with open_instance(settings, database) as instance:
            entries = instance.all_logs(done.run_id)
    events = [entry.dagster_event.event_type for entry in entries if entry.dagster_event is not None]
    about = {DagsterEventType.ASSET_CHECK_EVALUATION, DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED}
    evaluated = sum(event is DagsterEventType.ASSET_CHECK_EVALUATION for event in events)
    return {
        "checks": evaluated,
        "events": len(events),
        "events_of_checks": sum(event in about for event in events),
        "kilobytes": round(sum(len(serialize_value(entry)) for entry in entries) / 1000),
        "seconds": round(statistics.median(seconds[1:]), 3),
        "processor_seconds": round(statistics.median(processor[1:]), 3),
    }


def in_a_process(variant: str, runs: int) -> dict[str, float]:
    """The measurement of one variant, by a process of its own."""
    with tempfile.TemporaryDirectory(prefix="twizzit-benchmark-") as folder:
        command = [sys.executable, __file__, "--runs", str(runs), "--variant", variant, "--home", f"{folder}/home"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="of which the median is shown (default 7)")
    parser.add_argument("--variant", choices=(FOLDED, ONE_EACH), help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.variant:
        if arguments.variant == ONE_EACH:
            unfold()
        sys.stdout.write(json.dumps(measure(arguments.runs, arguments.home)) + "\n")
        return
    found = {variant: in_a_process(variant, arguments.runs) for variant in (ONE_EACH, FOLDED)}
    before, after = found[ONE_EACH], found[FOLDED]
    times = {name: round(before[name] / after[name], 2) for name in before}
    sys.stdout.write(json.dumps({"benchmark": "run_events", **found, "times_less": times}) + "\n")


if __name__ == "__main__":
    main()

"""What `twizzit doctor` finds, to be asked by subject."""

import socket
from typing import Any, NamedTuple

from twizzit_pipeline.cli.doctor.command import examine
from twizzit_pipeline.cli.doctor.finding import Finding, Severity


class Seen(NamedTuple):
    """What was found, by subject; the worst first."""

    findings: list[Finding]

    def of(self, subject: str) -> Finding:
        order = [Severity.PROBLEM, Severity.WARNING, Severity.NOT_CHECKED, Severity.OK]
        return min((one for one in self.findings if one.subject == subject), key=lambda one: order.index(one.severity))

    @property
    def problems(self) -> dict[str, str]:
        return {one.subject: one.message for one in self.findings if one.severity is Severity.PROBLEM}

    @property
    def subjects(self) -> set[str]:
        return {one.subject for one in self.findings}


def look(**options: Any) -> Seen:
    return Seen(list(examine(**options)))


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

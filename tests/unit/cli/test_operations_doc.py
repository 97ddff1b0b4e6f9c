"""`docs/operations.md` describes everything that the program can show."""

import re
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from twizzit_pipeline.cli.app import whole
from twizzit_pipeline.queries.credential_state import CredentialState
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.settings.environment import variable

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))


def test_every_state_has_a_row_that_says_what_to_do() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \| ([^|]+) \|$", DOCUMENT, flags=re.MULTILINE)
    described = {state: what_to_do.strip() for state, _, what_to_do in rows}
    assert {state.value for state in CredentialState} <= described.keys()
    assert all(described[state.value] for state in CredentialState)


def test_every_event_of_the_log_is_listed() -> None:
    said = set()
    for path in (ROOT / "twizzit_pipeline").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "logs.logger(__name__)" in source:
            said |= set(re.findall(r"(?:_log\.\w+|\bsay)\(\s*\"([^\"]+)\"", source))
    assert len(said) >= 9
    assert [event for event in sorted(said) if f"`{event}`" not in DOCUMENT] == []


def test_every_command_that_a_page_names_exists() -> None:
    commands = typer.main.get_command(whole())
    assert isinstance(commands, TyperGroup)
    for page in PAGES:
        code = " ".join(_code(page.read_text(encoding="utf-8")))
        named = set(re.findall(r"\btwizzit ([a-z]+(?:-[a-z]+)*)(?: ([a-z]+(?:-[a-z]+)*))?", code))
        for command, second in named:
            assert command in commands.commands, (page, command)
            group = commands.commands[command]
            known = not isinstance(group, TyperGroup) or not second or second in group.commands
            assert known, (page, command, second)


def _code(text: str) -> list[str]:
    return re.findall(r"^(?:\S*/)?twizzit .*$|`[^`\n]*\btwizzit [^`]+`", text, flags=re.MULTILINE)


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]*)(?:#([^)]+))?\)", DOCUMENT)
    assert targets
    for file, anchor in targets:
        path = (ROOT / "docs" / file) if file else ROOT / "docs" / "operations.md"
        assert path.exists(), file
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_setting_is_in_the_page_of_settings() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z][A-Z_]+)`", page))
    assert named - {"DAGSTER_HOME"} == {variable(name) for name in Settings.model_fields}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_unit_runs_as_a_user_of_its_own_and_holds_no_secret(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    lines = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    assert (lines["User"], lines["NoNewPrivileges"], lines["ProtectSystem"]) == ("twizzit", "yes", "strict")
    assert lines["EnvironmentFile"] == "/etc/twizzit/twizzit.env"
    assert lines["ExecStart"].startswith("/opt/twizzit/venv/bin/")
    assert "Environment" not in lines
    assert unit.stem in DOCUMENT

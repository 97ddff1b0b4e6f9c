"""A page whose commands are run: each console block holds commands and what they print, in the order of the page.

What happens between them stands in comments of the page, which no reader sees: ``<!-- twizzit: {"change": …} -->`` is a
change of the simulator, ``<!-- shotspot: UPDATE … -->`` what a person does in ShotSpot, and ``<!-- run: sync 1 -->`` a
command whose output is of no interest.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_STEP = re.compile(r"<!-- (?P<kind>twizzit|shotspot|run): (?P<what>.*?) -->|```console\n(?P<block>.*?)```", re.DOTALL)
_PROMPT = "$ "
# What differs from one day, machine and run to the next.
_VARIES = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "RUN"),
    (re.compile(r"\b(undo|decision)-[0-9a-f]+\b"), "RUN"),
    (re.compile(r"(?<= )[0-9a-f]{8}(?= ?\n)"), "RUN"),
    (re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?"), "DATE"),
    (re.compile(r"\b\d{1,2}:\d{2}(:\d{2})?\b"), "TIME"),
    (re.compile(r"\b\d{4}-\d{4}\b"), "SEASON"),
    (re.compile(r"\b\d+(\.\d+)? (s|ms|seconds?)\b"), "SECONDS"),
    (re.compile(r"[─━═┄-]{3,}"), "---"),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True)
class Block:
    """A console block: where it stands in the page, its commands, and what it says that they print."""

    start: int
    end: int
    commands: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Step:
    """What happens between two blocks."""

    kind: str
    what: str


def read(page: str) -> Iterator[Block | Step]:
    """The blocks and steps of a page, in its order."""
    for found in _STEP.finditer(page):
        if found["kind"] is not None:
            yield Step(found["kind"], found["what"].strip())
            continue
        text = found["block"]
        commands = tuple(line.removeprefix(_PROMPT) for line in text.splitlines() if line.startswith(_PROMPT))
        yield Block(found.start("block"), found.end("block"), commands, text)


def play(page: str, run: Callable[[str], str], act: Callable[[Step], None]) -> list[tuple[Block, str]]:
    """Does everything that the page says; each block with what it ought to say."""
    said = []
    for one in read(page):
        if isinstance(one, Step):
            act(one)
            continue
        said.append((one, "".join(f"{_PROMPT}{command}\n{run(command)}" for command in one.commands)))
    return said


def renewed(page: str, said: list[tuple[Block, str]]) -> str:
    """The page with what its commands print now."""
    for block, now in reversed(said):
        page = page[: block.start] + now + page[block.end :]
    return page


def settled(text: str) -> str:
    """Without what differs from run to run."""
    for pattern, word in _VARIES:
        text = pattern.sub(word, text)
    return text.strip()


def change_of(step: Step) -> dict[str, Any]:
    """The simulator's change that a step says."""
    change: dict[str, Any] = json.loads(step.what)
    return change


def page_of(path: Path) -> str:
    """The page's text."""
    return path.read_text(encoding="utf-8")

"""What an entity is stands in `entities.py`: few other files spell its name, and none lists them all."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest
from sqlalchemy import UniqueConstraint

from tests.support.package_sources import MODULES, ROOT, nodes
from twizzit_pipeline.cli.output.differences import differences
from twizzit_pipeline.entities import COMPETITIONS, ENTITIES, PLAYERS
from twizzit_pipeline.storage.tables import LOCAL

SOURCES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in MODULES}

pytestmark = pytest.mark.xdist_group("sources")


def test_few_files_spell_the_name_of_an_entity() -> None:
    spelled = {name for name, source in SOURCES.items() if f'"{COMPETITIONS.name}"' in source}
    assert "entities.py" in spelled
    assert len(spelled) <= 8, f"read it from entities.py: {sorted(spelled)}"


LISTS = (ast.Tuple, ast.List, ast.Set)


def lists(source: str) -> Iterator[set[str]]:
    """The texts of each tuple, list, set and dict (its keys) of a module."""
    for node in nodes(source):
        parts = node.elts if isinstance(node, LISTS) else getattr(node, "keys", None)
        if isinstance(parts, list):
            yield {str(part.value) for part in parts if isinstance(part, ast.Constant)}


@cache
def listed_in() -> dict[str, list[set[str]]]:
    """The lists of every module."""
    return {name: list(lists(source)) for name, source in SOURCES.items()}


MAY_LIST = {"entities.py", "storage/tables/__init__.py"}  # the latter: names that other modules import


# Another entity would have to be added to such a list: it is derived from `ENTITIES` instead.
@pytest.mark.parametrize(
    "words",
    [
        {each.name for each in ENTITIES.values()},
        {each.local for each in ENTITIES.values()},
        {each.snapshot for each in ENTITIES.values()},
        {each.mappings for each in ENTITIES.values()},
    ],
    ids=["entities", "local tables", "snapshots", "mappings"],
)
def test_no_module_lists_the_entities_anew(words: set[str]) -> None:
    assert list(lists('WORDS = {"teams": 1, "games": 2}')) == [{"teams", "games"}], "a list is found"
    listed = {name for name, there in listed_in().items() if any(words <= found for found in there)}
    migrations = {name for name in listed if name.startswith("storage/migrations/")}  # stay as they were
    assert listed - migrations <= MAY_LIST


def test_few_modules_list_the_columns_of_a_player() -> None:
    """A further column is added to each of these lists."""
    words = set(PLAYERS.compared)
    listed = {name for name, there in listed_in().items() if any(len(found & words) > 2 for found in there)}
    migrations = {name for name in listed if name.startswith("storage/migrations/")}
    assert listed - migrations <= {"entities.py", "plan/rows.py", "transform/players.py"}


def test_what_no_two_rows_share_is_a_constraint_of_shotspots_table() -> None:
    """A column that is missing here would stop a sync in which two players exchange their shirt numbers."""
    for each in ENTITIES.values():
        table = LOCAL[each.name]
        found = [set(one.columns.keys()) for one in table.constraints if isinstance(one, UniqueConstraint)]
        assert found == ([set(each.once)] if each.once else [])
        assert bool(each.once) == (each.lets_go is not None)
        if each.lets_go is not None:
            assert each.lets_go in each.once
            assert table.c[each.lets_go].nullable


def test_the_names_of_people_are_columns_that_are_compared_and_hidden() -> None:
    """One that is misspelled would be shown where output is kept."""
    assert PLAYERS.person_names
    for each in ENTITIES.values():
        assert set(each.person_names) <= set(each.compared)
        for column in each.person_names:
            assert list(differences({column: ("Ann", "Anna")}, names=False)) == [f"{column}: shown on a terminal"]

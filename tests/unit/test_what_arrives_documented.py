"""docs/what-arrives.md names every reason for which a row or an item does not come, or comes with a remark.

The reasons are read from the program's own text: what it gives to a `SetAside`, an `Aside`, a `Failed`, a `Warned` and
an `Unknown`, and the rules of its contracts.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType

import pytest

from tests.support.package_sources import MODULES, nodes
from tests.support.package_sources import ROOT as PACKAGE
from twizzit_pipeline.contracts.checked import LISTED_TWICE
from twizzit_pipeline.contracts.rules import contract_of
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.plan.chosen import LEFT
from twizzit_pipeline.runs.asides import REASONS
from twizzit_pipeline.runs.details import GROUP_NOT_FOUND, PLAYERS_NOT_READ

PAGE = PACKAGE.parent / "docs" / "what-arrives.md"
RULES = [rule for entity in ENTITIES for rule in contract_of(entity)]
# Which argument of a call is the reason, by its place.
PLACES = {"SetAside": 1, "Aside": 1, "Failed": 1, "Warned": 1, "Unknown": 0}
# Reasons that are handed on from a call which names them, or from a list that is looked at below.
HANDED_ON = {"unknown.reason", "one.rule", "why(remote_id)"}

pytestmark = pytest.mark.xdist_group("sources")


@cache
def reasons(kind: str) -> frozenset[str]:
    """What the program gives as the reason of this kind, anywhere."""
    found: set[str] = set()
    for path in MODULES:
        text = path.read_text()
        if f"{kind}(" not in text:
            continue
        module = import_module(".".join([PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts]))
        for call in _calls(text, kind):
            found |= set(_values(_reason(call, PLACES[kind]), module))
    return frozenset(found)


def _calls(source: str, kind: str) -> Iterator[ast.Call]:
    for node in nodes(source):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == kind:
            yield node


def _reason(call: ast.Call, place: int) -> ast.expr:
    named = [word.value for word in call.keywords if word.arg == "reason"]
    return named[0] if named else call.args[place]


def _values(given: ast.expr, module: ModuleType) -> Iterator[str]:
    if isinstance(given, ast.Constant):
        assert isinstance(given.value, str)
        yield given.value
    elif isinstance(given, ast.IfExp):
        yield from _values(given.body, module)
        yield from _values(given.orelse, module)
    elif isinstance(given, ast.Name) and hasattr(module, given.id):
        yield getattr(module, given.id)
    else:
        assert ast.unparse(given) in HANDED_ON, f"{module.__name__}: {ast.unparse(given)} gives no reason"


def contract_asides() -> set[str]:
    """The rules by which a contract sets rows aside."""
    return {rule.name for rule in RULES if rule.kind == "set_aside"} | {LISTED_TWICE}


def documented() -> set[str]:
    """What the page quotes as a word of the program."""
    return set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", PAGE.read_text()))


def test_reasons_are_found_where_they_are() -> None:
    assert {"not_a_player", "other_season", "training", "not_a_match"} <= reasons("SetAside")
    assert reasons("Aside") == {"no_own_team", "same_club"}
    assert {"club_doubtful", "doubtful_link", "no_own_team", "opponent_doubtful"} <= reasons("Failed")
    assert {"number_taken", "vanished", "taken_over", "taken_over_renamed"} <= reasons("Warned")
    assert reasons("Unknown") == {"same_club", "team_not_mapped"}
    assert "opponent_unknown" in contract_asides()


def test_what_is_set_aside_is_in_the_list_of_reasons_and_no_other() -> None:
    unclear = {"function_unknown"}  # rejected by the rule `function_known`, which the page has
    assert (reasons("SetAside") - unclear) | reasons("Aside") | contract_asides() == set(REASONS)


@pytest.mark.parametrize("kind", ["Failed", "Warned", "Unknown"])
def test_the_page_names_every_reason(kind: str) -> None:
    assert reasons(kind) - documented() == set()


def test_the_page_names_every_team_that_was_not_read() -> None:
    assert {PLAYERS_NOT_READ, GROUP_NOT_FOUND} - documented() == set()


def test_the_page_names_why_something_of_a_plan_is_not_applied() -> None:
    assert set(LEFT) - documented() == set()


def test_the_page_has_no_reason_that_the_program_lacks() -> None:
    known = set().union(*map(reasons, PLACES), REASONS, LEFT, {PLAYERS_NOT_READ, GROUP_NOT_FOUND})
    known |= {rule.name for rule in RULES}
    others = {  # words of the page that are no reasons
        "failed", "partial_success", "player", "match", "team", "other", "twizzit_teams", "twizzit_players",
        "twizzit_competitions", "twizzit_matches", "competition_teams", "null",
    }  # fmt: skip
    assert documented() - known - others == set()

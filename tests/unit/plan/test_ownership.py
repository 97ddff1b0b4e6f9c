"""Whose a mapping is: what a credential may use, adopt, or leave alone."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.memory_shotspot import OF_SHOTSPOTS_OWN
from twizzit_pipeline.plan import Change, Failed, Warned
from twizzit_pipeline.plan.ownership import (
    Claim,
    by_remote_id,
    change_of,
    claim,
    current_mapping,
    may_mean,
    refused,
    takeovers,
)
from twizzit_pipeline.plan.rows import MappingRow, Owner

OWNER = Owner(1, "v2", "10", "KC Duinen", host="twizzit.be", names_own_teams_alone=True)
OURS = MappingRow(1, 5, "100", "U15", 1, True, "v2", "10", "KC Duinen", None, "success", None, "twizzit.be")
SHOTSPOTS: dict[str, Any] = {
    **OF_SHOTSPOTS_OWN,
    "credential_active": None,
    "host": None,
}
ORPHAN: dict[str, Any] = {"credential_id": None, "credential_active": None}


@pytest.mark.parametrize(
    ("other", "fits", "verdict"),
    [
        ({}, False, "ours"),
        ({"dialect": None, "organization_id": None, "organization_name": None, "host": None}, False, "ours"),
        ({"host": None}, False, "ours"),  # from before hosts were kept
        ({"host": None, "organization_id": "20"}, True, "taken"),
        ({"host": "elsewhere.be"}, True, "of_another_host"),
        ({"organization_id": "20"}, True, "taken"),
        ({"credential_id": 2}, True, "taken"),
        ({"credential_id": 2, "credential_active": False}, False, "adoptable"),
        (ORPHAN, False, "adoptable"),
        (SHOTSPOTS, True, "adoptable"),
        (SHOTSPOTS, False, "doubtful"),
        ({**ORPHAN, "host": None}, True, "adoptable"),
        ({**ORPHAN, "host": None}, False, "doubtful"),
        ({**ORPHAN, "host": None, "organization_name": "KC Leie"}, True, "doubtful"),
    ],
)
def test_what_a_credential_may_do_with_a_mapping(other: dict[str, Any], fits: bool, verdict: Claim) -> None:
    mapping = replace(OURS, **other)
    assert claim(mapping, OWNER, may_be_same=fits) == verdict
    decided = claim(mapping, OWNER, may_be_same=fits, decided=True)
    assert decided == ("adoptable" if verdict == "doubtful" else verdict)


@pytest.mark.parametrize(
    ("verdict", "failed"),
    [
        ("ours", None),
        ("adoptable", None),
        ("taken", Failed("100", "remote_id_taken", (5,))),
        ("of_another_host", Failed("100", "host_changed", (5,))),
        ("doubtful", Failed("100", "doubtful_link", (5, 6))),
    ],
)
def test_only_a_doubt_names_the_rows_that_may_be_meant_instead(verdict: Claim, failed: Failed | None) -> None:
    assert refused(verdict, "100", 5, 6) == failed


def test_of_several_mappings_of_an_id_the_same_organizations_decides() -> None:
    moved = replace(OURS, id=2, host="elsewhere.be")
    shotspots = replace(OURS, id=3, **SHOTSPOTS)
    anothers = replace(OURS, id=4, credential_id=2, organization_id="20")
    for several in ([shotspots, moved, OURS, anothers], [anothers, OURS, moved, shotspots]):
        assert by_remote_id(several, OWNER) == {"100": OURS}
        assert by_remote_id([one for one in several if one is not OURS], OWNER) == {"100": moved}
    assert by_remote_id([shotspots, replace(shotspots, id=9)], OWNER) == {"100": shotspots}
    assert by_remote_id([anothers], OWNER) == {}


@pytest.mark.parametrize(
    ("host", "name", "may"),
    [
        ("twizzit.be", "KC Leie", True),  # the id of the organization decides
        ("elsewhere.be", "KC Duinen", False),
        (None, "kc duinen", True),
        (None, "KC Leie", False),
    ],
)
def test_whose_a_mapping_may_be(host: str | None, name: str, may: bool) -> None:
    assert may_mean(OWNER, host, "v2", "10", name) is may
    assert not may_mean(OWNER, host, "v1", "10", name)
    assert not may_mean(OWNER, host, "v2", "20", name)


@pytest.mark.parametrize(("called", "reason"), [("u15", "taken_over"), ("Miniemen", "taken_over_renamed")])
def test_what_is_taken_over_from_shotspots_own_integration_is_reported(called: str, reason: str) -> None:
    adopted = Change("teams", "adopt", 5, "100", {}, mapping={"twizzit_name": "U15"})
    of_ours = replace(adopted, twizzit_id="101", mapping_before={"twizzit_dialect": "v2"})
    updated = replace(adopted, twizzit_id="102", action="update")
    assert takeovers([adopted, of_ours, updated], {5: called}) == [Warned("100", reason)]


def test_only_a_mapping_that_goes_over_names_its_remote_id() -> None:
    held = current_mapping(OURS)
    assert change_of("teams", "update", 5, "100", {"name": "U15"}, {"name": "U15"}, held, OURS) is None
    renamed = change_of("teams", "update", 5, "100", {"name": "U16"}, {"name": "U15"}, held, OURS)
    assert renamed is not None
    assert (renamed.mapping, renamed.mapping_before) == (None, held)
    over = change_of("teams", "update", 5, "101", {"name": "U15"}, {"name": "U15"}, held, OURS)
    assert over is not None
    assert over.mapping == {**held, "remote_id": "101"}
    assert over.mapping_before == {**held, "remote_id": "100"}

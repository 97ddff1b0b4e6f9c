"""`twizzit conflicts`, and the policies of `twizzit config`."""

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, command_line_on
from tests.support.decided_world import DecidedWorld, in_conflict, in_doubt
from tests.support.twin_teams import TwinTeams
from twizzit_pipeline.storage.tables import players


@pytest.fixture
def twizzit(tmp_path: Path, database_url: str, club: DecidedWorld) -> CommandLine:
    return command_line_on(tmp_path, database_url, COLUMNS="150")


def test_policies_are_set_shown_and_refused(twizzit: CommandLine) -> None:
    assert "Conflicts" not in twizzit("config", "show", 1).out
    fields = ("--conflicts-of", "players.jersey_number=shotspot", "--conflicts-of", "name=newest")
    changed = twizzit("config", "set", 1, "--conflicts", "ask", *fields)
    assert "Conflicts: ask; name newest, players.jersey_number shotspot\n" in changed.out
    assert (
        "Conflicts: ask; name newest\n" in twizzit("config", "set", 1, "--conflicts-of", "players.jersey_number=").out
    )
    document = twizzit("config", "show", 1, "--json").json()
    assert (document["conflict_policy"], document["conflict_exceptions"]) == ("ask", {"name": "newest"})
    for wrong in (
        ("--conflicts", "mine"),
        ("--conflicts-of", "name=mine"),
        ("--conflicts-of", "name"),
        ("--conflicts-of", "players.is_active=ask"),
        ("--conflicts-of", "name=ask", "--conflicts-of", "name=newest"),
    ):
        refused = twizzit("config", "set", 1, *wrong)
        assert (refused.code, refused.out) == (2, "")


def test_a_conflict_is_listed_and_resolved(twizzit: CommandLine, club: DecidedWorld) -> None:
    assert twizzit("conflicts").out == "Nothing waits for a decision.\n"
    base = club.player["first_name"]
    found = club.conflict()

    for listed in (twizzit("conflicts"), twizzit("conflicts", "list", club.credential_id)):
        assert listed.code == 0
        assert f"player {club.local_id}: first_name" in listed.out
        assert f"ShotSpot Lokaal; Twizzit Remo (was {base})" in " ".join(listed.out.split())
        assert "twizzit conflicts resolve ID" in listed.out
    assert [one["id"] for one in twizzit("conflicts", "--json").json()] == [found.id]
    assert "1 conflict waits for a decision" in twizzit("status").out
    assert "1 conflict to decide: twizzit conflicts list" in twizzit("history", 1).out

    done = twizzit("conflicts", "resolve", found.id, "twizzit")

    assert (done.code, done.out.splitlines()[0]) == (
        0,
        f"Resolved (twizzit), player {club.local_id}: first_name: Lokaal -> Remo",
    )
    assert club.player["first_name"] == "Remo"
    assert twizzit("conflicts").out == "Nothing waits for a decision.\n"
    assert f"{found.id} was decided" in twizzit("history", 1).out
    over = twizzit("conflicts", "list", "--over", "--json").json()
    assert (over[0]["status"], over[0]["resolution"]) == ("resolved", "twizzit")
    again = twizzit("conflicts", "resolve", found.id, "twizzit")
    assert (again.code, again.err.count("\n")) == (1, 1)
    assert "resolved already" in again.err
    assert "Twizzit's value was taken" in again.err


@pytest.mark.parametrize(
    "arguments",
    [
        (1, "theirs"),
        (1, "value"),
        (1, "twizzit", "x"),
        (1, "link"),
        (1, "link", "x"),
        (1, "create", "1"),
        ("x", "link"),
    ],
)
def test_a_wrong_decision_is_a_wrong_argument(twizzit: CommandLine, arguments: tuple[object, ...]) -> None:
    assert twizzit("conflicts", "resolve", *arguments).code == 2


@pytest.mark.begins(after=in_conflict)
def test_a_value_that_does_not_fit_is_one_line(twizzit: CommandLine, club: DecidedWorld) -> None:
    found = club.waits()
    refused = twizzit("conflicts", "resolve", found.id, "value", "x" * 51)
    assert (refused.code, refused.err) == (1, "Error: first_name takes a text of 1 to 50 characters\n")
    unknown = twizzit("conflicts", "resolve", found.id + 5, "shotspot")
    assert (unknown.code, f"no conflict {found.id + 5}" in unknown.err) == (1, True)


@pytest.mark.begins(after=in_doubt)
def test_a_doubtful_link_is_linked_and_one_person_twice_is_said(twizzit: CommandLine, club: DecidedWorld) -> None:
    found, fitting = club.in_doubt()
    club.world.change(players, fitting[0], jersey_number=71)
    listed = " ".join(twizzit("conflicts").out.split())
    assert f"player of Twizzit {club.remote_id}: link" in listed
    assert "may be one person twice" in listed
    one, other = club.waits().candidates
    assert (one.jersey_number, other.jersey_number) == (71, None)
    assert one.team_name is not None
    assert one.team_name == other.team_name
    assert "(number 71," in listed

    done = twizzit("conflicts", "resolve", found.id, "link", fitting[0])

    assert done.code == 0, done.err
    assert club.local_id == fitting[0]


def test_a_team_of_two_spellings_is_linked_and_the_row_that_is_left_is_named(
    twizzit: CommandLine, club: DecidedWorld
) -> None:
    remote_id = club.world.roster()[0]
    twins = TwinTeams(club.world, club.credential_id, remote_id, club.world.team(remote_id))
    other, was = twins.alike(), twins.was["id"]
    club.sync()
    (found,) = club.open()
    listed = " ".join(twizzit("conflicts").out.split())
    assert f"team of Twizzit {remote_id}: link" in listed

    done = twizzit("conflicts", "resolve", found.id, "link", other)

    assert done.code == 0, done.err
    assert f"Resolved (link), team {other}" in done.out
    assert f"team {was} is not mapped any more, and is not active" in " ".join(done.out.split())
    assert twins.local_id == other

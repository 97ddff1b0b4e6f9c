"""The rules that decide what becomes of a team."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.memory_shotspot import CLUB, OF_SHOTSPOTS_OWN, OLDER, OTHER_CLUB, SEASON, MemoryShotSpot, team
from tests.support.memory_shotspot import sync_teams as sync
from twizzit_pipeline.plan import Failed, Warned
from twizzit_pipeline.plan.club_rights import ClubRights
from twizzit_pipeline.plan.clubs import names_another
from twizzit_pipeline.plan.rows import LocalClub, LocalSeason, LocalTeam, Owner
from twizzit_pipeline.plan.teams import plan_teams

ELSEWHERE = [
    OTHER_CLUB,
    replace(OTHER_CLUB, organization_id=CLUB.organization_id, host="twizzit.evil.example"),
    replace(OTHER_CLUB, organization_id=CLUB.organization_id, host="twizzit.evil.example:8443"),
    replace(OTHER_CLUB, organization_id=None, dialect="v1"),
]
BARE: dict[str, Any] = {
    **OF_SHOTSPOTS_OWN,
    "last_values": None,
}


@pytest.fixture
def shotspot() -> MemoryShotSpot:
    """A club with two teams of the season and one of none, typed in by hand."""
    return MemoryShotSpot(
        clubs={1: LocalClub(1, "KC Duinen")},
        seasons={1: LocalSeason(1, "2026-2027", SEASON.start_date, SEASON.end_date)},
        teams={
            1: LocalTeam(1, 1, "Ploeg Één", None, None, 1, True, False),
            2: LocalTeam(2, 1, "U15", None, None, 1, True, False),
            3: LocalTeam(3, 1, "U17", None, None, None, True, False),
        },
    )


def test_an_empty_shotspot_gets_club_season_and_teams() -> None:
    shotspot = MemoryShotSpot()
    plan = sync(shotspot, team("1", "U15"), team("2", "U17"))
    assert [change.table for change in plan.changes] == ["seasons", "clubs", "teams", "teams"]
    assert plan.count("create") == 2
    assert {(t.name, t.club_id, t.season_id) for t in shotspot.teams.values()} == {("U15", 1, 1), ("U17", 1, 1)}
    assert shotspot.clubs[1].name == "KC Duinen"
    assert shotspot.seasons[1].name == "2026-2027"


def test_without_teams_no_club_and_no_season_is_made() -> None:
    assert plan_teams(MemoryShotSpot().team_state([])).changes == []


def test_a_team_is_found_by_its_name_without_accents_and_case(shotspot: MemoryShotSpot) -> None:
    plan = sync(shotspot, team("1", "ploeg een"))
    assert plan.count("link") == 1
    assert shotspot.team_mappings[1].local_id == 1
    assert shotspot.teams[1].name == "Ploeg Één", "at linking it is not known who is right: the local name stays"


def test_a_team_without_season_is_found_after_those_of_the_season(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("1", "U17"))
    assert shotspot.team_mappings[1].local_id == 3
    assert shotspot.teams[3].season_id == 1


def test_a_team_of_another_season_is_another_team(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("1", "U17"))
    shotspot.seasons[9] = LocalSeason(9, "2025-2026", OLDER.start_date, OLDER.end_date)
    shotspot.teams[40] = LocalTeam(40, 1, "U13", None, None, 9, True, False)
    assert sync(shotspot, team("1", "U17"), team("2", "U13")).count("create") == 1
    assert not any(mapping.local_id == 40 for mapping in shotspot.team_mappings.values())


def test_several_that_fit_are_reported_and_nothing_is_made(shotspot: MemoryShotSpot) -> None:
    shotspot.teams[4] = LocalTeam(4, 1, "U17", None, None, None, True, False)
    plan = sync(shotspot, team("1", "U17"))
    assert plan.failed == [Failed("1", "doubtful_link", (3, 4))]
    assert not shotspot.team_mappings


def test_two_remote_teams_never_share_a_local_one(shotspot: MemoryShotSpot) -> None:
    plan = sync(shotspot, team("1", "ploeg een"), team("2", "PLOEG ÉÉN"))
    assert {item.reason for item in plan.failed} == {"doubtful_link"}
    assert len(plan.failed) == 2


def test_of_two_new_teams_with_one_name_the_first_by_id_is_made() -> None:
    shotspot = MemoryShotSpot()
    plan = sync(shotspot, team("10", "U15"), team("9", "U15"))
    assert plan.failed == [Failed("10", "name_taken")]
    assert shotspot.team_mappings[1].twizzit_id == "9"


def test_only_what_twizzit_changed_is_written(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("1", "U15"))
    shotspot.teams[2] = replace(shotspot.teams[2], name="U15 (renamed by the coach)")
    assert sync(shotspot, team("1", "U15")).changes == []
    plan = sync(shotspot, team("1", "U15 A"))
    assert shotspot.teams[2].name == "U15 A"
    assert plan.changes[0].conflicts == ("name",)


def test_a_rename_to_a_name_that_is_taken_fails_and_is_tried_again(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("1", "U15"))
    plan = sync(shotspot, team("1", "Ploeg Één"))
    assert plan.failed == [Failed("1", "name_taken")]
    assert shotspot.teams[2].name == "U15"
    assert shotspot.team_mappings[1].sync_status == "failed"
    assert sync(shotspot, team("1", "Ploeg Één")).changes == []
    shotspot.teams[1] = replace(shotspot.teams[1], name="Something else")
    sync(shotspot, team("1", "Ploeg Één"))
    assert shotspot.teams[2].name == "Ploeg Één"
    assert shotspot.team_mappings[1].sync_status == "success"


def test_two_teams_can_swap_names(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("1", "U15"), team("2", "Ploeg Één"))
    plan = sync(shotspot, team("2", "U15"), team("1", "Ploeg Één"))
    assert not plan.failed
    assert (shotspot.teams[1].name, shotspot.teams[2].name) == ("U15", "Ploeg Één")


def test_a_team_of_a_federation_may_name_another_club() -> None:
    shotspot = MemoryShotSpot(federations={1})
    sync(shotspot, team("1", "U15"), team("2", "U15", "Boeckenberg KC"))
    assert {club.name for club in shotspot.clubs.values()} == {"KC Duinen", "Boeckenberg KC"}


def test_a_team_of_no_federation_may_not_name_another_club(shotspot: MemoryShotSpot) -> None:
    """Neither one that is there nor one that is not; the club's own teams come all the same."""
    shotspot.clubs[2] = LocalClub(2, "Boeckenberg KC")
    shotspot.teams[4] = LocalTeam(4, 2, "U15", None, None, 1, True, False)
    plan = sync(
        shotspot,
        team("1", "U15"),
        team("2", "U15", "Boeckenberg KC"),
        team("3", "U17", "KC Nergens"),
        team("4", "U19", "K.C. Duinen"),
    )
    assert plan.failed == [Failed("2", "names_another_club"), Failed("3", "names_another_club")]
    assert (plan.count("link"), plan.count("create"), plan.items) == (1, 1, 4)
    assert set(shotspot.clubs) == {1, 2}
    assert {one.local_id for one in shotspot.team_mappings.values()} == {2, 5}


def test_a_team_that_comes_to_name_another_club_changes_nothing_any_more(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("1", "U15"))
    before = dict(shotspot.teams), dict(shotspot.team_mappings)
    plan = sync(shotspot, team("1", "U16", "Boeckenberg KC"))
    assert plan.failed == [Failed("1", "names_another_club")]
    assert (shotspot.teams, shotspot.team_mappings) == before


@pytest.mark.parametrize("other", ELSEWHERE)
def test_a_club_that_another_organization_feeds_is_not_had_for_its_name(shotspot: MemoryShotSpot, other: Owner) -> None:
    """A server says itself what its organization is called."""
    sync(shotspot, team("1", "U15"))
    before = dict(shotspot.teams), dict(shotspot.team_mappings)
    claims = replace(other, organization_name="K.C. DUINEN vzw")
    plan = sync(shotspot, team("7", "Ploeg Één"), team("8", "U21"), owner=claims)
    assert [item.reason for item in plan.failed] == ["club_of_another_organization"] * 2
    assert (shotspot.teams, shotspot.team_mappings) == before

    said = sync(shotspot, team("7", "Ploeg Één"), team("8", "U21"), owner=replace(claims, club_id=1))
    assert (said.failed, said.count("link"), said.count("create")) == ([], 1, 1)
    assert sync(shotspot, team("1", "U15"), team("2", "U17")).failed == []  # who fed it first goes on
    assert sync(shotspot, team("7", "Ploeg Één"), owner=claims).failed == []  # and so does the other, once it does


@pytest.mark.parametrize("other", ELSEWHERE)
@pytest.mark.parametrize("rights", [{"is_federation": True}, {}])
def test_a_team_that_another_organization_brings_is_not_had_for_its_name(
    shotspot: MemoryShotSpot, other: Owner, rights: dict[str, bool]
) -> None:
    """Who may feed the club, a federation or because it was said, still does not get the team of another."""
    sync(shotspot, team("1", "U15"))
    said = replace(other, club_id=1)
    shotspot.federations = {said.credential_id} if rights else set()
    owner, club = (replace(other, club_id=None), "KC Duinen") if rights else (said, None)
    plan = sync(shotspot, team("7", "U15", club), team("8", "Ploeg Één", club), owner=owner)
    assert plan.failed == [Failed("7", "team_of_another_organization", (2,))]
    renamed = sync(shotspot, team("8", "U15", club), owner=owner)
    assert renamed.failed == [Failed("8", "team_of_another_organization", (2,))]
    own = sync(shotspot, team("9", "Ploeg Één", club), owner=owner)
    assert own.failed == [Failed("9", "name_taken")]  # its own


def test_a_second_credential_of_the_organization_feeds_the_same_club(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("1", "U15"))
    plan = sync(shotspot, team("2", "U21"), owner=replace(CLUB, credential_id=2))
    assert (plan.failed, plan.count("create")) == ([], 1)


def test_what_shotspots_own_integration_mapped_in_a_fed_club_is_not_had_for_its_name(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("1", "U15"), team("2", "Ploeg Één"))
    shotspot.team_mappings[2] = replace(shotspot.team_mappings[2], **BARE)
    claims = replace(OTHER_CLUB, organization_name="KC Duinen")
    assert sync(shotspot, team("2", "Ploeg Één"), owner=claims).failed == [Failed("2", "doubtful_link", (1,))]
    assert sync(shotspot, team("2", "Ploeg Één")).count("adopt") == 1


def test_a_renamed_organization_keeps_its_club(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("1", "U15"))
    sync(shotspot, team("1", "U15"), team("2", "U19"), owner=replace(CLUB, organization_name="KC De Duinen"))
    assert len(shotspot.clubs) == 1
    assert {t.club_id for t in shotspot.teams.values()} == {1}


def test_two_clubs_that_fit_make_the_team_doubtful(shotspot: MemoryShotSpot) -> None:
    shotspot.clubs = {1: LocalClub(1, "KC DUINEN"), 2: LocalClub(2, "KC Düinen")}
    assert plan_teams(shotspot.team_state([team("1", "U19")])).failed == [Failed("1", "club_doubtful")]


def test_the_season_is_found_by_its_dates() -> None:
    shotspot = MemoryShotSpot(seasons={7: LocalSeason(7, "Seizoen 26-27", SEASON.start_date, SEASON.end_date)})
    sync(shotspot, team("1", "U15"))
    assert shotspot.teams[1].season_id == 7


def test_an_id_of_another_active_credential_is_never_taken_over(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("1", "U15"))
    plan = sync(shotspot, team("1", "U15"), owner=replace(CLUB, credential_id=2))
    assert plan.failed == [Failed("1", "remote_id_taken", (2,))]
    assert shotspot.team_mappings[1].credential_id == CLUB.credential_id


@pytest.mark.parametrize("other", ELSEWHERE)
def test_the_same_id_means_another_team_elsewhere(shotspot: MemoryShotSpot, other: Owner) -> None:
    """Another organization, another host, another dialect: each has its own team of that id, and neither waits."""
    sync(shotspot, team("1", "U15"))
    before = shotspot.team_mappings[1], shotspot.teams[2]
    plan = sync(shotspot, team("1", "U19"), owner=other)
    assert (plan.count("create"), plan.failed) == (1, [])
    assert (shotspot.team_mappings[1], shotspot.teams[2]) == before
    assert sync(shotspot, team("1", "U19"), owner=other).changes == []
    assert sync(shotspot, team("1", "U15")).changes == []


def test_a_credential_whose_host_changed_uses_nothing_that_it_mapped(shotspot: MemoryShotSpot) -> None:
    """Another server may answer there: what was mapped fails until an administrator says that it is the same."""
    sync(shotspot, team("1", "U15"))
    before = dict(shotspot.team_mappings), dict(shotspot.teams)
    plan = sync(shotspot, team("1", "U15"), owner=replace(CLUB, host="elsewhere.example"))
    assert plan.failed == [Failed("1", "host_changed", (2,))]
    assert (shotspot.team_mappings, shotspot.teams) == before


@pytest.mark.parametrize(
    ("claimed", "adopted"),
    [({}, True), ({"organization_name": "Korfbal Leie"}, False), ({"organization_id": "11"}, False)],
)
def test_a_mapping_of_an_unknown_host_is_adopted_where_all_the_rest_agrees(
    shotspot: MemoryShotSpot, claimed: dict[str, Any], adopted: bool
) -> None:
    sync(shotspot, team("1", "U15"))
    shotspot.team_mappings[1] = replace(shotspot.team_mappings[1], credential_id=None, host=None)
    plan = sync(shotspot, team("1", "U15"), owner=replace(CLUB, credential_id=2, host="app.example", **claimed))
    assert plan.count("adopt") == adopted
    assert (shotspot.team_mappings[1].host == "app.example") is adopted


@pytest.mark.parametrize("gone", ["deleted", "inactive"])
def test_a_mapping_without_a_living_credential_is_adopted_by_its_organization_alone(
    shotspot: MemoryShotSpot, gone: str
) -> None:
    sync(shotspot, team("1", "U15"))
    if gone == "deleted":
        shotspot.team_mappings[1] = replace(shotspot.team_mappings[1], credential_id=None)
    shotspot.active.discard(CLUB.credential_id)
    for stranger in (
        OTHER_CLUB,
        replace(CLUB, credential_id=2, dialect="v1", organization_id=None),
        replace(CLUB, credential_id=2, host="elsewhere.example"),
    ):
        assert plan_teams(shotspot.team_state([team("1", "U15")], stranger)).count("adopt") == 0
    plan = sync(shotspot, team("1", "U15"), owner=replace(CLUB, credential_id=2))
    assert plan.count("adopt") == 1
    assert shotspot.team_mappings[1].credential_id == 2
    assert shotspot.team_mappings[1].local_id == 2


def test_a_mapping_that_shotspot_made_is_adopted_where_club_and_name_agree(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("1", "U15"))
    shotspot.team_mappings[1] = replace(shotspot.team_mappings[1], **BARE)
    assert plan_teams(shotspot.team_state([team("1", "U15")], OTHER_CLUB)).failed == [
        Failed("1", "doubtful_link", (2,))
    ]
    plan = sync(shotspot, team("1", "U15"))
    assert plan.count("adopt") == 1
    assert plan.warned == [Warned("1", "taken_over")]
    assert sync(shotspot, team("1", "U15")).warned == []


def test_a_mapping_that_shotspot_made_is_adopted_by_its_id_where_the_club_agrees(shotspot: MemoryShotSpot) -> None:
    """The id decides, the name only doubts: a team that was renamed in ShotSpot is still that team."""
    sync(shotspot, team("1", "U15"))
    shotspot.team_mappings[1] = replace(shotspot.team_mappings[1], **BARE)
    shotspot.teams[2] = replace(shotspot.teams[2], name="Miniemen")
    plan = sync(shotspot, team("1", "U15"))
    assert (plan.count("adopt"), plan.failed) == (1, [])
    assert plan.warned == [Warned("1", "taken_over_renamed")]
    assert shotspot.teams[2].name == "Miniemen", "it is not known who changed what: the name in ShotSpot stays"


def test_an_older_season_adds_its_teams_inactive_and_renames_nothing(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("1", "U15"))
    plan = sync(shotspot, team("1", "Old name"), team("7", "U13"), season=OLDER)
    assert shotspot.teams[2].name == "U15"
    assert plan.count("create") == 1
    assert shotspot.team_mappings[1].twizzit_name == "U15"
    added = shotspot.teams[max(shotspot.teams)]
    assert (added.name, added.is_active) == ("U13", False)
    assert added.season_id is not None
    assert shotspot.seasons[added.season_id].name == "2025-2026"


def test_v1_organizations_differ_by_name(shotspot: MemoryShotSpot) -> None:
    v1 = Owner(1, "v1", None, "KC Duinen", names_own_teams_alone=False)
    sync(shotspot, team("1", "U15"), owner=v1)
    shotspot.team_mappings[1] = replace(shotspot.team_mappings[1], credential_id=None)
    stranger = replace(v1, credential_id=2, organization_name="KC Leie")
    assert plan_teams(shotspot.team_state([team("1", "U15")], stranger)).count("adopt") == 0
    assert sync(shotspot, team("1", "U15"), owner=replace(v1, organization_name="kc duinen")).count("adopt") == 1


def test_where_none_is_listed_all_stay_and_that_is_said_each_time(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("20", "U15"), team("3", "U17"))
    before = dict(shotspot.teams)
    for _ in range(2):
        plan = sync(shotspot)
        assert plan.warned == [Warned("3", "none_listed"), Warned("20", "none_listed")]
        assert plan.changes == []
    assert shotspot.teams == before
    assert sync(shotspot, team("20", "U15")).warned == [], "one proves that the list is one"
    assert sync(shotspot, season=replace(SEASON, label="2027-2028")).warned == [], "a season that has none yet"
    assert sync(shotspot, season=replace(SEASON, decides=False)).warned == []
    assert sync(shotspot, owner=OTHER_CLUB).warned == []


def test_a_past_season_changes_its_own_teams(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("7", "U13"), season=OLDER)
    sync(shotspot, team("7", "U14"), season=OLDER)
    assert shotspot.teams[max(shotspot.teams)].name == "U14"


def test_a_team_whose_season_was_emptied_gets_it_again(shotspot: MemoryShotSpot) -> None:
    sync(shotspot, team("1", "U15"))
    shotspot.teams[2] = replace(shotspot.teams[2], season_id=None)
    sync(shotspot, team("1", "U15"))
    assert shotspot.teams[2].season_id == 1


@pytest.mark.parametrize(
    ("club_name", "club_id", "rights", "another"),
    [
        (None, 9, {}, False),
        ("K.C. Duinen", 9, {}, False),
        ("KC Leie", 9, {}, True),
        ("KC Leie", None, {}, True),
        ("KC Leie", 9, {"is_federation": True}, False),
        ("KC Leie", 9, {"home": frozenset({9})}, False),  # the club has that name in ShotSpot
        ("KC Leie", 9, {"said": 9}, False),
        ("KC Leie", None, {"home": frozenset({9}), "said": 9}, True),
    ],
)
def test_whether_a_team_names_another_club_than_its_organization(
    club_name: str | None, club_id: int | None, rights: dict[str, Any], another: bool
) -> None:
    assert names_another(club_name, club_id, CLUB, ClubRights(**rights)) is another

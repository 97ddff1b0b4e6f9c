"""Who plays whom, and where, by an event's name and its groups: as they are written by hand, in all their shapes."""

import pytest

from twizzit_pipeline.twizzit.records import Side
from twizzit_pipeline.twizzit.v2.event_groups import EventGroup, EventGroups, event_groups, own_ids, split_groups
from twizzit_pipeline.twizzit.v2.event_marks import without_marks
from twizzit_pipeline.twizzit.v2.event_names import sides_of
from twizzit_pipeline.twizzit.v2.own_names import Fit, OwnNames
from twizzit_pipeline.words.meanings import NOTHING_SAID, Meanings

CLUB = OwnNames("KC Éénhoorn")
OWN, ZAND = "KC Éénhoorn U15 1", "AKC Zand"


def u15(*, is_home: bool | None, number: int = 1) -> EventGroup:
    return EventGroup(str(9 + number), f"U15 {number}", f"U15-{number}", is_home)


def read(name: str, *own: EventGroup, others: tuple[EventGroup, ...] = ()) -> tuple[Side, Side]:
    bare, _ = without_marks(name, NOTHING_SAID)
    return sides_of(bare, EventGroups(own, others), CLUB)


AT_HOME = [
    (f"{OWN} - {ZAND}", ZAND),
    (f"{OWN} vs {ZAND}", ZAND),
    (f"{OWN} VS. {ZAND}", ZAND),
    (f"{OWN} v. {ZAND}", ZAND),
    (f"{OWN} tegen {ZAND}", ZAND),
    (f"{OWN} contre {ZAND}", ZAND),
    (f"{OWN} – {ZAND}", ZAND),
    (f"{OWN} / {ZAND}", ZAND),
    (f"{OWN}/{ZAND}", ZAND),
    (f"{OWN}-{ZAND}", ZAND),
    (f"{OWN}- {ZAND}", ZAND),
    (f"{ZAND} @ {OWN}", ZAND),
    (f"{OWN} - Sint-Jozef - Polder", "Sint-Jozef - Polder"),
    (f"{OWN} - Pont-à-Saules", "Pont-à-Saules"),
    (f"{OWN}-Pont-à-Saules", "Pont-à-Saules"),
    (f"{OWN} vs Sint-Jozef - Polder", "Sint-Jozef - Polder"),
    ("U15 1-Sint-Jozef Polder", "Sint-Jozef Polder"),
    ("Éénhoorn U15 1 - Sint-Jozef Polder", "Sint-Jozef Polder"),
    ("KC Eenhoorn - Sint-Jozef Polder", "Sint-Jozef Polder"),
    (f"U15: {OWN} - {ZAND}", ZAND),
    (f"Competitie: {OWN} - {ZAND}", ZAND),
    (f"Competitie - {OWN} - {ZAND}", ZAND),
    (f"U15 - {OWN} - {ZAND}", ZAND),
    (f"Tornooi Mol - {OWN} - {ZAND}", ZAND),
    (f"{OWN} - {ZAND} (afgelast)", ZAND),
    (f"{OWN} - {ZAND} [forfait]", ZAND),
    (f"{OWN} - {ZAND} - uitgesteld", ZAND),
    (f"{OWN} - {ZAND} (beker)", ZAND),
    (f"{OWN} - {ZAND} 12-9", ZAND),
    (f"{OWN} - {ZAND}: 12 - 9", ZAND),
    (f"15:00 {OWN} - {ZAND}", ZAND),
    (f"{OWN} - {ZAND} 15:00", ZAND),
    (f"{OWN} - {ZAND}, 15u30", ZAND),
    (f"{OWN} - {ZAND} - Sporthal Noord", ZAND),
    (f"{OWN} : {ZAND}", ZAND),
    (f"{OWN} | {ZAND}", ZAND),
    (f"{OWN} <> {ZAND}", ZAND),
    (f"{OWN} → {ZAND}", ZAND),
    (f"{OWN}, {ZAND}", ZAND),
    (f"{OWN}  Sint-Jozef", "Sint-Jozef"),
    (f"{OWN} {ZAND}", ZAND),
    (f"{OWN} ontvangt {ZAND}", ZAND),
    (f"{ZAND} (thuis)", ZAND),
    ("Sint-Jozef (thuis)", "Sint-Jozef"),
    ("Ploeg A - AKC Eenhoorn 2", "AKC Eenhoorn 2"),  # the club's name is part of another's
    (f"Thuis tegen {ZAND}", ZAND),
    (f"Thuis: {ZAND}", ZAND),
    (f"Wedstrijd tegen {ZAND}", ZAND),
    ("Iemand - Anders", "Anders"),
    (f"{OWN} - ???", "???"),
    (f"{OWN} - ", "-"),
    ("U15 1 vrij", "U15 1 vrij"),
    ("Bye", "Bye"),
    (f"{OWN} tegen Winnaar poule A", "Winnaar poule A"),
]
NO_OPPONENT = [
    "Tornooi KC X",
    "Tornooi KC X - Poule A",
    "Paastornooi",
    "U15-tornooi",
    "Iemand - Anders - Helemaal",
    "Pont-à-Saules",
    "Vergadering bestuur",
    "U15 1 (thuis)",
    "Thuis: U15 1",
    f"{OWN} bowling",
    "Beker van België",
    "",
]


@pytest.mark.parametrize(("name", "opponent"), AT_HOME)
def test_the_own_team_is_at_home_and_the_rest_is_the_opponent(name: str, opponent: str) -> None:
    home, away = read(name, u15(is_home=True))
    assert (home.team_id, away) == ("10", Side(None, opponent))


@pytest.mark.parametrize("name", NO_OPPONENT)
def test_where_nothing_names_an_opponent_there_is_none(name: str) -> None:
    home, away = read(name, u15(is_home=True))
    assert (home, away) == (Side("10", "U15 1"), Side(None, None))


@pytest.mark.parametrize("is_home", [False, None])
@pytest.mark.parametrize(
    "name",
    [
        f"{ZAND} - {OWN}",
        f"{ZAND}-{OWN}",
        f"{ZAND} vs {OWN}",
        f"{ZAND} - U15 1",
        f"{OWN} @ {ZAND}",
        f"Competitie - {ZAND} - {OWN}",
        f"Tornooi Mol - {ZAND} - {OWN}",
        f"Uit: {ZAND}",
        f"{ZAND} (uit)",
        f"{ZAND} (op verplaatsing)",
        f"{OWN} bij {ZAND}",
        f"{ZAND} {OWN}",
        f"Uit naar {ZAND}",
        f"@ {ZAND}",
    ],
)
def test_the_own_team_is_away_by_flag_or_by_name(name: str, is_home: bool | None) -> None:
    home, away = read(name, u15(is_home=is_home))
    assert (home, away.team_id) == (Side(None, ZAND), "10")


def test_a_label_stands_for_the_own_team_wherever_it_plays() -> None:
    for name in (f"Wedstrijd - {ZAND}", f"{ZAND} - Beker"):
        assert read(name, u15(is_home=False)) == (Side(None, ZAND), Side("10", "U15 1"))
        assert read(name, u15(is_home=True)) == (Side("10", "U15 1"), Side(None, ZAND))


def test_the_name_decides_where_the_flag_contradicts_it_but_for_an_at_sign() -> None:
    home, away = read(f"{ZAND} - {OWN}", u15(is_home=True))
    assert (home, away) == (Side(None, ZAND), Side("10", OWN))
    home, away = read(f"{OWN} @ {ZAND}", u15(is_home=True))
    assert (home, away) == (Side("10", OWN), Side(None, ZAND))
    assert read(f"Iemand @ {ZAND}", u15(is_home=None)) == (Side("10", ZAND), Side(None, "Iemand"))


def test_the_opponents_own_group_says_what_the_name_does_not() -> None:
    zand = EventGroup("99", "AKC Zand U15 2", "", None)
    own = u15(is_home=None)
    assert read("", own, others=(zand,)) == (Side("10", "U15 1"), Side(None, "AKC Zand U15 2"))
    home, away = read("AKC Zand U15 2 - Iets - Anders", own, others=(zand,))
    assert (home, away) == (Side(None, "AKC Zand U15 2"), Side("10", "Iets - Anders"))
    at_home = EventGroup("99", "AKC Zand U15 2", "", is_home=True)
    assert read("Iemand - Anders", own, others=(at_home,)) == (Side(None, "Iemand"), Side("10", "Anders"))


@pytest.mark.parametrize(
    ("name", "flags", "home", "away"),
    [
        (f"{OWN} - KC Éénhoorn U15 2", (True, False), "10", "11"),
        ("KC Éénhoorn U15 2 - KC Éénhoorn U15 1", (None, None), "11", "10"),
        ("U15 2-U15 1", (None, None), "11", "10"),
        ("", (False, True), "11", "10"),
        ("", (None, None), "10", "11"),
        ("Derby", (None, False), "10", "11"),
        ("KC Éénhoorn U15 2 @ KC Éénhoorn U15 1", (None, None), "10", "11"),
    ],
)
def test_two_own_teams_against_each_other(
    name: str, flags: tuple[bool | None, bool | None], home: str, away: str
) -> None:
    sides = read(name, u15(is_home=flags[0]), u15(is_home=flags[1], number=2))
    assert tuple(side.team_id for side in sides) == (home, away)


@pytest.mark.parametrize("name", ["KC Éénhoorn - KC Eenhoorn", "U15 - U15"])
def test_two_own_teams_are_no_one_team_though_the_name_calls_them_alike(name: str) -> None:
    sides = read(name, u15(is_home=False), u15(is_home=True, number=2))
    assert sides == (Side("11", "U15 2"), Side("10", "U15 1"))


def test_of_several_own_teams_the_one_plays_that_is_named() -> None:
    both = (u15(is_home=None), u15(is_home=None, number=2))
    assert read(f"KC Éénhoorn U15 2 - {ZAND}", *both) == (Side("11", "KC Éénhoorn U15 2"), Side(None, ZAND))
    together = (u15(is_home=True), u15(is_home=True, number=2))
    home, away = read(f"KC Éénhoorn - {ZAND}", *together)
    assert (home, away) == (Side(None, "KC Éénhoorn"), Side(None, ZAND))


@pytest.mark.parametrize(
    ("name", "bare", "status"),
    [
        (f"{OWN} - {ZAND} (FF)", f"{OWN} - {ZAND}", "forfeit"),
        (f"{OWN} - {ZAND} U15 1 FF", f"{OWN} - {ZAND} U15 1", "forfeit"),
        (f"{OWN} - {ZAND} U15 2 afg.", f"{OWN} - {ZAND} U15 2", "cancelled"),
        (f"{OWN} - {ZAND} U15 1 wo", f"{OWN} - {ZAND} U15 1 wo", None),  # Wednesday, for all that is known
        (f"{OWN} - {ZAND} FF", f"{OWN} - {ZAND} FF", None),
        (f"GESTAAKT: {OWN} - {ZAND}", f"{OWN} - {ZAND}", "abandoned"),
        (f"{OWN} - {ZAND} reporté", f"{OWN} - {ZAND}", "to_reschedule"),
        (f"{OWN} - {ZAND} !! afgelast !!", f"{OWN} - {ZAND}", "cancelled"),
        (f"{OWN} - {ZAND} uitgesteld wegens regen", f"{OWN} - {ZAND}", "to_reschedule"),
        (f"{OWN} - {ZAND} reporté au 12/12", f"{OWN} - {ZAND}", "to_reschedule"),
        (f"{OWN} - {ZAND} verplaatst naar 12/12", f"{OWN} - {ZAND}", None),  # it has its place
        (f"{OWN} - Pont à Celles", f"{OWN} - Pont à Celles", None),
        (f"FF Jette - {OWN}", f"FF Jette - {OWN}", None),
        ("U15 1 (A) - AKC Zand", "U15 1 (A) - AKC Zand", None),
    ],
)
def test_marks_are_taken_off_a_name(name: str, bare: str, status: str | None) -> None:
    assert without_marks(name, NOTHING_SAID) == (bare, status)


def test_what_the_configuration_says_of_a_mark_decides() -> None:
    meanings = Meanings(statuses={"gestaakt": "completed", "1": "cancelled"})
    assert without_marks(f"{OWN} - {ZAND} (gestaakt)", meanings) == (f"{OWN} - {ZAND}", "completed")
    assert without_marks(f"{ZAND} - U15 1", meanings) == (f"{ZAND} - U15 1", None)


ROW = {"id": 10, "name": "U15 1", "flag": True}


@pytest.mark.parametrize(
    "value",
    [
        [{"groupId": 10, "groupName": "U15 1", "groupShortName": "U15", "isHomeTeam": True}],
        [{"groupid": 10, "groupname": "U15 1", "groupshortname": "U15", "ishometeam": "true"}],
        [{"group-id": "10", "group-name": "U15 1", "group-short-name": "U15", "is-home-team": 1}],
        [{"group_id": 10, "group_name": "U15 1", "group_short_name": "U15", "is_home_team": "1"}],
        {"0": {"group-id": 10, "group-name": "U15 1", "group-short-name": "U15", "is-home-team": "yes"}},
        {"4": {"group": {"id": 10, "name": "U15 1", "short-name": "U15"}, "isHomeTeam": "True"}},
        {"groupId": 10, "groupName": "U15 1", "groupShortName": "U15", "isHomeTeam": True},
    ],
)
def test_groups_come_in_many_shapes(value: object) -> None:
    assert event_groups({"eventgroups": value}) == (EventGroup("10", "U15 1", "U15", True),)


@pytest.mark.parametrize(
    ("said", "flag"),
    [(False, False), (0, False), ("0", False), ("false", False), ("no", False), ("", None), (None, None), ("?", None)],
)
def test_a_flag_comes_in_many_shapes(said: object, flag: bool | None) -> None:
    assert event_groups({"eventgroups": [{"groupId": 1, "isHomeTeam": said}]})[0].is_home is flag


def test_a_group_listed_twice_is_one_and_no_groups_are_none() -> None:
    twice = [{"groupId": 1, "isHomeTeam": True}, {"groupId": 1, "isHomeTeam": False}]
    assert event_groups({"eventgroups": twice}) == (EventGroup("1", "", "", None),)
    assert event_groups({"eventgroups": None}) == ()
    assert event_groups({}) == ()


def test_a_group_that_is_none_of_the_accounts_is_an_opponent() -> None:
    own, other = EventGroup("1", "A", "", None), EventGroup("2", "B", "", None)
    asked: list[int] = []

    def ask() -> list[list[str]] | None:
        asked.append(1)
        return [["1"], ["5", "2"]]

    assert own_ids([(own,)], None, ask) is None  # not known, and not needed
    assert own_ids([(own,)], {"1"}, ask) == {"1": "1"}
    assert not asked
    assert own_ids([(own, other)], {"1"}, lambda: [["1"]]) == {"1": "1"}
    # the lasting group beside the id of its relation: the team is the one that was scanned
    assert own_ids([(own, other)], {"1", "5"}, ask) == {"1": "1", "5": "5", "2": "5"}
    assert len(asked) == 1
    assert own_ids([(own, other)], {"1"}, lambda: None) == {"1": "1"}
    split = split_groups((other, own), {"1": "7"})
    assert ([one.id for one in split.own], split.others, split.own_first) == (["7"], (other,), False)


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("KC Eenhoorn U15-1", Fit.CLUB_AND_TEAM),
        ("U15 1 Éénhoorn", Fit.CLUB_AND_TEAM),
        ("u15 1", Fit.TEAM),
        ("Éénhoorn", Fit.CLUB),
        ("Sporthal KC Éénhoorn", Fit.SAYS_CLUB),
        ("AKC Zand U15 1", Fit.ENDS_ALIKE),
        ("AKC Zand", Fit.NONE),
        ("Éénhoornen", Fit.NONE),
    ],
)
def test_how_well_a_text_fits_the_own_team(text: str, fit: Fit) -> None:
    assert CLUB.fit(text, u15(is_home=None)) is fit


@pytest.mark.parametrize(
    ("name", "rest"),
    [("U15 1 vrij", "U15 1 vrij"), ("Bye", "Bye"), ("U15 1 ???", "???"), ("U15 1 2", None), ("", None)],
)
def test_what_a_name_says_instead_of_an_opponent(name: str, rest: str | None) -> None:
    assert CLUB.rest_without_a_team(name, u15(is_home=None)) == rest

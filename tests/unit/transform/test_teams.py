"""Teams' records into the frame."""

import pandas as pd
import pytest

from twizzit_pipeline.contracts.teams import check_teams
from twizzit_pipeline.transform.teams import age_group, team_gender, teams_frame
from twizzit_pipeline.twizzit.records import Team

COLUMNS = ["twizzit_team_id", "name", "short_name", "club_id", "club_name", "age_group", "gender"]


def test_the_frame_has_its_columns_and_types_with_rows_and_without() -> None:
    for teams in ([], [Team(id="1", name="KCC 1")], [Team(id=None, name=None)]):
        frame = teams_frame(teams)
        assert list(frame.columns) == COLUMNS
        assert {str(dtype) for dtype in frame.dtypes} == {"str"}
        assert len(frame) == len(teams)


def test_records_become_rows_in_order() -> None:
    frame = teams_frame(
        [
            Team(id=" 1", name="KCC\x00  U15 ", short_name="U15", club_id="9", club_name=" Kwik ", category="Jeugd"),
            Team(id="2", name="KCC 2", category="Dames"),
            Team(id=None, name=" "),
        ]
    )
    expected = pd.DataFrame(
        [
            ["1", "KCC U15", "U15", "9", "Kwik", "U15", None],
            ["2", "KCC 2", None, None, None, None, "female"],
            [None] * 7,
        ],
        columns=COLUMNS,
    ).astype("str")
    pd.testing.assert_frame_equal(frame, expected)


def test_the_contract_takes_the_frame_as_it_is() -> None:
    checked = check_teams(teams_frame([Team(id="1", name="KCC Welpen 2"), Team(id="2", name=None)]))
    assert checked.valid["age_group"].tolist() == ["Welpen"]
    assert [one.rule for one in checked.rejected] == ["name_present"]
    assert check_teams(teams_frame([])).valid.empty


@pytest.mark.parametrize(
    ("name", "category", "expected"),
    [
        ("KCC U15", None, "U15"),
        ("KCC u-15 B", None, "U15"),
        ("U 9", None, "U9"),
        ("U15-1", None, "U15"),
        ("KCC -13", None, "U13"),
        ("-13 A", None, "U13"),
        ("Onder 11", None, "U11"),
        ("Moins de 17 ans", None, "U17"),
        ("KCC Welpen 2", None, "Welpen"),
        ("pupillen", None, "Pupillen"),
        ("Kadetten A", None, "Cadetten"),
        ("Cadets", None, "Cadetten"),
        ("Aspiranten", None, "Aspiranten"),
        ("Scholieren 1", None, "Scholieren"),
        ("Miniemen", None, "Miniemen"),
        ("Juniores", None, "Junioren"),
        ("KCC Séniors", None, "Senior"),
        ("Kangoeroes", None, "Kangoeroes"),
        ("KCC 1", "U17", "U17"),
        ("KCC U15", "Senioren", "U15"),
        ("U13/U15", "U15", None),
        ("U15/17", None, None),
        ("U15 Cadetten", None, None),
        ("KCC Antwerpen - 2", None, None),
        ("KCC Antwerpen -2", None, None),
        ("Seizoen 2010-15", None, None),
        ("KCC 15", None, None),
        ("Kwik U2", None, None),
        ("AKC Luma 1", None, None),
        ("Welpenhof", None, None),
        (None, None, None),
        (None, "U19", "U19"),
    ],
)
def test_an_age_group_is_read_where_it_is_plainly_named(
    name: str | None, category: str | None, expected: str | None
) -> None:
    assert age_group(name, category) == expected


@pytest.mark.parametrize(
    ("name", "category", "expected"),
    [
        ("Dames 1", None, "female"),
        ("KCC Meisjes U15", None, "female"),
        ("Filles", None, "female"),
        ("HEREN 2", None, "male"),
        ("Jongens", None, "male"),
        ("Garçons U13", None, "male"),
        ("Gemengd", None, "mixed"),
        ("Équipe mixte", None, "mixed"),
        ("KCC 1", "Heren", "male"),
        ("Dames en heren", None, None),
        ("Herentals 1", None, None),
        ("Racing Boys", None, None),
        ("KCC U15", None, None),
        (None, None, None),
    ],
)
def test_a_gender_is_read_where_a_word_says_it(name: str | None, category: str | None, expected: str | None) -> None:
    assert team_gender(name, category) == expected


@pytest.mark.parametrize(("name", "age"), [("U4", None), ("U5", "U5"), ("U23", "U23"), ("U24", None)])
def test_ages_that_korfball_has(name: str, age: str | None) -> None:
    assert age_group(name) == age


def test_a_teams_name_says_more_than_its_category() -> None:
    frame = teams_frame([Team(id="1", name="Dames U15", category="Heren U17"), Team(id="2", name="A", category="U17")])
    assert frame["age_group"].tolist() == ["U15", "U17"]
    assert frame["gender"][0] == "female"

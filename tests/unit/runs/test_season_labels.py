"""One rule for labels: `verify`, syncs, the command line, the API, the table and the partitions judge a label alike."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twizzit_pipeline.http_api.sync_bodies import SeasonSync
from twizzit_pipeline.orchestration.partitions import CredentialSeason, parse, partition_keys
from twizzit_pipeline.runs.seasons import as_keys, called, listed, meant, of_rows
from twizzit_pipeline.twizzit.records import Season
from twizzit_pipeline.twizzit.v2.seasons import season_of_row
from twizzit_pipeline.words.seasons import LONGEST, canonical, label_of, usable

START, END = date(2026, 7, 1), date(2027, 6, 30)
SIXTY = "Competitie van de jeugd in de zaal en op het veld, 2026-2027"
LABELS = {
    "2026-2027": "2026-2027",
    "Saison\u00a02026\u00a0–\u00a02027": "2026-2027",
    "\u00a0Indoor\u00a02026-2027\u00a0": "Indoor 2026-2027",
    "\u202fSalle\u202f2026-2027": "Salle 2026-2027",
    "2026\t2027": "2026-2027",
    "Indoor\t2026-2027\n": "Indoor 2026-2027",
    "26|27": "2026-2027",
    "Indoor|2026-2027": "Indoor-2026-2027",
    "Zaal, 2026-2027": "Zaal- 2026-2027",
    "Zaal, veld": "Zaal- veld",
    "Zaal [jeugd]": "Zaal -jeugd-",
    "Zaal...": "Zaal-",
    "Zaal \U0001f3d0": "Zaal -",
    "  Zaal   veld ": "Zaal veld",
    "x" * 60: "x" * 50,
    SIXTY: "Competitie van de jeugd in de zaal en op het veld-",
    "Z" + "a\u0308" * 49: "Z" + "\u00e4" * 49,
}
SIGNS = ["|", "||", " | ", "-", "–", "/", "[]", ",", "…", "?!", "\u26bd", "\U0001f3d0"]
NOTHING = ["", " ", "\u00a0", "\t", "\u200b", "\ufeff\u2060", *SIGNS]


@pytest.mark.parametrize(("label", "here"), LABELS.items())
def test_all_judge_a_label_alike(label: str, here: str) -> None:
    """What `verify` calls the season is a partition, and the label as Twizzit writes it means that row."""
    (season,) = listed([Season("7", label, START, END)], day=START, season_start="07-01")
    assert season.label == label_of(label) == here
    assert usable(season.label)
    assert len(season.label) <= LONGEST

    assert partition_keys({1: "1-kc-duinen"}, {1: [here]}).seasons == (here,)
    assert parse(str(CredentialSeason("1-kc-duinen", here).key)).season == here

    rows = of_rows([(3, here, "7", START, END, None), (4, "2020-2021", "8", None, None, None)], "07-01")
    by_api = SeasonSync.model_validate({"seasonId": label}).season_id
    for asked in (label, by_api, here, f" {label} "):
        assert asked is not None
        found = meant(rows, asked)
        assert found is not None
        assert found.id == 3
        assert called(asked, [row.label for row in rows]) == here
        assert called(asked, ()) == here, "where no season is known yet"


@pytest.mark.parametrize("label", [label for label in LABELS if len(label) <= LONGEST])
def test_a_label_that_is_stored_as_twizzit_writes_it_is_synced(label: str) -> None:
    """A label that an earlier version, or another program, left in the table."""
    (row,) = of_rows([(3, label, "7", START, END, None)], "07-01")
    assert usable(row.label)
    assert as_keys([label]) == [row.label]
    assert row.label == (label if usable(label) else label_of(label))
    assert partition_keys({1: "1-kc-duinen"}, {1: as_keys([label])}).seasons == (row.label,)


@pytest.mark.parametrize("label", NOTHING)
def test_what_leaves_nothing_is_no_label(label: str) -> None:
    assert label_of(label) is None
    assert not usable(label) or label in SIGNS, "an earlier version may have stored it"
    assert called(label, ["2026-2027"]) == called(label, ()) == ""
    assert meant(of_rows([(3, "2026-2027", "7", START, END, None)], "07-01"), label) is None
    assert season_of_row({"id": 7, "name": label}) is None
    named_by_dates = season_of_row({"id": 7, "name": label, "startdate": "2026-07-01", "enddate": "2027-06-30"})
    assert named_by_dates is not None
    assert named_by_dates.label == "2026-2027"
    try:
        sent = SeasonSync.model_validate({"seasonId": label}).season_id
    except ValidationError:
        return
    assert sent is not None
    assert label_of(sent) is None


@pytest.mark.parametrize("label", [*SIGNS, "-" * 60 + "indoor"])
def test_a_season_called_by_signs_alone_gets_its_days_or_its_id(label: str) -> None:
    named = [Season("7", label, START, END), Season("8", label, None, None)]
    found = listed(named, day=START, season_start="07-01")
    assert {season.id: season.label for season in found} == {"7": "2026-2027", "8": "8"}


def test_two_labels_that_begin_alike_are_never_taken_for_each_other() -> None:
    long = ["x" * 60 + "a", "x" * 60 + "b"]
    seasons = listed([Season(str(i), one, START, END) for i, one in enumerate(long)], day=START, season_start="07-01")
    labels = [season.label for season in seasons]
    assert len(set(labels)) == 2
    assert [called(one, labels) in labels for one in long] == [False, False], "it is not clear which is meant"
    assert [called(one, labels) for one in labels] == labels


def test_a_stored_label_is_no_key_where_another_season_is_called_so() -> None:
    odd = "Saison\u00a02026-2027"
    assert as_keys([odd, "2026-2027"]) == [odd, "2026-2027"]
    assert as_keys([odd, "2026|2027"]) == [odd, "2026|2027"]
    assert as_keys(["Indoor 2026-2027", "Saison 2026-2027"]) == ["Indoor 2026-2027", "Saison 2026-2027"]


@given(st.text(max_size=120))
def test_a_label_that_is_made_can_be_a_key_and_stays_what_it_is(label: str) -> None:
    found = label_of(label)
    if found is None:
        assert not canonical(label)
    else:
        assert usable(found)
        assert found in (called(label, [found]), called(found, [found]))
        assert as_keys([found]) == [found]


@pytest.mark.parametrize(("end", "label"), [("2026-12-31", "2026"), ("2027-06-30", "2026-2027")])
def test_a_season_without_a_name_is_called_by_its_years(end: str, label: str) -> None:
    season = season_of_row({"id": 7, "startdate": "2026-01-01", "enddate": end})
    assert season is not None
    assert season.label == label

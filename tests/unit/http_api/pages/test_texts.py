"""The catalogues: each text in each language, with the same values in it, and each one used."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from twizzit_pipeline import errors
from twizzit_pipeline.decisions.values import Kind
from twizzit_pipeline.entities import ENTITIES, WRITTEN_TABLES
from twizzit_pipeline.http_api import pages
from twizzit_pipeline.http_api.pages import texts as texts_module
from twizzit_pipeline.http_api.pages.texts import LANGUAGES, texts_of, wanted
from twizzit_pipeline.http_api.pages.values import UNSHOWN
from twizzit_pipeline.plan import QuestionKind
from twizzit_pipeline.policies import POLICIES
from twizzit_pipeline.queries import later
from twizzit_pipeline.queries.credential_state import CredentialState
from twizzit_pipeline.queries.registrations import REASONS as REGISTERED
from twizzit_pipeline.runs import asides, sentences
from twizzit_pipeline.runs.details import NO_SYNCS
from twizzit_pipeline.runs.plans import Reason
from twizzit_pipeline.scheduling.policies import FIELDS
from twizzit_pipeline.storage.tables import metadata
from twizzit_pipeline.sync.preview.document import WHY
from twizzit_pipeline.undo.following import FOLLOW_KINDS
from twizzit_pipeline.undo.rows import REASONS as LEFT
from twizzit_pipeline.undo.rows import StepKind

ROOM = Path(next(iter(pages.__path__)))
SOURCES = {path.name: path.read_text(encoding="utf-8") for path in [*ROOM.glob("*.py"), *ROOM.glob("templates/*.html")]}
ENGLISH = texts_of("en").texts
# Said with a key that a program puts together; what belongs under each is held by the tests below.
PUT_TOGETHER = (
    "sync.title_",
    "syncs.decision",
    "syncs.undo",
    "undo.follows",
    "undo.look_",
    "undo.title.",
    "action",
    "column",
    "dates",
    "decided",
    "departures",
    "entity",
    "error",
    "kind",
    "later",
    "left",
    "link.as_",
    "meaning",
    "nav",
    "one.",
    "plan_action",
    "preview.reason",
    "progress.queued",
    "progress.started",
    "reason",
    "registered",
    "settings.auto_",
    "settings.own.",
    "settings.policy",
    "settings.review",
    "settings.sync_",
    "settings.units",
    "settings.wrong",
    "state",
    "status",
    "step",
    "table",
    "takes",
    "team.may",
    "values",
    "waiting",
    "why",
)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_is_there_in_each_language(language: str) -> None:
    texts = texts_of(language).texts
    assert sorted(texts) == sorted(ENGLISH)
    assert [key for key, text in texts.items() if not text.strip()] == []
    assert {key: placeholders(text) for key, text in texts.items()} == {
        key: placeholders(text) for key, text in ENGLISH.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_seven_days_and_twelve_months(language: str) -> None:
    texts = texts_of(language)
    assert (len(texts("dates.weekdays").split()), len(texts("dates.months").split())) == (7, 12)


@pytest.mark.parametrize("entity", ENTITIES)
def test_what_is_said_of_one_entity_is_in_its_file_in_each_language(entity: str) -> None:
    """So another entity, or another field, touches one catalogue; and no file says what a language's says already."""
    said = tomllib.loads((ROOM / "texts" / f"{entity}.toml").read_text(encoding="utf-8"))
    texts = {key: text for part in said.values() for key, text in part.items()}
    assert {key for key, text in texts.items() if set(text) != set(LANGUAGES)} == set()
    assert set(said["words"]) == {"one", "several"}
    for language in LANGUAGES:
        general = tomllib.loads((ROOM / "texts" / f"{language}.toml").read_text(encoding="utf-8"))
        assert [key for part in said for key in said[part] if key in general.get(part, ())] == []


def test_no_sentence_was_forgotten_in_english() -> None:
    """Words that are the same in two languages are few: names, numbers, and some nouns."""
    sentences_ = {key for key, text in ENGLISH.items() if len(text.split()) > 3}
    for language in set(LANGUAGES) - {"en"}:
        texts = texts_of(language).texts
        assert {key for key in sentences_ if texts[key] == ENGLISH[key]} <= {"dates.months"}


def named(pattern: str) -> set[str]:
    return {key for source in SOURCES.values() for key in re.findall(pattern, source)}


def test_each_key_that_is_named_is_there() -> None:
    plain = named(r"""\b(?:t|texts|visit\.texts)\(\s*"([a-z_.A-Z]+)"\s*[,)]""")
    counted = named(r"""\b(?:n|count)\(\s*"([a-z_.]+)"\s*,""")
    raised = named(r"""Refusal\(\d+, "([a-z_.]+)"\)""") | named(r'said = "([a-z_.]+)"')
    assert len(plain) > 60
    assert (plain | raised) - set(ENGLISH) == set()
    assert {f"{key}.{form}" for key in counted for form in ("one", "other")} - set(ENGLISH) == set()


def test_each_text_is_used() -> None:
    everything = "\n".join(SOURCES.values())
    unused = [
        key
        for key in ENGLISH
        if not key.startswith(PUT_TOGETHER) and f'"{key.removesuffix(".one").removesuffix(".other")}"' not in everything
    ]
    assert unused == []


def keys(before: str, names: Iterable[str]) -> set[str]:
    return {f"{before}.{name}" for name in names}


def test_every_word_of_a_closed_set_has_its_text() -> None:
    wanted_ = keys("state", CredentialState) | keys("meaning", CredentialState) | keys("registered", REGISTERED)
    wanted_ |= keys("later", (kind.replace(" ", "_") for kind in later.WORDS)) | keys("entity", ENTITIES)
    wanted_ |= keys("kind", sentences.KINDS)
    wanted_ |= keys("status", ("in_progress", "success", "partial_success", "failed", "skipped"))
    wanted_ |= keys("progress", ("queued", "started"))
    wanted_ |= keys("action", ("create", "link", "adopt", "update", "repair", "mark"))
    wanted_ |= keys("values", ("scheduled", "to_reschedule", "in_progress", "completed", "cancelled", "upcoming"))
    wanted_ |= keys("values", ("male", "female", "mixed", "league", "tournament", "club", "team"))
    wanted_ |= keys("left", LEFT) | keys("step", get_args(StepKind)) | keys("undo.follows", FOLLOW_KINDS)
    wanted_ |= keys("undo.title", ("sync", *NO_SYNCS))
    wanted_ |= keys("one", ENTITIES)
    wanted_ |= keys("departures.kind", ("no_team", "gone", "unproved"))
    wanted_ |= keys("departures.status", ("waiting", "held", "approved", "refused", "applied", "closed"))
    wanted_ |= keys("why", WHY) | {"why.remembered"} | keys("preview.reason", get_args(Reason))
    wanted_ |= keys("plan_action", WHY) | keys("settings.policy", POLICIES) | keys("settings.own", POLICIES)
    wanted_ |= keys("takes", get_args(Kind)) | keys("column", (field.partition(".")[2] for field in FIELDS))
    wanted_ |= {f"waiting.{kind}.{number}" for kind in get_args(QuestionKind) for number in ("one", "other")}
    assert wanted_ - set(ENGLISH) == set()


def test_every_column_that_a_page_shows_has_its_text() -> None:
    """Of a row that an undo takes away all columns are shown, those too that no sync writes."""
    columns = {column.name for table in WRITTEN_TABLES for column in metadata.tables[table].columns}
    assert {name for name in columns - UNSHOWN if f"column.{name}" not in ENGLISH} == set()


def test_every_reason_why_a_row_did_not_arrive_has_its_text() -> None:
    rules = {rule for of_entity in sentences._rules().values() for rule in of_entity}
    reasons = rules | set(sentences.REASONS) | set(asides.REASONS)
    known = {key.rpartition(".")[2] for key in ENGLISH if key.startswith("reason.")}
    assert reasons - known == set()
    assert known - reasons == set()


def test_an_error_with_a_text_is_one_of_ours() -> None:
    named_ = {key.partition(".")[2] for key in ENGLISH if re.match(r"error\.[A-Z]", key)}
    assert {name for name in named_ if not issubclass(getattr(errors, name), errors.TwizzitPipelineError)} == set()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("nl", "nl"),
        ("NL-be", "nl"),
        ("fr-BE,fr;q=0.9,nl;q=0.8", "fr"),
        ("de,nl;q=0.5,fr;q=0.7", "fr"),
        ("*", "en"),
        ("fr;q=0, en;q=0.1", "en"),
        ("nl;q=abc,fr", "fr"),
        (",,,", "en"),
    ],
)
def test_the_language_that_a_browser_likes_best(accepted: str, language: str) -> None:
    assert wanted(accepted) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_that_counts_has_both_forms_and_many_have_the_number_that_one_has(language: str) -> None:
    texts = texts_of(language).texts
    heads = {key.removesuffix(".one") for key in texts if key.endswith(".one")}
    heads |= {key.removesuffix(".other") for key, text in texts.items() if key.endswith(".other") and "{count}" in text}
    counting = {head for head in heads if f"{head}.one" in texts and f"{head}.other" in texts}
    assert heads - counting == set()
    uneven = {
        head for head in counting if "{count}" in texts[f"{head}.one"] and "{count}" not in texts[f"{head}.other"]
    }
    assert uneven == set()


def test_zero_is_one_in_french_alone() -> None:
    assert texts_of("fr").count("syncs.changes", 0) == "0 changement dans ShotSpot"
    assert texts_of("nl").count("syncs.changes", 0) == "0 wijzigingen in ShotSpot"
    assert texts_of("nl").count("syncs.changes", 1) == "1 wijziging in ShotSpot"


@pytest.mark.parametrize(("language", "said"), [("en", "1,234"), ("nl", "1.234"), ("fr", "1\N{NO-BREAK SPACE}234")])
def test_thousands_of_what_is_counted_are_apart_as_the_language_writes_them(language: str, said: str) -> None:
    texts = texts_of(language)
    assert (texts.number(1234), texts.number(999)) == (said, "999")
    assert texts.count("club.players", 1234).startswith(f"{said} ")
    assert said in texts("club.calls_of", calls=1234, limit=12345678)
    assert texts("sync.row", id=1234).endswith("1234")
    assert texts.count("players.found", 2, name="1234").count("1234") == 1


def test_each_value_in_a_text_is_known_to_count_or_not() -> None:
    """So a number that a text to come counts has its thousands apart as well."""
    named_ = set().union(*map(placeholders, ENGLISH.values()))
    names = {"id", "least", "match", "most", "name", "number", "season", "seasons", "team", "until", "value"}
    names |= {"when", "why", "word"}
    assert named_ - names == texts_module._COUNTS


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_has_one_kind_of_apostrophe(language: str) -> None:
    assert [key for key, text in texts_of(language).texts.items() if "'" in text] == []
    assert texts_of("en")("preview.reason.first_sync").count("’") == 1


def test_no_line_of_french_ends_or_begins_with_a_sign_alone() -> None:
    texts = texts_of("fr")
    assert texts.count("players.found", 2, name="an").endswith("à «\N{NO-BREAK SPACE}an\N{NO-BREAK SPACE}»")
    loose = [key for key, text in texts.texts.items() if "« " in text or re.search(r" [:;?!»]", text)]
    assert loose == []


def test_no_page_writes_a_sign_that_a_language_sets_in_its_own_way() -> None:
    """A colon after a value, quotes, what stands between causes: French has spaces there that the others do not."""
    own = re.compile(r"""(?:\}\}|%\}|>)[:;?!]\s|\{\{ "[:;] |[“”«»]""")
    templates = {name: source for name, source in SOURCES.items() if name.endswith(".html")}
    assert {name: found for name, source in templates.items() if (found := own.findall(source))} == {}
    assert texts_of("fr")("signs.colon") == "\N{NO-BREAK SPACE}: "


def test_the_package_brings_its_files_along() -> None:
    assert (ROOM / "static" / "htmx-LICENSE.txt").read_text().startswith("Zero-Clause BSD")
    assert "htmx" in (ROOM / "static" / "htmx-2.0.11.min.js").read_text(encoding="utf-8")[:200]

"""The head of a name in Dutch, French and English."""

import pytest

from twizzit_pipeline.words.heads import Nouns

NOUNS = Nouns(
    {
        "match": {"nl": "wedstrijd match", "fr": "match rencontre", "en": "match game"},
        "team": {"nl": "ploeg team", "fr": "equipe", "en": "team"},
        "person": {"nl": "speler lid", "fr": "joueur membre delegue", "en": "player member"},
        "other": {"nl": "bespreking ouder training", "fr": "reunion parent", "en": "meeting parent training manager"},
    }
)


@pytest.mark.parametrize(
    ("name", "head", "turned"),
    [
        ("Jeugdspeler", "speler", False),
        ("Wedstrijdbespreking", "bespreking", False),
        ("Competitiewedstrijd", "wedstrijd", False),
        ("Competitiewedstrijden", "wedstrijd", False),
        ("Wedstrijd bespreking", "bespreking", False),
        ("Wedstrijd-info", "info", False),
        ("U15-speler", "speler", False),
        ("Speler kern", "speler", False),
        ("Youth player", "player", False),
        ("Player liaison", "liaison", False),
        ("Training match", "match", False),
        ("Team manager", "manager", False),
        ("Joueur de jeu", "joueur", False),
        ("Match de championnat", "match", False),
        ("Match amical", "match", False),
        ("Rencontres amicales", "rencontre", False),
        ("Équipe première", "equipe", False),
        ("Première équipe", "equipe", False),
        ("Réunion match", "reunion", False),
        ("L’équipe", "equipe", False),
        ("Speler (M)", "speler", False),
        ("DÉLÉGUÉES", "delegue", False),
        ("Joueuses", "joueur", False),
        ("Ouder van speler", "ouder", False),
        ("Parent d'un joueur", "parent", False),
        ("Spelersouder", "ouder", False),
        ("Ex-speler", "speler", True),
        ("Oud-speler", "speler", True),
        ("Oudspeler", "speler", True),
        ("Oud-jeugdspeler", "speler", True),
        ("Niet-spelend lid", "lid", True),
        ("Niet actieve speler", "speler", True),
        ("Non-joueur", "joueur", True),
        ("Former player", "player", True),
        ("Ancien joueur", "joueur", True),
        ("Speler (gestopt)", "speler", True),
        ("Zwaluw", "zwaluw", False),
    ],
)
def test_the_head_of_a_name(name: str, head: str, turned: bool) -> None:
    found = NOUNS.heads(name)[0]
    assert (found.word, found.turned) == (head, turned)


def test_a_text_may_hold_several_names_and_those_in_brackets_count_where_they_are_known() -> None:
    assert [head.word for head in NOUNS.heads("Joueur / Joueuse")] == ["joueur", "joueur"]
    assert [head.word for head in NOUNS.heads("Speler en ouder")] == ["speler", "ouder"]
    assert [head.word for head in NOUNS.heads("Zwaluw (speler, blauw)")] == ["zwaluw", "speler"]
    assert NOUNS.names("Ploeg / Team (U15)") == ["ploeg", "team", "u15"]


def test_all_nouns_of_a_text_are_known_in_their_order_without_what_they_are_of() -> None:
    assert [noun.word for noun in NOUNS.known("Speler-manager")] == ["speler", "manager"]
    assert [noun.word for noun in NOUNS.known("Spelersouder")] == ["speler", "ouder"]
    assert [(noun.word, noun.rest) for noun in NOUNS.known("Ouder van speler")] == [("ouder", "speler")]


def test_a_word_that_only_says_which_is_no_head_and_no_text_has_none() -> None:
    assert NOUNS.heads("U15") == NOUNS.heads("Jeugd A") == NOUNS.heads("  ") == []
    assert NOUNS.meanings("Oudspeler") == set()
    assert NOUNS.meanings("Match / Vergadering") == {"match"}

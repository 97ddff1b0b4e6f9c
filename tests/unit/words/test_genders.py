"""Words for genders: a table of real ones in Dutch, French and English."""

import pytest

from twizzit_pipeline.words.genders import gender_of

SAYS = {
    "male": """
        m; M; m.; male; Male; males; man; Man; MAN; men; mannen; mannelijk; Mannelijk; mannelijke; heer;
        Heer; heren; H; h; dhr; Dhr.; meneer; mijnheer; jongen; Jongens; jongetje; boy; Boys; homme; Homme;
        hommes; masculin; Masculin; masculine; masculins; garçon; Garçon; garçons; garcon; monsieur; Mr;
        mister; sir; gentleman; 1; Man (M); man, homme; ♂; Hr.; Dhr. / M.; Geslacht: man; Men's; M.
    """,
    "female": """
        f; F; v; V; female; Female; females; woman; Woman; women; vrouw; Vrouw; VROUW; vrouwen; vrouwelijk;
        vrouwelijke; dame; Dame; dames; Mevrouw; mevr.; mw; juffrouw; meisje; Meisje; meisjes; girl; girls;
        femme; Femme; femmes; féminin; Féminine; feminin; feminine; féminines; fille; Fille; filles; madame;
        Mme; mademoiselle; Mrs; Ms; miss; lady; ladies; 2; Vrouw / Femme; F (vrouw); sexe féminin; Women's;
        ♀; vr.; vrl.; W
    """,
}


def listed() -> list[tuple[str, str]]:
    return [(" ".join(word.split()), says) for says, words in SAYS.items() for word in words.split(";")]


def test_a_word_says_a_gender() -> None:
    spelled = [(one, says) for word, says in listed() for one in (word, word.upper())]
    assert [(word, found) for word, says in spelled if (found := gender_of(word)) != says] == []


@pytest.mark.parametrize(
    "word", ["X", "x", "M/V", "man/vrouw", "0", "3", "onbekend", "autre", "non-binary", "divers", "-", ""]
)
def test_what_is_neither_or_both_or_unknown_says_none(word: str) -> None:
    assert gender_of(word) is None

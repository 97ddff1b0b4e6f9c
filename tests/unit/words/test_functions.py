"""What functions say of their bearers: a table of real words in Dutch, French and English."""

import pytest

from twizzit_pipeline.words.functions import deciding_name, function_meaning, function_says
from twizzit_pipeline.words.meanings import FunctionMeaning

SAYS = {
    "player": """
        Licentiehouder; Jeugdspeelsters; Veldspeler;
        Speler; Speelster; Jeugdspeler; Competitiespeler; Reservespeler; Gastspeler; Joueuse; Joueur; Joueur
        / Joueuse; Youth player; Player; Players; Speler (M); U15-speler; Jeugdspelers; Recreatiespeler;
        Eersteploegspeler; Speler eerste ploeg; Speler kern A; Joueur de champ; Joueur jeune; Joueur de
        réserve; Jeune joueuse; Guest player; Joueur invité; Spelend lid; Membre joueur; Playing member;
        Kapitein; Ploegkapitein; Team captain; Aanvoerder; Keeper; Korfballer; Speler/speelster; Speler /
        Speelster / Joueur; Wisselspeler; Invaller; Basisspeler; Testspeler; Recreant; Actieve speler;
        Active player; Joueur actif; Joueur(se); Speler - U15; Speler 1; SPELER; spéler; Joueurs; Joueur en
        prêt; Uitgeleende speler; Dubbelspeler; Senior player; Joueur senior; Lid (speler); Substitute;
        Remplaçante; Joueurs et joueuses; Spelers en speelsters; Topscorer; Gardien de but
    """,
    "member": """
        Ploegmaat; Jeugdleden;
        Lid; Member; Membre; Teamlid; Ploeglid; Leden; Members; Membres; Team member; Lid van de ploeg;
        Membre de l'équipe; Jeugdlid; Clublid; Actief lid; Membre actif; Youth member; Affilié; Coéquipier
    """,
    "other": """
        T1; T2; Delegee; Scheids; Arbiter; Verzorging; Waterdrager; Toeschouwers; Statistiekenteller;
        Speler - gestopt; Ereleden; Bestuursleden; Sportieve leiding; Membre d'honneur; Lid van verdienste;
        Niet-spelend lid; Niet spelend lid; Ex-speler; Oud-speler; Oudspeler; Oud speler; Exspeler;
        Non-joueur; Non joueur; Membre non-joueur; Non-playing member; Former player; Ancien joueur; Anciens
        joueurs; Ancienne joueuse; Ouder van speler; Parent de joueur; Parent d'un joueur; Speler-trainer;
        Spelertrainer; Trainer-speler; Trainerspeler; Joueur-entraîneur; Player-coach; Coach; Trainer;
        Trainster; Entraîneur; Entraîneuse; Assistent-trainer; Hulptrainer; Jeugdtrainer; Afgevaardigde;
        Ploegafgevaardigde; Délégué; Déléguée; Délégués; Delegate; Begeleider; Begeleidster; Scheidsrechter;
        Referee; Arbitre; Ouder; Parent; Ouders; Voorzitter; Président; Bestuurslid; Membre du comité; Board
        member; Committee member; Lid van het bestuur; Kinesist; Kiné; Team manager; Teamverantwoordelijke;
        Ploegverantwoordelijken; Responsable d'équipe; Spelersbegeleider; Trainer jeugdspelers; Speler
        (gestopt); Inactief; Niet-actieve speler; Inactieve speler; Spelersouder; Vrijwilliger; Bénévole;
        Penningmeester; Secretaris; Trésorière; Erelid; Oud-lid; Volunteer; Player agent; Materiaalmeester;
        Grootouder; Co-trainer; Coach / Trainer; Speler en trainer; Contactpersoon; Directrice; Supportrice;
        Trainersassistente; Lijnrechter; Steunend lid; Steunende leden; Spelersraad; Timekeeper;
        Kinesitherapeut; Verantwoordelijke materiaal; Conseil d'administration; Directeur sportif
    """,
    "unknown": """
        Zwaluw; Kern A; Jeugd; Blauw; Player liaison; Libero; Team; 42; Selectie
    """,
}


def listed() -> list[tuple[str, str]]:
    return [(" ".join(name.split()), says) for says, names in SAYS.items() for name in names.split(";")]


def test_a_function_says_what_its_head_says() -> None:
    spelled = [(one, says) for name, says in listed() for one in (name, name.upper())]
    assert [(name, found) for name, says in spelled if (found := function_says([name])) != says] == []


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["Player", "Speler", "Joueur"], "player"),
        (["Player", "Oud-speler", "Joueur"], "other"),  # the club's language narrows the service's own word
        (["Member", "Jeugdspeler", ""], "player"),
        (["Member", "Zwaluw", ""], "unknown"),  # a word that says something stands beside one that says nothing
        (["Zwaluw", "Speler"], "player"),
        (["Member", "Lid", "Membre"], "member"),
        (["", " "], "unknown"),
        ([], "unknown"),
    ],
)
def test_names_in_three_languages_come_to_one_outcome(names: list[str], says: str) -> None:
    assert function_says(names) == says


@pytest.mark.parametrize(
    ("types", "says"), [(["player"], "player"), (["Team"], "unknown"), (["Staff"], "other"), ([], "unknown")]
)
def test_a_type_counts_only_where_its_word_is_known(types: list[str], says: str) -> None:
    assert function_says(["Zwaluw"], types) == says


def test_the_configuration_decides_before_the_names_by_id_or_name() -> None:
    said: dict[str, FunctionMeaning] = {"12": "other", "zwaluw": "player", "gastspeler": "other"}
    assert function_meaning(said, "12", ["Speler"]) == "other"
    assert function_meaning(said, "13", ["Swallow", "ZWALUW"]) == "player"
    assert function_meaning(said, "14", ["Gastspeler"]) == "other"
    assert function_meaning(said, "15", ["Speler"]) == "player"
    assert function_meaning({}, None, ["Gastspeler"]) == "player"


def test_the_name_that_decides_is_the_one_that_is_shown() -> None:
    assert deciding_name(["Player", "Oud-speler"], "other") == "Oud-speler"
    assert deciding_name(["", "Zwaluw"], "unknown") == "Zwaluw"
    assert deciding_name(["", " "], "unknown") is None


def test_a_name_that_is_empty_in_one_language_says_nothing() -> None:
    assert function_says(["", " ", "Lid"]) == "member"
    assert function_says(["", " "]) == "unknown"

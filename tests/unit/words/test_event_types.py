"""Which types of events are matches, and which competitions are tournaments."""

from twizzit_pipeline.words.competitions import competition_type_of
from twizzit_pipeline.words.event_types import event_type_of

MATCHES = """
Competitiewedstrijd;Bekerwedstrijd;Oefenwedstrijd;Oefenmatch;Match amical;Friendly game;Match;Wedstrijd;Matchs;Matches
Wedstrijden;Thuiswedstrijd;Uitwedstrijd;Rencontre;Rencontre amicale;Match de championnat;Match de coupe;League match
Match d'entraînement;Cup game;Away game;Vriendschappelijke wedstrijd;Wedstrijd (vriendschappelijk);Competitie;Beker
Beker van België;Coupe de Belgique;Championnat;Jeugdwedstrijd;Wedstrijd U15;Inhaalwedstrijd;Trainingswedstrijd
Play-off;Play-offs;Play off;Play-offwedstrijd;Wedstrijd play-off;Wedstrijd A-ploeg;Wedstrijd (thuis);Uitmatch
Training match;Friendly;Testmatch;Halve finale;Wedstrijd / training;Interland;Officiële wedstrijd;Match officiel
"""
OTHERS = """
Wedstrijdbespreking;Matchverslag;Wedstrijd bespreking;Bespreking wedstrijd;Match report;Match analysis;Training
Entraînement;Vergadering;Bestuursvergadering;Réunion de match;Meeting;Wedstrijdtafel;Match meeting;Game plan
Wedstrijdanalyse;Video-analyse wedstrijd;Wedstrijdvoorbereiding;Wedstrijdkledij;Trainingskamp;Stage;Eetfestijn;Clubfeest
Scheidsrechter wedstrijd;Kalender wedstrijden;Busreis wedstrijd;Afterparty wedstrijd;Wedstrijdsecretaris;Vervoer match
Soirée;Assemblée générale;Préparation de match;Feuille de match;Debriefing match;Wedstrijdleiding
"""
UNKNOWN = "Tornooi;Tournoi;Tournament;Fixture;Andere;Autre;Ex-wedstrijd;Wedstrijddag;"
TOURNAMENTS = """
Tornooi;Toernooi;Jeugdtornooi;Paastornooi Mol;Kersttoernooi U13;Beker van België;Bekerfinale;Beker reeks 2;Beker U15
Beker van België - reeks 2;Jeugdbeker;Wisselbeker KC Duin;Coupe de Belgique;Coupe du Roi;Tournoi de Noël;Tournois U11
Tournoi international;Supercoupe;Cup;League Cup;Champions Cup;Cup round 2;Tournament;Youth tournament;Easter tournament
cup;tournament;Trofee Jan;Trophée des jeunes;Challenge Dupont;Zomertornooi
"""
LEAGUES = """
Competitie;Bekercompetitie;Zaalcompetitie;Competitie zaal 2026;Jeugdcompetitie U15;Nationale competitie;Youth league
Cup competition;League;Topkorfbal League;league;Kampioenschap;Belgisch kampioenschap;Provinciaal kampioenschap
Championnat;Championnat de Belgique;Championnat provincial;Ligue;Ligue nationale;Eerste klasse;Tweede divisie;Division 1
Competition;Indoor competition;Championship;National championship;Tornooicompetitie;Championnat de la coupe;Promoklasse
"""
NEITHER = "U15 reeks 2;Senioren 1;Poule A;Bekerdorp 1;Série B;Cupido;"


def listed(table: str) -> list[str]:
    return [word.strip() for line in table.strip("\n").splitlines() for word in line.split(";")]


def test_a_type_of_matches_is_known() -> None:
    assert [(name, found) for name in listed(MATCHES) if (found := event_type_of([name])) != "match"] == []


def test_a_type_that_is_about_matches_or_something_else_is_none() -> None:
    assert [(name, found) for name in listed(OTHERS) if (found := event_type_of([name])) != "other"] == []


def test_an_unknown_type_is_for_the_club_to_say() -> None:
    assert [name for name in listed(UNKNOWN) if event_type_of([name]) is not None] == []


def test_names_in_several_languages_are_judged_together() -> None:
    assert event_type_of(["Match report", "Wedstrijdverslag", "Match"]) == "other"
    assert event_type_of(["Training", "Oefenwedstrijd"]) == "match"
    assert event_type_of([]) is None


def test_a_cup_or_a_tournament_is_a_tournament() -> None:
    assert [(name, found) for name in listed(TOURNAMENTS) if (found := competition_type_of(name)) != "tournament"] == []


def test_a_league_is_one_by_its_head() -> None:
    assert [(name, found) for name in listed(LEAGUES) if (found := competition_type_of(name)) != "league"] == []


def test_a_series_says_nothing() -> None:
    assert [name for name in listed(NEITHER) if competition_type_of(name) is not None] == []


def test_the_tables_are_long_enough() -> None:
    assert len(listed(MATCHES) + listed(OTHERS)) >= 60
    assert len(listed(TOURNAMENTS) + listed(LEAGUES)) >= 60

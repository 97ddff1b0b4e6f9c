"""Which group types are teams: a table of real words in Dutch, French and English."""

from twizzit_pipeline.words.group_types import group_type_meaning, group_type_says

SAYS = {
    "team": """
        Team; Teams; Ploeg; Ploegen; Jeugdploegen; Équipe; Équipes; Équipe première; Équipes de jeunes;
        Première équipe; Teams senior; Senior teams; Youth teams; Jeugdteams; Ploeg U15; Recreatieploegen;
        Competitieploeg; Competitieteams; A-ploeg; Team / Ploeg / Équipe; Ploegen (veld); Squad; Eerste
        ploeg; Equipe réserve; Reserveploegen; Damesploeg; Achttallen; Viertallen; Équipes seniors; Teams -
        jeugd; Seniorenteam; Korfbalploeg; TEAM; Équipe loisirs; Ploegen en werkgroepen; Teams & committees;
        Ploegen senioren; Kernploeg; Team A; Équipe de jeunes
    """,
    "other": """
        Ploegverantwoordelijken; Ploegverantwoordelijke; Team manager; Team managers; Teammanagers;
        Werkgroep; Comité; Committee; Bestuur; Board; Staff; Vrijwilligers; Bestuursteam; Équipe de
        bénévoles; Responsables d'équipe; Team leaders; Ploegleiders; Trainers; Entraîneurs; Délégués
        d'équipe; Ploegafgevaardigden; Management team; Medisch team; Équipe médicale; Équipe technique;
        Kantineploeg; Vrijwilligersploeg; Raad van bestuur; Board members; Leden; Oud-ploegen; Team staff;
        Teambuilding; Ouderploeg; Commission; Ploeg verantwoordelijken
    """,
    "unknown": """
        Groep; Kern; Selectie; Jeugd; Senioren; Varia; U15; Wandelaars
    """,
}


def listed() -> list[tuple[str, str]]:
    return [(" ".join(name.split()), says) for says, names in SAYS.items() for name in names.split(";")]


def test_a_group_type_is_what_its_head_says() -> None:
    assert [(name, found) for name, says in listed() if (found := group_type_says([name])) != says] == []


def test_a_language_that_narrows_wins_and_the_configuration_before_all() -> None:
    assert group_type_says(["Team", "Werkgroep", "Comité"]) == "other"
    assert group_type_says(["Youth", "Jeugdploegen", ""]) == "team"
    assert group_type_meaning({"selectie": "team"}, "4", ["Selectie"]) == "team"
    assert group_type_meaning({"4": "other"}, "4", ["Team"]) == "other"
    assert group_type_meaning({}, "4", ["Selectie"]) == "unknown"

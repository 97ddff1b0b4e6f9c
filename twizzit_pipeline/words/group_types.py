"""Which group types of an account are teams.

What belongs here: the nouns of group types, and how a type's names come to one outcome.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from twizzit_pipeline.words.heads import Nouns
from twizzit_pipeline.words.meanings import GroupTypeMeaning, said

_NOUNS: Nouns[GroupTypeMeaning] = Nouns(
    {
        "team": {
            "nl": "team ploeg achttal achttallen viertal viertallen zestal elftal equipe",
            "fr": "equipe team",
            "en": "team squad side",
        },
        "other": {
            "nl": """verantwoordelijke manager leider trainer coach afgevaardigde begeleider begeleiding bestuur
                bestuurder comite commissie werkgroep werking raad staf staff lid leden vrijwilliger ouder
                scheidsrechter medewerker kantine medisch medische technisch technische management support supporter
                sponsor organisatie redactie kinesist speler jury voorzitter secretariaat keuken opkuis evenement
                event kamp stage vergadering""",
            "fr": """responsable manager entraineur delegue coach accompagnateur encadrement direction dirigeant
                dirigeante comite commission conseil bureau staff membre benevole parent arbitre animation organisation
                technique medical medicale soigneur joueur jury president secretariat groupe redaction cuisine
                evenement stage reunion""",
            "en": """manager leader coach trainer delegate committee commission council board staff member volunteer
                parent referee management support supporter sponsor medical technical organisation organization event
                player jury meeting camp building captain""",
        },
    }
)


def group_type_says(names: Iterable[str]) -> Literal["team", "other", "unknown"]:
    """What the names of a group type (its languages) say together.

    A name is a team's if its head is one and nothing else in it is known ("Team manager", "Bestuursteam", "Équipe de
    bénévoles" are not); of several names in one text ("Ploegen / werkgroepen") one is enough. A language that says
    "other" wins over another that says "team": the one that the club does not speak keeps the service's own word.
    """
    found = {_says(name) for name in names if name.strip()}
    order: tuple[Literal["other", "team"], ...] = ("other", "team")
    return next((says for says in order if says in found), "unknown")


def group_type_meaning(
    meanings: Mapping[str, GroupTypeMeaning], id_: str | None, names: Iterable[str]
) -> Literal["team", "other", "unknown"]:
    """What a group type is: as the configuration says of its id or one of its names, else as its names say."""
    names = list(names)
    return said(meanings, id_, names) or group_type_says(names)


def _says(text: str) -> Literal["team", "other", "unknown"]:
    found = {_name_says(name) for name in _NOUNS.names(text)}
    order: tuple[Literal["team", "other"], ...] = ("team", "other")
    return next((says for says in order if says in found), "unknown")


def _name_says(name: str) -> Literal["team", "other", "unknown"]:
    heads, nouns = _NOUNS.heads(name), _NOUNS.known(name)
    of = [noun for one in nouns if one.rest for noun in _NOUNS.known(one.rest)]
    if any(noun.meaning == "other" for noun in [*nouns, *of]) or any(head.turned for head in heads):
        return "other"
    return "team" if any(head.meaning == "team" for head in heads) else "unknown"

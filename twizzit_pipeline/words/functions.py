"""What a contact function says of its bearer: whether a member of a team plays in it.

What belongs here: the nouns of functions, and how a function's names in three languages come to one outcome.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

from twizzit_pipeline.words.heads import Nouns
from twizzit_pipeline.words.meanings import FunctionMeaning, said

FunctionSays = Literal["player", "member", "other", "unknown"]
_Known = Literal["player", "member", "other"]

_NOUNS: Nouns[_Known] = Nouns(
    {
        "player": {
            "nl": """speler speelster spelende spelend speelgerechtigd speelgerechtigde korfballer korfbalster
                keeper doelman doelvrouw doelverdediger aanvaller verdediger middenvelder invaller reserve wissel
                kapitein aanvoerder sporter atleet recreant recreante topscorer licentiehouder""",
            "fr": """joueur gardien attaquant defenseur remplacant capitaine sportif athlete korfballeur corfballeur
                pratiquant licencie""",
            "en": "player playing keeper goalkeeper attacker defender substitute captain athlete korfballer",
        },
        "member": {
            "nl": "lid leden teamlid ploeglid teamgenoot ploeggenoot ploegmaat teammaat aangeslotene",
            "fr": "membre affilie adherent equipier coequipier",
            "en": "member teammate",
        },
        "other": {
            "nl": """bestuurslid comitelid commissielid raadslid erelid jurylid staflid werkgroeplid steunlid
                makelaar
                trainer coach afgevaardigde begeleider ploegleider leider verantwoordelijke verantwoordelijk hulp
                assistent coordinator manager teammanager scheidsrechter referee ref jury official
                lijnrechter tafelofficial secretaris secretariaat voorzitter ondervoorzitter penningmeester
                schatbewaarder bestuur bestuurder bestuursfunctie raad comite commissie staf staff
                ouder mama papa moeder vader voogd grootouder contact contactpersoon aanspreekpunt
                vrijwilliger helper medewerker leiding verdienste
                materiaalmeester materiaal kinesist kinesitherapeut kine fysiotherapeut
                fysio dokter arts verzorger masseur psycholoog dietist ehbo fotograaf supporter sponsor sympathisant
                donateur chauffeur terreinverzorger webmaster tijdwaarnemer timer scorer scoreteller
                directeur gids lesgever instructeur leraar monitor stagiair opleider mentor peter meter
                t1 t2 t3 delegee scheids arbiter verzorging toeschouwer waterdrager teller
                vertegenwoordiger vrijwilligster beheerder administrator redacteur kantine toog
                inactief inactieve passief passieve slapend slapende rustend rustende geschorst geschorste
                steunend steunende sympathiserend""",
            "fr": """entraineur coach delegue accompagnateur accompagnant responsable assistant adjoint coordinateur
                coordonnateur arbitre juge marqueur chronometreur secretaire president tresorier administrateur comite
                conseil commission bureau direction directeur dirigeant staff parent pere mere tuteur contact benevole
                aide materiel kine kinesitherapeute physiotherapeute medecin soigneur docteur psychologue dieteticien
                photographe supporter supportrice sponsor sympathisant donateur chauffeur moniteur formateur
                instructeur professeur stagiaire parrain marraine representant honneur
                gestionnaire manager officiel honoraire
                inactif passif suspendu selectionneur preparateur""",
            "en": """trainer coach delegate leader manager assistant helper coordinator referee ref umpire judge jury
                official timekeeper scorekeeper scorer secretary chair chairman chairwoman chairperson president
                treasurer board committee council staff director parent mother father guardian contact
                volunteer kitman bookkeeper physio physiotherapist physician doctor medic masseur psychologist dietician
                photographer supporter sponsor donor driver webmaster instructor teacher mentor trainee intern
                representative administrator admin officer inactive passive suspended honorary
                agent scout""",
        },
    },
    modifiers="gast guest invite reserve basis selectie proef test geleend uitgeleend team ploeg equipe",
)


def function_says(names: Iterable[str], types: Iterable[str] = ()) -> FunctionSays:
    """What the names of a function (its languages) and of its type say together.

    An explicit "other" wins over everything: a function called Player in one language and Oud-speler in another was
    narrowed by the club in the language it speaks. Then "player" wins, as any language may have the word that the
    others do not; then what is unknown, since a word that says something stands beside one that says nothing. A type
    counts only where its word is known.
    """
    found = {_says(name) for name in names if name.strip()}
    found |= {says for name in types if (says := _says(name)) != "unknown"}
    order: tuple[FunctionSays, ...] = ("other", "player", "unknown", "member")
    return next((says for says in order if says in found), "unknown")


def deciding_name(names: Iterable[str], says: FunctionSays) -> str | None:
    """The first of a function's names that says this by itself; else the first that is there."""
    there = [name for name in names if name.strip()]
    return next((name for name in there if _says(name) == says), there[0] if there else None)


def function_meaning(
    meanings: Mapping[str, FunctionMeaning], id_: str | None, names: Iterable[str], types: Iterable[str] = ()
) -> FunctionSays:
    """What a function is: as the configuration says of its id or one of its names, else as its names say."""
    names = list(names)
    return said(meanings, id_, names) or function_says(names, types)


@lru_cache(maxsize=256)  # a club has a dozen functions, and asks for each member what theirs says
def _says(name: str) -> FunctionSays:
    """What one name says.

    Any noun that is no player's decides, wherever it stands ("Trainer spelers", "Speler-trainer", "Lid van het
    bestuur"): a player too few is asked about, a parent among the players is not.
    """
    heads, nouns = _NOUNS.heads(name), _NOUNS.known(name)
    if any(noun.meaning == "other" for noun in nouns):
        return "other"
    if any(one.turned for one in [*heads, *nouns]):
        return "other"  # was one, or is none
    found = {head.meaning for head in heads}
    if found <= {None}:
        return "unknown"
    if "player" in found or any(noun.meaning == "player" for noun in nouns):
        return "player"
    of = [_says(noun.rest) for noun in nouns if noun.rest]
    return "other" if "other" in of else "member"

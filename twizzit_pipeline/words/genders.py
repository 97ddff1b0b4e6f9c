"""Words for the two genders that ShotSpot has, in Dutch, French and English.

What belongs here: the words that accounts and ShotSpot's own integration have been seen to write, and those like them.
"""

import re
from functools import lru_cache
from typing import Literal

from twizzit_pipeline.words.meanings import key

Gender = Literal["male", "female"]

_MALE = """
    m male males man men mannen mannelijk mannelijke heer heren h dhr meneer mijnheer jongen jongens jongetje boy boys
    homme hommes masculin masculins masculine masc garcon garcons monsieur messieurs mr mister sir gentleman gentlemen
    mannekes guy guys jongeheer hr mnl mann ♂ 1
"""
_FEMALE = """
    f v female females woman women vrouw vrouwen vrouwelijk vrouwelijke dame dames mevrouw mevr mw juffrouw meisje
    meisjes girl girls femme femmes feminin feminins feminine feminines fem fille filles madame mesdames mme
    mademoiselle mlle mrs ms miss lady ladies vr vrl vrw w frau ♀ 2
"""
_OF: dict[str, Gender] = {
    **dict.fromkeys(_MALE.split(), "male"),
    **dict.fromkeys(_FEMALE.split(), "female"),
}
# Words that say nothing by themselves: "Geslacht: man", "de sexe masculin", "men's".
_EMPTY = frozenset(("geslacht", "gender", "sex", "sexe", "genre", "de", "s"))
_WORDS = re.compile(r"[^\W_]+|[♀♂]")


@lru_cache(maxsize=256)  # an account writes few words, each of them often
def gender_of(text: str) -> Gender | None:
    """'male' or 'female'; None for what is neither ("X"), both ("M/V") or a word that is not known yet.

    Several words must all say the same: "Man (M)", "Vrouw / Femme".
    """
    words = [word for word in _WORDS.findall(key(text)) if word not in _EMPTY]
    said = {_OF.get(word) for word in words}
    return said.pop() if len(said) == 1 else None

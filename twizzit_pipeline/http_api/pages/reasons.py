"""Why a row is what it is, in the visitor's language; where no text is there yet, in the words of `sentences`."""

from twizzit_pipeline.http_api.pages.texts import Texts
from twizzit_pipeline.runs.sentences import sentence


def reason_of(texts: Texts, entity: str, reason: str) -> str:
    """The sentence of a rule, or of a reason, with the account's own word where it names one."""
    name, between, word = reason.partition(": ")
    for key in (f"reason.{entity}.{name}", f"reason.{name}"):
        if texts.has(key):
            return texts(key) + (" (" + texts("signs.quoted", word=word) + ")" if between else "")
    return sentence(entity, reason)

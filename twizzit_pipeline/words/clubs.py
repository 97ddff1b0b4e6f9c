"""The words of a club's name that say what kind of club it is, and not which one.

What belongs here: the abbreviations of kinds, what they are written in full, legal forms, and honours. Which club a
name means is decided where the clubs are known.
"""

# What a kind of club is called in full → its abbreviation; several words in a row count as one.
KINDS_IN_FULL: dict[tuple[str, ...], str] = {
    ("korfbalclub",): "kc",
    ("korfbal", "club"): "kc",
    ("korfball", "club"): "kc",
    ("korfbalvereniging",): "kv",
    ("korfbal", "vereniging"): "kv",
    ("antwerpse", "korfbalclub"): "akc",
    ("antwerpse", "korfbal", "club"): "akc",
    ("corfbalclub",): "cc",
    ("corfbal", "club"): "cc",
    ("club", "de", "corfbal"): "cc",
    ("sportclub",): "sc",
    ("sport", "club"): "sc",
    ("sportvereniging",): "sv",
}
# Kinds stay apart: the KV and the AKC of a town are other clubs than its KC.
KINDS = frozenset({*KINDS_IN_FULL.values(), "kkc", "kkv", "ckc", "rkc", "vkc", "skc"})
# How a club is registered: no club differs from another by it.
LEGAL_FORMS = frozenset({"vzw", "asbl", "npo", "ivzw", "aisbl"})
# An honour that clubs carry or leave out, and in a kind's abbreviation the letter K.
HONOURS = frozenset({"koninklijke", "koninklijk", "kon", "royal", "royale"})
# The same word, written short.
IN_FULL = {"st": "sint", "&": "en"}
# Words that name no club by themselves.
_OF_EVERY_CLUB = frozenset({"korfbal", "korfball", "corfbal", "club", "de", "het", "le", "la", "team", "ploeg"})
_GENERIC = KINDS | LEGAL_FORMS | HONOURS | _OF_EVERY_CLUB


def names_a_club(words: list[str]) -> bool:
    """Whether any of these words, in small letters, says which club is meant."""
    return any(word not in _GENERIC and any(letter.isalpha() for letter in word) for word in words)

"""The tree of errors as its docstring draws it."""

import re

from twizzit_pipeline import errors

CLASSES = {name: kind for name, kind in vars(errors).items() if getattr(kind, "__module__", None) == errors.__name__}
LEAVES = {name for name, kind in CLASSES.items() if not kind.__subclasses__()}
DRAWN = set(re.findall(r"─ (\w+)", errors.__doc__ or ""))


def test_the_drawing_shows_every_leaf() -> None:
    assert LEAVES <= DRAWN
    assert set(CLASSES) >= DRAWN


def test_a_leaf_is_transient_or_permanent_and_says_what_it_is() -> None:
    drawing = errors.__doc__ or ""
    transient, permanent = drawing.index("TransientError"), drawing.index("PermanentError")
    for name in sorted(LEAVES):
        kind = CLASSES[name]
        assert issubclass(kind, errors.TransientError) != issubclass(kind, errors.PermanentError), name
        assert kind.__doc__, name
        drawn = transient < drawing.index(f"─ {name}") < permanent
        assert drawn == issubclass(kind, errors.TransientError), name

"""The tree of errors as its docstring draws it."""

import re

import pytest

from twizzit_pipeline import errors

CLASSES = {name: kind for name, kind in vars(errors).items() if getattr(kind, "__module__", None) == errors.__name__}
LEAVES = {name for name, kind in CLASSES.items() if not kind.__subclasses__()}
DRAWN = set(re.findall(r"─ (\w+)", errors.__doc__ or ""))


def test_the_drawing_shows_every_leaf() -> None:
    assert LEAVES <= DRAWN
    assert set(CLASSES) >= DRAWN


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_a_leaf_is_transient_or_permanent_and_says_what_it_is(name: str) -> None:
    kind = CLASSES[name]
    assert issubclass(kind, errors.TransientError) != issubclass(kind, errors.PermanentError)
    assert kind.__doc__
    branch = "TransientError" if issubclass(kind, errors.TransientError) else "PermanentError"
    drawing = errors.__doc__ or ""
    transient, permanent = drawing.index("TransientError"), drawing.index("PermanentError")
    assert (transient < drawing.index(f"─ {name}") < permanent) == (branch == "TransientError")

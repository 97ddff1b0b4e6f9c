"""When a process of the pipeline looks for garbage: not among what it imported, and among all that comes after."""

import json
import subprocess
import sys

import pytest

_PROCESS = """
import gc, json, sys, weakref
from twizzit_pipeline import garbage

class Circle:
    pass

def circle():
    one = Circle()
    one.itself = one
    return weakref.ref(one)

garbage._IMPORTING_SECONDS = float(sys.argv[1])
garbage.collect_seldom()
made = [[number] for number in range(int(sys.argv[2]))]
imports = gc.get_freeze_count()
later = circle()
made += [[number] for number in range(2 * garbage._BEFORE_A_LOOK)]
print(json.dumps([imports, later() is None, gc.get_freeze_count() - imports]))
"""
_LOOK, _IMPORTS = 50_000, 400_000


@pytest.mark.parametrize(
    ("seconds", "made_before", "set_aside"),
    [
        (1e9, _IMPORTS + _LOOK, _IMPORTS - _LOOK),  # a process that imports so much
        (0.0, _LOOK, 0),  # one that has imported less, and works: Dagster's daemon
    ],
)
def test_what_is_imported_is_not_looked_at_and_what_comes_later_is_collected(
    seconds: float, made_before: int, set_aside: int
) -> None:
    process = [sys.executable, "-c", _PROCESS, str(seconds), str(made_before)]
    done = subprocess.run(process, capture_output=True, text=True, check=True)
    imports, later_is_collected, set_aside_since = json.loads(done.stdout)
    assert (imports >= set_aside) if set_aside else imports == 0
    assert later_is_collected
    assert set_aside_since <= 0, "what was made after the first looks is looked at"

"""When a process of the pipeline looks for garbage: not among what it imported, and among all that comes after."""

import json
import subprocess
import sys

_PROCESS = """
import gc, json, weakref
from twizzit_pipeline import garbage

class Circle:
    pass

def circle():
    one = Circle()
    one.itself = one
    return weakref.ref(one)

looks = []
garbage.collect_seldom()
gc.callbacks.append(lambda phase, info: looks.append(phase))
made = [[number] for number in range(garbage._BEFORE_THE_FIRST_LOOK - 50_000)]
before = len(looks)
made += [[number] for number in range(100_000)]
imports = gc.get_freeze_count()
later = circle()
made += [[number] for number in range(2 * garbage._BEFORE_A_LOOK)]
enough = imports >= garbage._BEFORE_THE_FIRST_LOOK
print(json.dumps([before, enough, later() is None, gc.get_freeze_count() - imports]))
"""


def test_what_is_imported_is_not_looked_at_and_what_comes_later_is_collected() -> None:
    done = subprocess.run([sys.executable, "-c", _PROCESS], capture_output=True, text=True, check=True)
    looks_before, imports_left_aside, later_is_collected, left_aside_since = json.loads(done.stdout)
    assert looks_before == 0
    assert imports_left_aside
    assert later_is_collected
    assert left_aside_since <= 0, "what was made after the first look is looked at"

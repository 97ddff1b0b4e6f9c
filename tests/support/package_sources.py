"""The package's sources as trees: each is parsed and walked once for all the tests of a worker that read them.

A module of tests that uses this has the mark ``xdist_group("sources")``, so that they share one worker.
"""

import ast
from functools import cache
from pathlib import Path

import twizzit_pipeline

ROOT = Path(twizzit_pipeline.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))


@cache
def tree(source: str) -> ast.Module:
    """What a source is parsed into; it is not to be changed."""
    return ast.parse(source)


@cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """Every node of a source in the order of `ast.walk`, which takes twice as long."""
    found: list[ast.AST] = [tree(source)]
    for node in found:  # goes on with what is added meanwhile
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, ast.AST):
                found.append(value)
            elif isinstance(value, list):
                found += [one for one in value if isinstance(one, ast.AST)]
    return tuple(found)

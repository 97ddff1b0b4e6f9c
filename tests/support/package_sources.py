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
    """Every node of a source, as `ast.walk` gives them."""
    return tuple(ast.walk(tree(source)))

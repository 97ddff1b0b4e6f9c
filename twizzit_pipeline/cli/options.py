"""Options that many commands have: each means the same everywhere."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="As one JSON document")]

Offset = Annotated[int, typer.Option(min=0, max=2**31, help="Rows to skip")]

Limit = Annotated[int, typer.Option(min=1, max=1000, help="Rows at most")]

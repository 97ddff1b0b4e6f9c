"""`twizzit conflicts …`: what waits for a person, and deciding it."""

from typing import TYPE_CHECKING, Annotated

import typer

from twizzit_pipeline.cli.clubs import MaybeClub, OfClub, credential_of
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.options import Json, Limit, Offset
from twizzit_pipeline.cli.output.differences import brief, kick_off, of_column
from twizzit_pipeline.cli.output.terminal import console, moment, plural, print_json, table
from twizzit_pipeline.entities import ENTITIES

if TYPE_CHECKING:  # quick commands load little
    from twizzit_pipeline.decisions.listing import Candidate, Waiting
    from twizzit_pipeline.decisions.resolving import Left, Resolved

app = typer.Typer(
    help="What both sides changed, and links that are not clear: until a person decides.", invoke_without_command=True
)

_WIDE = 150
# Why a sync settled it (`plan.SettledBy`), or an undo.
_SETTLED = {
    "both_agree": "both sides hold the same",
    "twizzit_reverted": "Twizzit took its change back, ShotSpot's value stays",
    "shotspot_reverted": "ShotSpot took its change back, Twizzit's value is written",
    "other_policy": "decided by another policy",
    "row_gone": "the row is gone, or no sync writes it any more",
    "certain": "no doubt is left",
    "undone": "what asked it was undone; a sync asks again where that is needed",
}
_WORDS = "twizzit, shotspot, value; link, create"

_Over = Annotated[bool, typer.Option("--over", help="Those that are decided or settled too, newest first")]


@app.callback()
def show_all(
    context: typer.Context,
    club: OfClub = None,
    over: _Over = False,
    limit: Limit = 100,
    offset: Offset = 0,
    as_json: Json = False,
) -> None:
    """Show what waits for a person; the same as `twizzit conflicts list`.

    A field that both sides changed waits where the policy of the club is to ask: twizzit config set CLUB --conflicts.
    """
    if context.invoked_subcommand is None:
        _list(club, over=over, limit=limit, offset=offset, as_json=as_json)


@app.command("list")
def of_club(
    club: MaybeClub = None, over: _Over = False, limit: Limit = 100, offset: Offset = 0, as_json: Json = False
) -> None:
    """Show what waits for a person: both sides of a field, or the rows of ShotSpot that one of Twizzit may be."""
    _list(club, over=over, limit=limit, offset=offset, as_json=as_json)


@app.command()
def resolve(
    conflict_id: Annotated[int, typer.Argument(metavar="ID", help="What waits, by its id", show_default=False)],
    resolution: Annotated[str, typer.Argument(metavar="HOW", help=f"One of {_WORDS}", show_default=False)],
    value: Annotated[
        str | None,
        typer.Argument(metavar="VALUE", help="The value; or ShotSpot's id of the row to link", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Decide: a field gets Twizzit's value, keeps ShotSpot's, or gets another one; a row is linked, or made.

    It is done at once, and can be undone by the number of the history that it prints.
    """
    from twizzit_pipeline.decisions import linking, resolving  # noqa: PLC0415  (frames)
    from twizzit_pipeline.storage.audit import this_user  # noqa: PLC0415  (quick commands load little)

    needs = {"value": True, "link": True}.get(resolution, False)
    if resolution not in ("link", "create", *resolving.FIELD_RESOLUTIONS):
        raise typer.BadParameter(f"{resolution!r} is none of {_WORDS}", param_hint="HOW")
    if needs != (value is not None):
        raise typer.BadParameter(f"{resolution} takes {'a' if needs else 'no'} value", param_hint="VALUE")
    with opened() as here:
        engine, actor = here.database.engine, this_user()
        if resolution in ("link", "create"):
            done = linking.link(
                engine, conflict_id, _local_id(value), actor=actor, season_start=here.settings.season_start
            )
        else:
            chosen = next(word for word in resolving.FIELD_RESOLUTIONS if word == resolution)
            done = resolving.resolve(engine, conflict_id, chosen, value=value, actor=actor)
    if as_json:
        print_json(done)
    else:
        _show_done(done)


def _local_id(value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 2**31):
        raise typer.BadParameter("the id of a row of ShotSpot", param_hint="VALUE")
    return int(value)


def _list(club: str | None, *, over: bool, limit: int, offset: int, as_json: bool) -> None:
    from twizzit_pipeline.credentials import store  # noqa: PLC0415  (quick commands load little)
    from twizzit_pipeline.decisions import listing  # noqa: PLC0415  (the same)

    with opened() as here:
        engine = here.database.engine
        owners = None if club is None else [store.get(engine, credential_of(here, club)).id]
        found, total = listing.listing(engine, credential_ids=owners, over=over, limit=limit, offset=offset)
    if as_json:
        print_json(found)
        return
    out = console(widest=_WIDE)
    if not found:
        out.print("No conflict and no doubtful link was ever found." if over else "Nothing waits for a decision.")
        return
    shown = table("Id", "Club", "What", "Name", "", "Since", right=("Id",))
    for one in found:
        shown.add_row(str(one.id), one.organization, _what(one), one.name or "–", _sides(one), moment(one.found_at))
    out.print(shown)
    if any(one.same_name for one in found if one.status == "open"):
        out.print(
            "Rows of ShotSpot with the same name may be one person twice. No sync merges them: link the one that is "
            "right, and take the other out in ShotSpot."
        )
    if total > len(found):
        console(stderr=True).print(f"{len(found)} of {plural(total, 'row')}; --limit and --offset show others.")
    elif not over:
        out.print("Decide: twizzit conflicts resolve ID twizzit|shotspot|value VALUE, or link LOCAL_ID|create")
        if any(one.kind == "opponent" for one in found):
            out.print("Of an opponent the answer counts for every match against it; create makes one with that name.")
        if any(one.kind != "field" and one.local_id is not None for one in found):
            out.print("Of one that is mapped, create says that the others are different ones: nothing changes then.")
        if any(one.name_taken for one in found):
            out.print("Of a team whose name is taken, create makes it with a number after that name.")


def _what(one: "Waiting") -> str:
    of = ENTITIES[one.entity].one
    said = f"{of} {one.local_id}: {one.column}" if one.kind == "field" else f"{of} of Twizzit {one.twizzit_id}: link"
    if one.kind == "opponent":
        said = f"opponent: {_opponents_row(one)}"
    why = _SETTLED.get(one.reason or "", one.resolution)
    return said if one.status == "open" else f"{said} ({one.status}{f': {why}' if why else ''})"


def _opponents_row(one: "Waiting") -> str:
    """What of an opponent is not clear: club or team."""
    return one.column.removesuffix("_id")


def _sides(one: "Waiting") -> str:
    if one.kind == "field":
        now = "" if one.now == one.local or one.status != "open" else f", now {_brief(one, one.now)}"
        sides = f"ShotSpot {_brief(one, one.local)}{now}; Twizzit {_brief(one, one.remote)}"
        return f"{sides} (was {_brief(one, one.base)})"
    if one.kind == "opponent":
        rows = (f"{_opponents_row(one)} {row.local_id} {row.name}" for row in one.candidates)
        return f"{'; '.join(rows) or 'no row of ShotSpot fits any more'} (match {one.match or '–'})"
    if one.name_taken:
        rows = (_having_the_name(row) for row in one.candidates)
        return "; ".join(rows) or "its name is free by now"
    if one.local_id is None:
        rows = (
            f"{row.local_id} {row.name}{_about(row.jersey_number, row.team_name, 'mapped' if row.mapped else None)}"
            for row in one.candidates
        )
        return "; ".join(rows) or "no row of ShotSpot fits any more"
    instead = "; ".join(
        f"{row.local_id} {row.name}"
        + _about(row.jersey_number, row.team_name, f"mapped to Twizzit {row.mapped_to}" if row.mapped else None)
        for row in one.candidates
    )
    now = f"{one.local_id} {one.local_name or '–'}{_about(one.local_jersey_number, one.local_team_name)}"
    return f"mapped to {now}; it may be {instead or 'no other row any more'}"


def _about(number: int | None, team: str | None, mapped: str | None = None) -> str:
    """``(number 7, U15 1, mapped)``: by what rows of the same name differ."""
    parts = [None if number is None else f"number {number}", team, mapped]
    said = ", ".join(part for part in parts if part)
    return f" ({said})" if said else ""


def _having_the_name(row: "Candidate") -> str:
    of = f" (mapped to Twizzit {row.mapped_to}, {'not listed' if row.may_be_linked else 'listed too'})"
    return f"its name is that of {row.local_id} {row.name}{of if row.mapped else ''}"


def _brief(one: "Waiting", value: object) -> str:
    if value is None:
        return "–"
    if (one.entity, one.column) == ("matches", "date"):
        return kick_off(str(value))
    return f"{one.team_names[value]} ({value})" if type(value) is int and value in one.team_names else brief(value)


def _become(left: "Left") -> str:
    if left.twizzit_id is not None:
        return f"is from now on the one of Twizzit {left.twizzit_id}"
    if left.is_inactive:
        return "is not mapped any more, and is not active: a sync had made it for that one"
    return "is not mapped any more, and stays as it is: look whether it is one row too many"


def _show_done(done: "Resolved") -> None:
    out = console()
    changes = ", ".join(
        f"{column}: {of_column(column, before)} -> {of_column(column, after)}"
        for column, (before, after) in done.changed.items()
    )
    one = done.opponent or ENTITIES[done.entity].one
    what = f"{one} {done.local_id}" if done.local_id is not None else one
    if done.opponent is not None:
        written = "made, and the opponent" if done.made else "the opponent"
        written = f"{written} in every match against that name"
    elif done.resolution != "create":
        written = changes or "nothing had to be written"
    else:
        written = "made" if done.made else "stays as it is; the others are different ones, not asked about again"
    out.print(f"Resolved ({done.resolution}), {what}: {written}")
    if any(done.followed.values()):
        along = " and ".join(plural(count, table.removesuffix("s")) for table, count in done.followed.items() if count)
        out.print(f"Along with it: {along}")
    if done.left is not None:
        out.print(f"{one} {done.left.local_id} {_become(done.left)}")
    out.print(f"Sync history: {done.history_id}")

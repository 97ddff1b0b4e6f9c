"""The organizations of an account of v2, and which of them a credential reads.

What belongs here: reading their rows and the choice. One bad row beside a good one decides nothing.
"""

from collections.abc import Collection, Sequence

from twizzit_pipeline.errors import NotATwizzit, OrganizationNotFound
from twizzit_pipeline.twizzit.records import Organization
from twizzit_pipeline.twizzit.sight import advice, shape
from twizzit_pipeline.twizzit.v2.own_rows import is_plain, log_left_out, own_id, own_name
from twizzit_pipeline.twizzit.wire import Row, folded, text

PATH = "/organizations"


def read_organizations(rows: Sequence[Row]) -> tuple[tuple[Organization, ...], frozenset[Organization]]:
    """The organizations of rows with plain keys, names cleaned; and those of them whose name came with marks that
    cannot be seen, or is none.

    A row without a usable id is left out where another has one, since nothing can be asked of it.

    Raises:
        NotATwizzit: no row has a usable id.
    """
    listed: list[Organization] = []
    ill_named: set[Organization] = set()
    for row in rows:
        id_ = own_id(row.get("id")) or own_id(row.get("organizationid"))
        if id_ is None:
            continue
        said = text(row.get("name")) or text(row.get("organizationname"))
        listed.append(Organization(id_, own_name(said)))
        if not is_plain(said):
            ill_named.add(listed[-1])
    if rows and not listed:
        raise NotATwizzit(
            f"{PATH} lists one without an id, as {shape(rows[0])}: {advice(PATH)}", endpoint=PATH, status=200
        )
    log_left_out(PATH, len(rows) - len(listed))
    return tuple(listed), frozenset(ill_named)


def choose(
    organizations: Sequence[Organization], name: str, *, ill_named: Collection[Organization] = ()
) -> Organization:
    """The organization named like the credential (accents, case and spaces aside), or the account's only one.

    One that is named so only once its name was cleaned gives way to one whose name came as it is.

    Raises:
        OrganizationNotFound: there are several and not exactly one has the name, or there is none at all.
    """
    if len(organizations) == 1:
        return organizations[0]
    if not organizations:
        raise OrganizationNotFound("The account has no organization: ask Twizzit to give it one")
    named = [one for one in organizations if folded(one.name) == folded(name)]
    named = [one for one in named if one not in ill_named] or named
    if len(named) == 1:
        return named[0]
    found = f"{len(named)} of them have" if named else "none of them has"
    raise OrganizationNotFound(
        f"The account has {len(organizations)} organizations and {found} the credential's name: "
        "give the credential the organization's name as it is in Twizzit"
    )

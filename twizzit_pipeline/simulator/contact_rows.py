"""A contact as v2 shows it: with all the personal fields that no table needs, invented here when they are asked for."""

from functools import lru_cache
from random import Random

from twizzit_pipeline.simulator.clubs import words
from twizzit_pipeline.simulator.options import SimulatorOptions
from twizzit_pipeline.simulator.people import CITIES, STREETS
from twizzit_pipeline.simulator.records import Contact, Organization

_NAME_KEYS = {
    "kebab": ("first-name", "last-name"),
    "snake": ("first_name", "last_name"),
    "camel": ("firstName", "lastName"),
    "lower": ("firstname", "lastname"),
}
_NO_PHONE = {"target": "", "cc": "", "number": ""}
CONTINUOUS_MEMBERSHIP = 1


def contact_row(contact: Contact, options: SimulatorOptions) -> dict[str, object]:
    """The row of ``/contacts``. The same contact shows the same details every time."""
    row: dict[str, object] = {"id": contact.id, **_names(contact, options), **_details(options.seed, contact.id)}
    row["gender"], row["number"] = contact.gender, contact.number
    return row


@lru_cache(maxsize=20_000)
def _details(seed: int, contact_id: int) -> dict[str, object]:
    """What is invented, in the order in which v2 shows it. Most contacts are listed many times; never changed."""
    random = Random(f"contact/{seed}/{contact_id}")  # noqa: S311 - invented details
    row: dict[str, object] = {"date-of-birth": None if random.random() < 0.05 else _day(random, 1960, 2018)}
    row["gender"] = None
    row["nationality"] = random.choice(("BE", "BE", "BE", "NL", "FR", None))
    row["language"] = random.choice(("NL", "NL", "FR"))
    row["account-number"] = f"BE{random.randrange(10**14):014d}" if random.random() < 0.2 else ""
    row["registry-number"] = f"{random.randrange(10**11):011d}" if random.random() < 0.3 else None
    row["number"] = None
    row["email-1"] = {"target": "own", "email": f"p{contact_id}@example.org"}
    row["email-2"] = (
        {"target": "parent", "email": f"ouder{contact_id}@example.org"} if random.random() < 0.4 else _no_email()
    )
    row["email-3"] = _no_email()
    row["mobile-1"] = {"target": "own", "cc": "32", "number": f"4000{random.randrange(10**5):05d}"}
    row["mobile-2"], row["mobile-3"], row["phone"] = dict(_NO_PHONE), dict(_NO_PHONE), dict(_NO_PHONE)
    row["address"] = _address(random)
    row["has-profile-image"] = random.random() < 0.3
    row["extra-field-values"] = [_shirt_size(random)] if random.random() < 0.3 else []
    return row


def membership_row(contact: Contact, organization: Organization) -> dict[str, object]:
    """The row of ``/memberships``: one for each contact, most of them running."""
    return {
        "id": contact.id * 10 + 1,
        "contact-id": contact.id,
        "membership-type-id": CONTINUOUS_MEMBERSHIP,
        "season-id": None,
        "start-date": f"{2012 + contact.id % 13}-09-01",
        "end-date": "" if has_membership(contact) else "2024-06-30",
        "club-id": None if contact.id % 37 == 0 else organization.id,
    }


def has_membership(contact: Contact) -> bool:
    """Whether the contact's membership runs today."""
    return contact.id % 23 != 0


def _names(contact: Contact, options: SimulatorOptions) -> dict[str, object]:
    if options.names == "last_first":
        return {"name": " ".join(part for part in (contact.last_name, contact.first_name) if part) or None}
    if options.names == "first_last":
        return {"name": contact.name}
    first, last = _NAME_KEYS[options.name_keys]
    return {"name": contact.name, first: contact.first_name, last: contact.last_name}


def _day(random: Random, first_year: int, last_year: int) -> str:
    return f"{random.randint(first_year, last_year)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"


def _no_email() -> dict[str, str]:
    return {"target": "", "email": ""}


def _address(random: Random) -> dict[str, object]:
    postal_code, city = random.choice(CITIES)
    return {
        "street": random.choice(STREETS),
        "number": str(random.randint(1, 240)),
        "box": random.choice(("", "", "", "A", "2")),
        "postalCode": postal_code,
        "city": city,
        "country": words("Belgium", "België", "Belgique"),
    }


def _shirt_size(random: Random) -> dict[str, object]:
    field = {"id": 31, "name": words("Shirt size", "Maat", "Taille"), "type": "select", "location": "contact"}
    return {
        "extraField": {**field, "extraFieldAttributes": []},
        "value": {"value": random.choice(("S", "M", "L", "XL")), "attributes": []},
    }

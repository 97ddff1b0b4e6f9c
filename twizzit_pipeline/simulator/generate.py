"""Makes a world: deterministic by its options and day, whatever Python's hash seed.

What belongs here: who exists and who is in which team. Details that only a full contact row shows (addresses, birth
dates) are made when they are asked for, in `contact_rows`, so that a federation of 160,000 people is made in a moment.
"""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time
from random import Random
from zoneinfo import ZoneInfo

from twizzit_pipeline.simulator import clubs, people
from twizzit_pipeline.simulator.options import SimulatorOptions
from twizzit_pipeline.simulator.records import Account, ClubReference, Contact, Group, Link, Organization, Season
from twizzit_pipeline.simulator.roster_quirks import apply_roster_quirks
from twizzit_pipeline.simulator.world import World

FIRST_ORGANIZATION_ID = 4101
FEDERATION_ID = 4001
OTHER_CLUB_ID = 700


def make_world(options: SimulatorOptions | None = None) -> World:
    """A world of these options.

    The running season is the one of `options.today`. The clubs also have the season before, except the third, which is
    new. Contacts keep their ids from season to season, groups do not.
    """
    options = options or SimulatorOptions()
    made_at = _belgian_moment(options.today)
    today = made_at.date()
    year = today.year if today >= date(today.year, 7, 1) else today.year - 1
    seasons = [Season.starting(year - 1), Season.starting(year)]
    if options.next_season != "none":
        seasons.append(Season.starting(year + 1))
    organizations = [_club(options, index, seasons) for index in range(options.clubs)]
    if options.federation:
        organizations.append(_federation(options, seasons, organizations[:2]))
    world = World(options=options, made_at=made_at, seasons=tuple(seasons), organizations=organizations)
    apply_roster_quirks(world)
    return world


def _belgian_moment(day: date | None) -> datetime:
    """The minute on the clocks of Belgium, without a zone as Twizzit writes it; on another day at that same hour.

    Day and hour are of one reading: a clock in UTC shows another day than Belgium for an hour or two of each night.
    """
    now = datetime.now(ZoneInfo("Europe/Brussels"))
    return datetime.combine(day or now.date(), time(now.hour, now.minute))


class _People:
    """Makes the contacts of one organization, one id after the other."""

    def __init__(self, random: Random, organization: Organization, first_id: int) -> None:
        self._random = random
        self._organization = organization
        self._next_id = first_id
        self._folded: set[str] = set()

    def named(self, first_name: str | None, last_name: str | None, gender: object, number: object = None) -> Contact:
        contact = Contact(self._next_id, first_name, last_name, gender, number)
        self._next_id += 1
        self._organization.contacts[contact.id] = contact
        return contact

    def distinct(self, number: object = None) -> Contact:
        """A person with a name that no other of the same club has, accents and case aside (see `new_club`)."""
        while True:
            female = self._random.random() < 0.5
            first = self._random.choice(people.FIRST_NAMES_FEMALE if female else people.FIRST_NAMES_MALE)
            last = self._random.choice(people.LAST_NAMES)
            folded = unicodedata.normalize("NFKD", f"{first} {last}").encode("ascii", "ignore").decode().casefold()
            if folded not in self._folded:
                self._folded.add(folded)
                return self.named(first, last, "F" if female else "M", number)

    def quick(self) -> Contact:
        """A person whose name others may have too: for tens of thousands."""
        female = self._random.random() < 0.5
        first = self._random.choice(people.FIRST_NAMES_FEMALE if female else people.FIRST_NAMES_MALE)
        return self.named(first, self._random.choice(people.LAST_NAMES), "F" if female else "M")

    def new_club(self) -> None:
        """From here on names may be given out again."""
        self._folded.clear()


def _organization(
    options: SimulatorOptions, id_: int, name: str, reads: Sequence[int], season_ids: list[int]
) -> Organization:
    random = Random(f"account/{options.seed}/{id_}")  # noqa: S311 - an invented password of an invented club
    word = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = "".join(letter if letter.isalnum() else "-" for letter in word).strip("-").replace("--", "-")
    password = f"{random.choice(people.LAST_NAMES).lower()}-{random.getrandbits(64):016x}"
    account = Account(f"{slug}.api", password, tuple(reads))
    return Organization(id_, name, account, tuple(season_ids))


def _club(options: SimulatorOptions, index: int, seasons: list[Season]) -> Organization:
    own_seasons = seasons[1:] if index == 2 else seasons
    id_ = FIRST_ORGANIZATION_ID + index
    season_ids = [season.id for season in own_seasons]
    organization = _organization(options, id_, clubs.club_name(index), [id_], season_ids)
    random = Random(f"club/{options.seed}/{index}")  # noqa: S311 - the same world for the same seed
    builder = _Builder(options, random, organization, seasons, first_id=1_000_000 * (index + 1))
    builder.club(None, awkward=index + 1 not in options.tidy)
    for _ in range(options.other_contacts - len(builder.leavers)):
        builder.people.distinct()
    return organization


def _federation(options: SimulatorOptions, seasons: list[Season], readable: list[Organization]) -> Organization:
    reads = [FEDERATION_ID, *(organization.id for organization in readable)]
    season_ids = [season.id for season in seasons]
    organization = _organization(options, FEDERATION_ID, clubs.FEDERATION_NAME, reads, season_ids)
    random = Random(f"federation/{options.seed}")  # noqa: S311 - the same world for the same seed
    builder = _Builder(options, random, organization, seasons, first_id=500_000_000)
    for index in range(options.federation_clubs):
        if index < len(readable):
            reference = ClubReference(readable[index].id, readable[index].name, as_organization=True)
        else:
            reference = ClubReference(OTHER_CLUB_ID + index, clubs.club_name(options.clubs + index))
        builder.club(reference, awkward=index == 0)
    for _ in range(options.federation_contacts - len(organization.contacts)):
        builder.people.quick()
    return organization


class _Builder:
    """Fills one organization, club by club."""

    def __init__(
        self,
        options: SimulatorOptions,
        random: Random,
        organization: Organization,
        seasons: list[Season],
        first_id: int,
    ) -> None:
        self._options = options
        self._random = random
        self._organization = organization
        self._seasons = [season for season in seasons if season.id in organization.season_ids]
        self._running = seasons[1]
        self._next_group_id = first_id // 10 + 1
        self.people = _People(random, organization, first_id + 1)
        self.leavers: list[Contact] = []

    def club(self, reference: ClubReference | None, *, awkward: bool) -> None:
        """The teams, committees and people of one club, in every season of the organization."""
        self.people.new_club()
        rosters = [self._roster(index) for index in range(self._options.teams)]
        self.leavers = [self.people.distinct() for _ in range(min(self._options.teams, self._options.other_contacts))]
        coaches = [self.people.distinct() for _ in rosters]
        board = [self.people.distinct() for _ in range(4)]
        if awkward:
            _make_awkward(self.people, rosters)
        for season in self._seasons:
            groups = [self._team(season, index, reference) for index in range(self._options.teams)]
            if season.start > self._running.start:
                self._fill(groups, rosters[:2] if self._options.next_season == "filled" else [], [])
            elif season.start < self._running.start:
                self._fill(groups, self._earlier(rosters), coaches)
            else:
                self._fill(groups, rosters, coaches)
                self._share_people(groups, rosters)
                if awkward:
                    self._nameless_team(season, rosters, groups)
            self._committees(season, board, coaches)

    def _roster(self, index: int) -> list[Contact]:
        # Teams number their shirts where the one before left off, more or less: some numbers of a club are given twice.
        wanted = self._options.players_per_team
        first = 1 + (index * wanted) % 900
        numbers = self._random.sample(range(first, first + wanted + 2), wanted)
        return [self.people.distinct(number) for number in numbers]

    def _group(self, group: Group) -> Group:
        self._next_group_id += 1
        self._organization.groups[group.id] = group
        self._organization.rosters[group.id] = []
        return group

    def _team(self, season: Season, index: int, reference: ClubReference | None) -> Group:
        category, short, _ = clubs.CATEGORIES[index % len(clubs.CATEGORIES)]
        number = index // len(clubs.CATEGORIES) + 1
        name = f"{category} {number}"
        if index == 3:  # typed in a hurry
            name = f"{category}  {number} "
        return self._group(
            Group(
                id=self._next_group_id,
                season_id=season.id,
                name=name,
                short_name=f"{short}{number}",
                category_id=self._organization.id * 10 + index % len(clubs.CATEGORIES),
                club=reference,
            )
        )

    def _fill(self, groups: list[Group], rosters: list[list[Contact]], coaches: list[Contact]) -> None:
        for group, roster in zip(groups, rosters, strict=False):
            self._organization.rosters[group.id] = [Link(contact.id, clubs.PLAYER) for contact in roster]
        for group, coach in zip(groups, coaches, strict=False):
            self._organization.rosters[group.id].insert(0, Link(coach.id, clubs.COACH))

    def _earlier(self, rosters: list[list[Contact]]) -> list[list[Contact]]:
        """Last season's rosters: a quarter had not come yet, one per team played a team lower, one has left since."""
        earlier = []
        for index, roster in enumerate(rosters):
            came_later = {contact.id for place, contact in enumerate(roster) if place % 4 == 3}
            promoted = {roster[0].id} if roster and index > 0 else set()
            before = [contact for contact in roster if contact.id not in came_later | promoted]
            if index + 1 < len(rosters) and rosters[index + 1]:
                before.append(rosters[index + 1][0])
            earlier.append(before + self.leavers[index : index + 1])
        return earlier

    def _share_people(self, groups: list[Group], rosters: list[list[Contact]]) -> None:
        """People in two teams, and players who coach or help: another team, or their own."""
        for index, group in enumerate(groups):
            links = self._organization.rosters[group.id]
            below, own = rosters[(index + 1) % len(rosters)], rosters[index]
            if len(below) > 2 and index % 2 == 0 and below is not own:
                links.append(Link(below[len(below) // 2].id, clubs.PLAYER))
            if len(below) > 2:
                links.append(Link(below[1].id, clubs.DELEGATE if index % 2 else clubs.COACH))
            if len(own) > 3 and index % 3 == 0:
                links.append(Link(own[2].id, clubs.COACH))

    def _nameless_team(self, season: Season, rosters: list[list[Contact]], groups: list[Group]) -> None:
        group = self._group(
            Group(self._next_group_id, season.id, "", None, category_id=groups[0].category_id if groups else None)
        )
        people_ = rosters[0][:2] if rosters else []
        self._organization.rosters[group.id] = [Link(contact.id, clubs.PLAYER) for contact in people_]

    def _committees(self, season: Season, board: list[Contact], coaches: list[Contact]) -> None:
        for name, short in clubs.COMMITTEES:
            group = self._group(Group(self._next_group_id, season.id, name, short, is_team=False))
            links = [Link(board[0].id, clubs.CHAIR), *(Link(contact.id, clubs.MEMBER) for contact in board[1:])]
            links += [Link(coach.id, clubs.MEMBER) for coach in coaches[:2]]
            self._organization.rosters[group.id] = links


def _make_awkward(maker: _People, rosters: list[list[Contact]]) -> None:
    """Rows that must be rejected, one of each kind, and odd ones that must not."""
    if not rosters:
        return
    rejected = [
        maker.named(None, None, "M", 3),
        maker.named("Edmée", people.TOO_LONG_LAST_NAME, "F", 4),
        maker.named("Zoë", None, "F", 5),
        maker.named("  ", "Moens", "M", 6),
    ]
    for place, contact in enumerate(rejected):
        rosters[place % len(rosters)].append(contact)
    players = [contact for roster in rosters for contact in roster if contact not in rejected]
    spellings: tuple[tuple[object, object], ...] = (
        (None, None),
        ("X", "X"),
        ("male", "female"),
        ("man", "vrouw"),
        ("1", "2"),
        (1, 2),
    )
    for contact, (male, female) in zip(players[1::7], spellings, strict=False):
        contact.gender = male if contact.gender == "M" else female
    numbers = ("A7", -1, "", None, "8", " 9 ", "10")
    for contact, number in zip(players[2::5], numbers, strict=False):
        contact.number = number
    if len(players) > 3:
        players[3].first_name, players[3].last_name = " José ", "Van  den Broeck "

"""What is judged of each asset, rule by rule, and which of its checks a rule belongs to.

What belongs here: the lists. A person reads at most four checks an asset (`CONTRACT`, `COMPLETENESS`, `VOLUME` and
`CONSISTENCY`), each made of the rules named here; `checks` turns rules into them. Another rule is a line in a list, and
in `docs/checks.md`: what a step itself reports of it, or what `quality` finds under its name, needs no other code.

The rules of each entity follow from `entities.py`: its contract's with `SCAN_QUALITY`, and `MAPPING_RULES`; where a
name may well come twice (`quality` asks for none), without the one about names. `_ALSO` has what one alone has besides.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from twizzit_pipeline.contracts.rules import contract_of
from twizzit_pipeline.contracts.rules.matches import MATCH_MINUTES
from twizzit_pipeline.contracts.rules.rule import Rule
from twizzit_pipeline.entities import COMPETITIONS, ENTITIES, MATCHES, PLAYERS, Entity
from twizzit_pipeline.quality import JUDGED, TOLERATED, names
from twizzit_pipeline.quality.findings import Tolerance

CONTRACT = "contract"
COMPLETENESS = "completeness"
VOLUME = "volume"
CONSISTENCY = "consistency"

ROSTERS_READ = "every_roster_was_read"
ITEMS_APPLIED = "every_item_was_applied"
LINKS_CLEAR = "no_doubtful_link"
NO_WARNINGS = "nothing_to_look_at"
STILL_LISTED = "every_match_is_still_listed"
DEPARTURES_DECIDED = "departures_decided"


@dataclass(frozen=True, slots=True)
class AssetRule:
    """A rule about an asset's rows, as part of one of its checks.

    Attributes:
        name: stable; the name of a contract's rule, of a finding of `quality`, or of what a step reports.
        check: the check that it is folded into.
        holds: what is true where the rule is kept, in one line.
        tolerated: how many may fall short before it warns; None where none may.
        column: the column that it judges, if it judges one.
    """

    name: str
    check: str
    holds: str
    tolerated: Tolerance | None = None
    column: str | None = None


Rules = tuple[AssetRule, ...]


def contract_rules(rules: Iterable[Rule]) -> Rules:
    """Every rule of a contract; what is set aside is as it should be, and is none of a check's."""
    return tuple(
        AssetRule(rule.name, CONTRACT, _said(rule), TOLERATED.get(rule.name), rule.column)
        for rule in rules
        if rule.kind != "set_aside"
    )


def _said(rule: Rule) -> str:
    tolerated = TOLERATED.get(rule.name)
    return rule.description if tolerated is None else f"{rule.description}; {tolerated.share:.0%} may lack it"


SCAN_QUALITY: Rules = (
    AssetRule(names.FEW_REJECTED, VOLUME, "At most 5% of what Twizzit lists breaks a rule; more than 20% is an error"),
    AssetRule(names.VOLUME, VOLUME, "Not half of the usual number is gone, against this season's last ten syncs"),
    AssetRule(names.SET_ASIDE_AS_USUAL, VOLUME, "No reason sets aside many more rows than usual, or a whole team"),
    AssetRule(names.NAMESAKES, CONSISTENCY, "No two have one name in the same club: two such rows may be one"),
)
MAPPING_RULES: Rules = (
    AssetRule(ITEMS_APPLIED, COMPLETENESS, "Every valid row of the scan ended in ShotSpot's tables"),
    AssetRule(LINKS_CLEAR, COMPLETENESS, "No row fits several of ShotSpot's; where several fit, none is linked"),
    AssetRule(names.COMPLETE, COMPLETENESS, "Every row of the scan has a mapping, or is among the items that failed"),
    AssetRule(DEPARTURES_DECIDED, COMPLETENESS, "No departure is held back until a person approves or refuses it"),
    AssetRule(NO_WARNINGS, CONSISTENCY, "Nothing was applied otherwise than Twizzit has it (a shirt number left out)"),
    AssetRule(names.SOMEWHERE, CONSISTENCY, "Every mapping points at a row of ShotSpot that is in the right place"),
    AssetRule(names.CONFLICTS, CONSISTENCY, "No field that both sides changed waits for a person's decision"),
    AssetRule(names.OWNED, CONSISTENCY, "Every mapping in the credential's clubs belongs to a credential"),
    AssetRule(names.NAMESAKES, CONSISTENCY, "No two in ShotSpot have one name in the same club"),
    AssetRule(names.VOLUME, VOLUME, "Not half of the usual number of mappings is gone, against the last ten syncs"),
    AssetRule(names.SET_ASIDE_AS_USUAL, VOLUME, "No reason sets aside a tenth of the items more than usual"),
)
# What one entity has besides, by the asset.
_ALSO: Mapping[str, Rules] = {
    PLAYERS.snapshot: (AssetRule(ROSTERS_READ, COMPLETENESS, "The players of every team could be read"),),
    PLAYERS.mappings: (
        AssetRule(
            names.REGISTRATION,
            CONSISTENCY,
            "Who has a mapping is registered in ShotSpot, and no others are",
            column="is_twizzit_registered",
        ),
    ),
    MATCHES.snapshot: (AssetRule(names.HAVE_MATCHES, CONSISTENCY, "Every competition of the season has a match"),),
    MATCHES.mappings: (
        AssetRule(STILL_LISTED, COMPLETENESS, "Every match that a sync brought is still in Twizzit's calendar"),
        AssetRule(names.TWO_CLUBS, CONSISTENCY, "Every match is between two clubs"),
        AssetRule(names.IN_SEASON, CONSISTENCY, "Every game lies within its season's days, wherever it was moved to"),
        AssetRule(
            names.ONE_AT_A_TIME,
            CONSISTENCY,
            f"No team of the clubs at hand has two games within {MATCH_MINUTES} minutes",
        ),
    ),
}
_NEVER_DEPART = frozenset({COMPETITIONS.name})
LATE = "nobody_is_late"
BROKEN = "every_configuration_works"
CONFIGURATION_RULES: Rules = (
    AssetRule(BROKEN, CONTRACT, "Every credential that is to sync by itself can"),
    AssetRule(
        LATE,
        COMPLETENESS,
        "Every credential that syncs by itself has, within twice its interval; a paused one may wait",
    ),
)


def _scan_rules(of: Entity) -> Rules:
    found = (*contract_rules(contract_of(of.name)), *_ALSO.get(of.snapshot, ()), *SCAN_QUALITY)
    return _without(found, {names.NAMESAKES} if JUDGED[of.name].scanned_names is None else set())


def _mapping_rules(of: Entity) -> Rules:
    out = {names.NAMESAKES} if JUDGED[of.name].local_names is None else set()
    out |= {DEPARTURES_DECIDED} if of.name in _NEVER_DEPART else set()
    return (*_without(MAPPING_RULES, out), *_ALSO.get(of.mappings, ()))


def _without(rules: Rules, out: Collection[str]) -> Rules:
    return tuple(rule for rule in rules if rule.name not in out)


# Asset → its rules.
RULES_OF: Mapping[str, Rules] = {
    "twizzit_sync_config": CONFIGURATION_RULES,
    **{each.snapshot: _scan_rules(each) for each in ENTITIES.values()},
    **{each.mappings: _mapping_rules(each) for each in ENTITIES.values()},
}


def checks_of(rules: Rules) -> tuple[str, ...]:
    """The checks that these rules make, in the order in which people read them."""
    made = {rule.check for rule in rules}
    return tuple(check for check in (CONTRACT, COMPLETENESS, VOLUME, CONSISTENCY) if check in made)

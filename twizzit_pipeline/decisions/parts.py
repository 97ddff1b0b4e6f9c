"""The part of a plan of matches that a decision is about: what a side is called is read from all matches of a scan."""

from collections.abc import Collection, Mapping

from twizzit_pipeline.plan import Plan

# The columns of a game and of its teams that name a row which the same plan may make.
_POINTED: Mapping[str, str] = {
    "season_id": "seasons",
    "club_id": "clubs",
    "home_club_id": "clubs",
    "away_club_id": "clubs",
    "home_team_id": "teams",
    "away_team_id": "teams",
}
_SIDES = ("home_team_id", "away_team_id")


def of_matches(plan: Plan, remote_ids: Collection[str]) -> Plan:
    """Of a plan the changes of these matches, with the rows to be made that they name, and theirs.

    What is remembered of their opponents and the teams of their competitions come along.
    """
    kept = [change for change in plan.changes if change.table == plan.table and change.twizzit_id in remote_ids]
    games = list(kept)
    for change in kept:  # grows meanwhile
        named = {(_POINTED[name], value) for name, value in change.values.items() if name in _POINTED}
        kept += [one for one in plan.changes if (one.table, one.row_id) in named and one.row_id < 0 and one not in kept]
    playing = {(game.values["competition_id"], game.values[side]) for game in games for side in _SIDES}
    kept += [
        one
        for one in plan.changes
        if (one.table == "twizzit_opponents" and one.values["team_id"] in {team_id for _, team_id in playing})
        or (one.table == "competition_teams" and (one.values["competition_id"], one.values["team_id"]) in playing)
    ]
    failed = [item for item in plan.failed if item.twizzit_id in remote_ids]
    return Plan(plan.entity, changes=[change for change in plan.changes if change in kept], failed=failed)

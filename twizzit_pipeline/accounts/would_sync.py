"""Which teams a sync of the running season would bring: asked before the first one, so that a club recognizes itself.

What belongs here: the question and its answer. Nothing is written. Names of teams are no personal data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from twizzit_pipeline.errors import AccessDenied, FormatChanged, NotATwizzit
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.twizzit.client import TwizzitClient
from twizzit_pipeline.twizzit.records import Season


@dataclass(frozen=True, slots=True)
class TeamsToCome:
    """What a sync of teams would do.

    Attributes:
        season: the label of the running season.
        names: of the teams that would come, by name.
        rejected: how many distinct rows break a rule of the contract.
        set_aside: groups that are no teams, or are listed twice.
        other_clubs: names of clubs that teams name in place of the organization: only a federation's come.
        trouble: why the teams could not be read; None where they could.
    """

    season: str
    names: tuple[str, ...] = ()
    rejected: int = 0
    set_aside: int = 0
    other_clubs: tuple[str, ...] = ()
    trouble: str | None = None


def teams_to_come(client: TwizzitClient, listed: Sequence[Season], *, day: date, season_start: str) -> TeamsToCome:
    """The teams of the season that runs on `day`, as a sync would read and judge them; a call or two.

    Args:
        listed: the account's seasons, one at least.

    Raises:
        TwizzitPipelineError: Twizzit did not answer, or refuses the login. What a sync would be refused is `trouble`.
    """
    from twizzit_pipeline.contracts.teams import check_teams  # noqa: PLC0415  (frames)
    from twizzit_pipeline.transform.teams import teams_frame  # noqa: PLC0415

    season = seasons.running_of(listed, day=day, season_start=season_start)
    try:
        read = client.source.teams(season)
        checked = check_teams(teams_frame(read.teams))
    except (AccessDenied, NotATwizzit, FormatChanged) as error:
        return TeamsToCome(season.label, trouble=" ".join(str(error).split()))
    names = sorted(map(str, checked.valid["name"]), key=str.casefold)
    rejected = len({one.twizzit_id for one in checked.rejected})
    others = sorted({str(name) for name in checked.valid["club_name"].dropna()}, key=str.casefold)
    set_aside = len(read.set_aside) + len(checked.set_aside)
    return TeamsToCome(season.label, tuple(names), rejected, set_aside, tuple(others))

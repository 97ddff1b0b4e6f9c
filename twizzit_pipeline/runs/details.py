"""What the `details` of a history row are called: the keys of that JSON, and the words in them.

What belongs here: names alone. `history` writes them; notifications, checks and queries read them.
"""

PLAYERS_NOT_READ = "players_not_read"  # the reason why a team, not a player, is a failed item of the players
# What the details of a sync of everything count, to compare the next ones with.
LISTED = "listed"  # distinct remote ids in the snapshot
MAPPINGS = "mappings"  # rows of the mapping table that belong to the credential
CLUBS = "clubs"  # of a federation's credential: how many clubs of ShotSpot it feeds, and their ids
DECIDES = "decides"  # false: the season is an older one, whose sync overwrote nothing
# What the details of matches count besides: what was made for opponents that ShotSpot did not have.
OPPONENT_CLUBS = "opponent_clubs"
OPPONENT_TEAMS = "opponent_teams"
COMPETITION_TEAMS = "competition_teams"  # teams added to ShotSpot's competitions
REPAIR = "repair"  # true: every mapped row as Twizzit has it was asked for
REPAIRED = "repaired"  # column → rows in which a repair, and no other reason, wrote Twizzit's value
QUESTIONS = "questions"  # conflicts and doubtful links of the entity that wait for a person
NEW_QUESTIONS = "new_questions"  # those of them that this sync asked
QUESTIONS_OF = "questions_of"  # the same by kind: field, doubtful_link, opponent
NEW_QUESTIONS_OF = "new_questions_of"
# What became of the rows that were read, and of those that are not meant to come: see `Account`.
ROWS = "rows"
SET_ASIDE = "set_aside"
NEVER_BEGAN = "never_began"  # the run failed before its first step: it read nothing, and counted nothing
PLACES = "places"  # remote id of a person rejected or set aside → the remote teams that list them
MOST_PLACES = 2000
EVENT_TYPES = "event_types"  # names of the account's types of events: those that are matches, and the others
UNKNOWN_WORDS = "unknown_words"  # list of the configuration → word of the account that is not known → rows with it
TEAM_PLAYERS = "team_players"  # remote team id → how many players it has, to compare the next syncs with
GROUP_NOT_FOUND = "group_not_found"  # the request names a team that the account does not list in this season
# What waits for a person, for proof, or is over: see `docs/departures.md`.
DEPARTURES = "departures"
SEASON_BEFORE_READ = "season_before_read"  # true: the rosters of the season before were looked at for who has left

PLAN_WAITS = "plan_waits"  # the plan that the sync stopped at

# The direction and the type of a row that is no sync: what a person decided; in its details, of which conflict.
DECISION = "decision"
# The direction and the type of an undo's own row; which rows it undid, and how many rows of the database it wrote.
UNDO = "undo"
UNDONE = "undone"
UNDO_ROWS = "undo_rows"
NO_SYNCS = (DECISION, UNDO)

# The entity of a row whose type, ShotSpot's word, says less: matches are recorded as `competitions`.
ENTITY = "entity"

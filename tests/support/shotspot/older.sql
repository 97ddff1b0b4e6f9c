-- A ShotSpot database as the guide's migrations leave it, with rows: before player registration, names unique.
CREATE TABLE users (id serial PRIMARY KEY, username varchar(50) NOT NULL UNIQUE, role varchar(20) NOT NULL);
CREATE TABLE clubs (
    id serial PRIMARY KEY, name varchar(100) NOT NULL UNIQUE, logo_url text,
    created_at timestamptz DEFAULT CURRENT_TIMESTAMP, updated_at timestamptz DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE seasons (
    id serial PRIMARY KEY, name varchar(100) NOT NULL, start_date date NOT NULL, end_date date NOT NULL,
    season_type varchar(20) CHECK (season_type IN ('indoor', 'outdoor', 'mixed')), is_active boolean DEFAULT false,
    created_at timestamptz DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT valid_dates CHECK (end_date >= start_date)
);
CREATE TABLE teams (
    id serial PRIMARY KEY, club_id integer NOT NULL REFERENCES clubs (id) ON DELETE CASCADE,
    name varchar(100) NOT NULL, age_group varchar(20), gender varchar(10) CHECK (gender IN ('male', 'female', 'mixed')),
    season_id integer REFERENCES seasons (id) ON DELETE SET NULL, is_active boolean DEFAULT true,
    created_at timestamptz DEFAULT CURRENT_TIMESTAMP, updated_at timestamptz DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (club_id, name, season_id)
);
CREATE INDEX idx_teams_club ON teams (club_id);
CREATE TABLE players (
    id serial PRIMARY KEY, club_id integer REFERENCES clubs (id) ON DELETE SET NULL,
    team_id integer REFERENCES teams (id) ON DELETE SET NULL,
    first_name varchar(50) NOT NULL, last_name varchar(50) NOT NULL, jersey_number integer,
    gender varchar(10) CHECK (gender IN ('male', 'female')), is_active boolean DEFAULT true,
    created_at timestamptz DEFAULT CURRENT_TIMESTAMP, updated_at timestamptz DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (club_id, jersey_number)
);
CREATE TABLE competitions (
    id serial PRIMARY KEY, name varchar(255) NOT NULL,
    competition_type varchar(50) NOT NULL CHECK (competition_type IN ('tournament', 'league')),
    season_id integer REFERENCES seasons (id), start_date date NOT NULL, end_date date,
    status varchar(50) DEFAULT 'upcoming', settings jsonb DEFAULT '{}'
);
CREATE TABLE games (
    id serial PRIMARY KEY, home_club_id integer NOT NULL REFERENCES clubs (id),
    away_club_id integer NOT NULL REFERENCES clubs (id), home_team_id integer REFERENCES teams (id),
    away_team_id integer REFERENCES teams (id), season_id integer REFERENCES seasons (id),
    date timestamp NOT NULL, status varchar(20) NOT NULL DEFAULT 'scheduled',
    home_score integer DEFAULT 0, away_score integer DEFAULT 0, CHECK (home_club_id <> away_club_id)
);
CREATE TABLE twizzit_credentials (
    id serial PRIMARY KEY, organization_name varchar(255) NOT NULL UNIQUE, api_username varchar(255) NOT NULL,
    encrypted_password text NOT NULL, encryption_iv text NOT NULL,
    api_endpoint varchar(500) DEFAULT 'https://api.twizzit.com/v1', is_active boolean DEFAULT true,
    last_verified_at timestamp, created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE twizzit_sync_config (
    id serial PRIMARY KEY, credential_id integer UNIQUE REFERENCES twizzit_credentials (id) ON DELETE CASCADE,
    sync_teams boolean DEFAULT true, sync_players boolean DEFAULT true, sync_competitions boolean DEFAULT true,
    sync_interval_minutes integer DEFAULT 60, auto_sync_enabled boolean DEFAULT false,
    last_sync_at timestamp, next_sync_at timestamp,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP, updated_at timestamp DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE twizzit_team_mappings (
    id serial PRIMARY KEY, local_team_id integer UNIQUE REFERENCES teams (id) ON DELETE CASCADE,
    twizzit_team_id varchar(100) NOT NULL UNIQUE, twizzit_team_name varchar(255), last_synced_at timestamp,
    sync_status varchar(50) DEFAULT 'pending', sync_error text,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP, updated_at timestamp DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE twizzit_player_mappings (
    id serial PRIMARY KEY, local_player_id integer UNIQUE REFERENCES players (id) ON DELETE CASCADE,
    twizzit_player_id varchar(100) NOT NULL UNIQUE, twizzit_player_name varchar(255),
    team_mapping_id integer REFERENCES twizzit_team_mappings (id) ON DELETE CASCADE, last_synced_at timestamp,
    sync_status varchar(50) DEFAULT 'pending', sync_error text,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP, updated_at timestamp DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE twizzit_competition_mappings (
    id serial PRIMARY KEY, local_competition_id integer UNIQUE REFERENCES competitions (id) ON DELETE CASCADE,
    twizzit_competition_id varchar(100) NOT NULL UNIQUE, twizzit_competition_name varchar(255), season varchar(50),
    last_synced_at timestamp, sync_status varchar(50) DEFAULT 'pending', sync_error text,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP, updated_at timestamp DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE twizzit_sync_history (
    id serial PRIMARY KEY, credential_id integer REFERENCES twizzit_credentials (id) ON DELETE CASCADE,
    sync_type varchar(50) NOT NULL, sync_direction varchar(20) NOT NULL, status varchar(50) NOT NULL,
    items_processed integer DEFAULT 0, items_succeeded integer DEFAULT 0, items_failed integer DEFAULT 0,
    error_message text, started_at timestamp NOT NULL, completed_at timestamp,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_twizzit_history_started ON twizzit_sync_history (started_at);

INSERT INTO users (username, role) VALUES ('beheer', 'admin');
INSERT INTO clubs (name) VALUES ('KC Noord'), ('KC Zuid');
INSERT INTO seasons (name, start_date, end_date, season_type) VALUES ('2025-2026', '2025-07-01', '2026-06-30', 'mixed');
INSERT INTO teams (club_id, name, season_id) VALUES (1, 'Noord 1', 1), (1, 'Noord 2', NULL), (2, 'Zuid 1', 1);
INSERT INTO players (club_id, team_id, first_name, last_name, jersey_number, gender)
    VALUES (1, 1, 'Één', 'Van den Eerste', 1, 'female'), (1, 1, 'Twee', 'D''Tweede', 2, 'male'), (2, 3, 'Drie', 'Derde', 1, NULL);
INSERT INTO competitions (name, competition_type, start_date, status) VALUES ('Beker', 'tournament', '2025-09-01', 'gepland');
INSERT INTO games (home_club_id, away_club_id, date) VALUES (1, 2, '2025-10-04 15:00');
INSERT INTO twizzit_credentials (organization_name, api_username, encrypted_password, encryption_iv)
    VALUES ('KC Noord', 'noord', '00ff', '11ee'), ('KC Zuid', 'zuid', '22dd', '33cc');
INSERT INTO twizzit_sync_config (credential_id) VALUES (1);
INSERT INTO twizzit_team_mappings (local_team_id, twizzit_team_id, twizzit_team_name)
    VALUES (1, '501', 'Noord 1'), (3, '502', 'Zuid 1');
INSERT INTO twizzit_player_mappings (local_player_id, twizzit_player_id, team_mapping_id) VALUES (1, '9001', 1), (3, '9003', 2);
INSERT INTO twizzit_competition_mappings (local_competition_id, twizzit_competition_id, season) VALUES (1, '77', '2025-2026');
INSERT INTO twizzit_sync_history (credential_id, sync_type, sync_direction, status, started_at, items_processed)
    VALUES (1, 'teams', 'import', 'success', '2025-09-01 10:00', 2);

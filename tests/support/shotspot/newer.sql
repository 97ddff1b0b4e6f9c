-- What newer ShotSpot databases changed, run after older.sql: the link's old name, registration by trigger, names free.
ALTER TABLE twizzit_team_mappings RENAME COLUMN local_team_id TO local_club_id;
ALTER TABLE twizzit_credentials DROP CONSTRAINT twizzit_credentials_organization_name_key;
ALTER TABLE competitions ADD COLUMN is_official boolean DEFAULT true;
ALTER TABLE games ADD COLUMN competition_id integer REFERENCES competitions (id);
ALTER TABLE players ADD COLUMN is_twizzit_registered boolean DEFAULT false, ADD COLUMN twizzit_verified_at timestamp;
UPDATE players SET is_twizzit_registered = true WHERE id IN (1, 3);
CREATE FUNCTION sync_registration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE players SET is_twizzit_registered = true, twizzit_verified_at = CURRENT_TIMESTAMP WHERE id = NEW.local_player_id;
        RETURN NEW;
    END IF;
    UPDATE players SET is_twizzit_registered = false WHERE id = OLD.local_player_id;
    RETURN OLD;
END $$;
CREATE TRIGGER player_registration AFTER INSERT OR DELETE ON twizzit_player_mappings
    FOR EACH ROW EXECUTE FUNCTION sync_registration();
INSERT INTO twizzit_credentials (organization_name, api_username, encrypted_password, encryption_iv)
    VALUES ('KC Noord', 'noord2', '44bb', '55aa');
ALTER TABLE games DROP CONSTRAINT games_check, ADD COLUMN game_type varchar(20) DEFAULT 'club',
    ADD CONSTRAINT games_game_type_check CHECK (game_type IN ('club', 'team')),
    ADD CONSTRAINT different_sides CHECK (
        home_club_id != away_club_id OR (home_team_id IS NOT NULL AND away_team_id IS NOT NULL)
    );
CREATE TABLE competition_teams (
    id serial PRIMARY KEY, competition_id integer NOT NULL REFERENCES competitions (id) ON DELETE CASCADE,
    team_id integer NOT NULL REFERENCES teams (id) ON DELETE CASCADE, seed integer, group_name varchar(50),
    is_eliminated boolean DEFAULT false, created_at timestamptz DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (competition_id, team_id)
);

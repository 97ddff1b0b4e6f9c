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

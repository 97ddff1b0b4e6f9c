"""The triggers on ShotSpot's tables, none of which hangs on a column: PostgreSQL retypes no column that one names.

A trigger's WHEN and OF name columns; the body of its function is read when it runs. What a body asks of ShotSpot's
columns it asks of the row as JSON, where a column that is called otherwise by now is null and breaks no statement.
"""

from sqlalchemy import Connection, text

_EMPTY_MAC = """
CREATE OR REPLACE FUNCTION twizzit_empty_mac() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF (to_jsonb(OLD) -> 'encrypted_password', to_jsonb(OLD) -> 'encryption_iv')
           IS DISTINCT FROM (to_jsonb(NEW) -> 'encrypted_password', to_jsonb(NEW) -> 'encryption_iv')
       AND NEW.encryption_mac IS NOT DISTINCT FROM OLD.encryption_mac THEN
        NEW.encryption_mac := NULL;
        INSERT INTO twizzit_audit_log (actor_kind, actor_id, action, target, target_id, details)
        VALUES ('trigger', session_user, 'password_changed_elsewhere', 'credential', NEW.id::text,
                jsonb_build_object('application', current_setting('application_name'),
                                   'mac_emptied', OLD.encryption_mac IS NOT NULL));
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS twizzit_empty_mac ON twizzit_credentials;
CREATE TRIGGER twizzit_empty_mac BEFORE UPDATE ON twizzit_credentials FOR EACH ROW
    EXECUTE FUNCTION twizzit_empty_mac();
"""

_KEEP_REGISTRATION = """
CREATE OR REPLACE FUNCTION twizzit_register_players() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE players SET is_twizzit_registered = true, twizzit_verified_at = timezone('utc', now())
    WHERE id IN (SELECT local_player_id FROM mapped);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION twizzit_unregister_players() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE players SET is_twizzit_registered = false, twizzit_verified_at = NULL
    WHERE id IN (SELECT local_player_id FROM unmapped)
      AND NOT EXISTS (SELECT FROM twizzit_player_mappings AS kept WHERE kept.local_player_id = players.id);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION twizzit_move_registration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.local_player_id IS NOT DISTINCT FROM NEW.local_player_id THEN
        RETURN NULL;
    END IF;
    UPDATE players SET is_twizzit_registered = false, twizzit_verified_at = NULL
    WHERE id = OLD.local_player_id
      AND NOT EXISTS (SELECT FROM twizzit_player_mappings AS kept WHERE kept.local_player_id = players.id);
    UPDATE players SET is_twizzit_registered = true, twizzit_verified_at = timezone('utc', now())
    WHERE id = NEW.local_player_id;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS twizzit_register_players ON twizzit_player_mappings;
DROP TRIGGER IF EXISTS twizzit_unregister_players ON twizzit_player_mappings;
DROP TRIGGER IF EXISTS twizzit_move_registration ON twizzit_player_mappings;
CREATE TRIGGER twizzit_register_players AFTER INSERT ON twizzit_player_mappings
    REFERENCING NEW TABLE AS mapped FOR EACH STATEMENT EXECUTE FUNCTION twizzit_register_players();
CREATE TRIGGER twizzit_unregister_players AFTER DELETE ON twizzit_player_mappings
    REFERENCING OLD TABLE AS unmapped FOR EACH STATEMENT EXECUTE FUNCTION twizzit_unregister_players();
CREATE TRIGGER twizzit_move_registration AFTER UPDATE ON twizzit_player_mappings
    FOR EACH ROW EXECUTE FUNCTION twizzit_move_registration();
"""


def empty_macs_that_no_longer_fit(connection: Connection) -> None:
    """A password that is stored without its MAC loses the one that it had, and the log says so.

    ShotSpot's database user may lack a right on the log, and its updates must go on working: SECURITY DEFINER. Such a
    function must not find another's table of that name first, so its search path is pinned to this schema.
    """
    schema = connection.scalar(text("SELECT quote_ident(current_schema())"))
    connection.exec_driver_sql(_EMPTY_MAC.format(schema=schema))


def keep_registration_in_step(connection: Connection) -> None:
    """A player is registered as long as a mapping says so: ShotSpot lets nobody else play an official match."""
    connection.exec_driver_sql(_KEEP_REGISTRATION)

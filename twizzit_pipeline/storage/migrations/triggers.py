"""The triggers on ShotSpot's tables, none of which hangs on a column: PostgreSQL retypes no column that one names.

A trigger's WHEN and OF name columns; the body of its function is read when it runs. What a body asks of ShotSpot's
columns it asks of the row as JSON, where a column that is called otherwise by now is null and breaks no statement.
"""

from sqlalchemy import Connection, text

# A MAC that is emptied by itself comes back: a program that writes no MACs leaves it as it was.
_EMPTY_MAC = """
CREATE OR REPLACE FUNCTION twizzit_empty_mac() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF (to_jsonb(OLD) -> 'encrypted_password', to_jsonb(OLD) -> 'encryption_iv')
           IS DISTINCT FROM (to_jsonb(NEW) -> 'encrypted_password', to_jsonb(NEW) -> 'encryption_iv') THEN
        IF NEW.encryption_mac IS NOT DISTINCT FROM OLD.encryption_mac THEN
            NEW.encryption_mac := NULL;
        END IF;
    ELSIF NEW.encryption_mac IS NULL AND coalesce(current_setting('twizzit.actor', true), '') = '' THEN
        NEW.encryption_mac := OLD.encryption_mac;
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER twizzit_empty_mac BEFORE UPDATE ON twizzit_credentials FOR EACH ROW
    EXECUTE FUNCTION twizzit_empty_mac();
ALTER TABLE twizzit_credentials ENABLE TRIGGER twizzit_empty_mac;
"""

# Whatever keeps the log from being written must not keep ShotSpot from writing: it is a warning of the server's then.
_AUDIT_CREDENTIALS = """
CREATE OR REPLACE FUNCTION twizzit_audit_credentials() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    what text;
    whose text;
    details jsonb := jsonb_build_object('application', current_setting('application_name'));
    changed text[];
BEGIN
    IF coalesce(current_setting('twizzit.actor', true), '') <> '' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(name ORDER BY name) INTO changed
        FROM unnest(ARRAY['id', 'api_endpoint', 'api_username', 'encrypted_password', 'encryption_iv',
                          'encryption_mac']) AS name
        WHERE to_jsonb(OLD) -> name IS DISTINCT FROM to_jsonb(NEW) -> name;
        IF changed IS NULL THEN
            RETURN NULL;
        END IF;
        what := CASE WHEN changed && ARRAY['encrypted_password', 'encryption_iv'] THEN 'password_changed_elsewhere'
                     ELSE 'login_changed_elsewhere' END;
        whose := to_jsonb(OLD) ->> 'id';
        details := details || jsonb_build_object(
            'columns', changed,
            'mac_emptied', to_jsonb(OLD) ->> 'encryption_mac' IS NOT NULL AND to_jsonb(NEW) ->> 'encryption_mac' IS NULL
        );
    ELSIF TG_OP = 'INSERT' THEN
        what := 'added_elsewhere';
        whose := to_jsonb(NEW) ->> 'id';
    ELSIF TG_OP = 'DELETE' THEN
        what := 'deleted_elsewhere';
        whose := to_jsonb(OLD) ->> 'id';
    ELSE
        what := 'emptied_elsewhere';
    END IF;
    IF current_setting('role') <> 'none' THEN
        details := details || jsonb_build_object('role', current_setting('role'));
    END IF;
    INSERT INTO twizzit_audit_log (actor_kind, actor_id, action, target, target_id, details)
    VALUES ('trigger', session_user, what, 'credential', whose, details);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING USING
        MESSAGE = 'twizzit_audit_log: a change of twizzit_credentials is not in it, SQLSTATE ' || SQLSTATE;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER twizzit_audit_credentials AFTER INSERT OR UPDATE OR DELETE ON twizzit_credentials
    FOR EACH ROW EXECUTE FUNCTION twizzit_audit_credentials();
CREATE OR REPLACE TRIGGER twizzit_audit_emptied AFTER TRUNCATE ON twizzit_credentials
    FOR EACH STATEMENT EXECUTE FUNCTION twizzit_audit_credentials();
ALTER TABLE twizzit_credentials ENABLE TRIGGER twizzit_audit_credentials, ENABLE TRIGGER twizzit_audit_emptied;
"""

# In the order of their names.
AUDIT_TRIGGERS = ("twizzit_audit_credentials", "twizzit_audit_emptied")

REGISTRATION_TRIGGERS = ("twizzit_register_players", "twizzit_unregister_players", "twizzit_move_registration")

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
    """A password that is stored without its MAC loses the one that it had.

    ShotSpot's database user may lack a right on the log, and its updates must go on working: SECURITY DEFINER, here and
    below. Such a function must not find another's table of that name first, so its search path is pinned to this
    schema.
    """
    connection.exec_driver_sql(_EMPTY_MAC.format(schema=_schema(connection)))


def audit_credentials(connection: Connection) -> None:
    """Every change of a login that does not record itself is in the audit log: who, which program, which columns."""
    connection.exec_driver_sql(_AUDIT_CREDENTIALS.format(schema=_schema(connection)))


def _schema(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT quote_ident(current_schema())")))


def keep_registration_in_step(connection: Connection) -> None:
    """A player is registered as long as a mapping says so: ShotSpot lets no other player play an official match."""
    connection.exec_driver_sql(_KEEP_REGISTRATION)


def register_mapped(connection: Connection) -> int:
    """Registers whom a mapping names that came while the triggers were gone; how many those are.

    Who lost their mapping meanwhile stays registered: that may be a person's doing, and the checks name them.
    """
    done = connection.execute(
        text(
            "UPDATE players SET is_twizzit_registered = true, twizzit_verified_at = timezone('utc', now())"
            " WHERE is_twizzit_registered IS NOT TRUE"
            " AND EXISTS (SELECT FROM twizzit_player_mappings AS kept WHERE kept.local_player_id = players.id)"
        )
    )
    return int(done.rowcount)

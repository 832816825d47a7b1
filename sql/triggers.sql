-- What is refused to a key, or to its owner, is refused at once: whoever keeps the row in mind forgets it.
CREATE FUNCTION service.tell_key_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('NOTIFY key_revoked, %L', OLD.prefix);
    RETURN NULL;
END
$$;

CREATE TRIGGER tell_key_revoked
    AFTER DELETE OR UPDATE OF key_hash, scopes, rate_limit, is_active, expires_at, sites, knowledge_ceiling
    ON service.api_keys FOR EACH ROW EXECUTE FUNCTION service.tell_key_revoked();

CREATE FUNCTION service.tell_account_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one text;
BEGIN
    FOR one IN SELECT prefix FROM service.api_keys WHERE user_id = OLD.id
    LOOP
        EXECUTE format('NOTIFY key_revoked, %L', one);
    END LOOP;
    RETURN NULL;
END
$$;

CREATE TRIGGER tell_account_changed
    AFTER UPDATE OF role, is_active, sites ON service.users
    FOR EACH ROW EXECUTE FUNCTION service.tell_account_changed();

-- The log of what was done grows, and nothing else.
CREATE FUNCTION service.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is only added to', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE
    ON service.system_logs FOR EACH STATEMENT EXECUTE FUNCTION service.refuse_change();

REVOKE SELECT ON lab_training."user", dataset_job.users, fleet."user" FROM battery_analyst;

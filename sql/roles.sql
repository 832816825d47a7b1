-- The analyst reads and does nothing else. LOGIN and a password are given by `battery-assets analyst`.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'battery_analyst') THEN
        CREATE ROLE battery_analyst NOLOGIN CONNECTION LIMIT 10;
    END IF;
EXCEPTION
    -- Another warehouse of the same server made it at this moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;

DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO battery_analyst', current_database());
END
$$;

GRANT USAGE ON SCHEMA fleet, service, ml, lab, platform TO battery_analyst;

GRANT SELECT ON ALL TABLES IN SCHEMA fleet, ml, lab, platform TO battery_analyst;

GRANT SELECT (user_id, name, role, location_ids, is_active, site) ON service."user" TO battery_analyst;

REVOKE SELECT ON fleet."user" FROM battery_analyst;

ALTER DEFAULT PRIVILEGES IN SCHEMA fleet, ml, lab GRANT SELECT ON TABLES TO battery_analyst;

ALTER ROLE battery_analyst SET default_transaction_read_only = on;

ALTER ROLE battery_analyst SET statement_timeout = '5min';

REVOKE EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea),
    lo_import(text), lo_import(text, oid), lo_export(oid, text), lo_unlink(oid),
    lo_put(oid, bigint, bytea), lo_open(oid, integer) FROM PUBLIC;

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

GRANT USAGE ON SCHEMA fleet, operations, service, ml, lab, lab_training, experiments, dataset_job, platform
    TO battery_analyst;

GRANT SELECT ON ALL TABLES IN SCHEMA fleet, operations, ml, lab, lab_training, experiments, dataset_job, platform
    TO battery_analyst;

GRANT SELECT ON service.job, service.job_log TO battery_analyst;

GRANT SELECT (user_id, name, role, location_ids, is_active, site) ON service."user" TO battery_analyst;

REVOKE SELECT ON fleet."user", dataset_job.users FROM battery_analyst;

-- What stood in a refused row may be how to reach a person: platform.quarantine leaves that out.
REVOKE SELECT ON platform.quarantined_row FROM battery_analyst;

GRANT SELECT (table_name, site, month, file, line, "column", reason, rows)
    ON platform.quarantined_row TO battery_analyst;

ALTER DEFAULT PRIVILEGES IN SCHEMA fleet, operations, ml, lab, lab_training, experiments, dataset_job
    GRANT SELECT ON TABLES TO battery_analyst;

-- A role may change its own settings: `battery-assets analyst` sets them anew. Where a role may not (a limit
-- of temporary files), and what only a superuser may set or take away, is skipped on a server that has none.
DO $$
DECLARE
    one text;
    called regprocedure;
BEGIN
    FOREACH one IN ARRAY ARRAY[
        'RESET ALL', 'CONNECTION LIMIT 10', 'NOCREATEDB NOCREATEROLE NOINHERIT',
        'SET default_transaction_read_only = on', 'SET statement_timeout = ''5min''', 'SET lock_timeout = ''5s''',
        'SET idle_in_transaction_session_timeout = ''60s''', 'SET transaction_timeout = ''10min''',
        'SET idle_session_timeout = ''1h''', 'SET temp_file_limit = ''2GB''']
    LOOP
        BEGIN
            EXECUTE 'ALTER ROLE battery_analyst ' || one;
        EXCEPTION WHEN insufficient_privilege OR undefined_object THEN NULL;
        END;
    END LOOP;
    FOR called IN
        SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
          AND (proname ~ '^pg_(try_)?advisory_' OR proname ~ '^(lo_|loread|lowrite)'
               OR proname IN ('pg_notify', 'pg_logical_emit_message', 'pg_export_snapshot'))
    LOOP
        BEGIN
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', called);
        EXCEPTION WHEN insufficient_privilege THEN NULL;
        END;
    END LOOP;
    BEGIN
        REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
END
$$;

-- Sites that a caller of the API sees, held by PostgreSQL as well: within a caller's transaction the role is
-- battery_api and battery.sites names its sites. Rows of other sites are neither seen nor written.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'battery_api') THEN
        CREATE ROLE battery_api NOLOGIN NOINHERIT;
    END IF;
EXCEPTION
    -- Another warehouse of the same server made it at this moment.
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

DO $$
BEGIN
    EXECUTE format('GRANT battery_api TO %I', current_user);
EXCEPTION
    -- A superuser needs no such right; on a server of others an administrator gives it.
    WHEN insufficient_privilege OR invalid_grant_operation OR duplicate_object THEN NULL;
END
$$;

GRANT USAGE ON SCHEMA fleet, operations, service, ml, lab, lab_training, experiments, dataset_job, platform
    TO battery_api;

DO $$
DECLARE
    one record;
    seen constant text := 'site = ANY (string_to_array(current_setting(''battery.sites'', true), '',''))'
        ' OR site = '''' OR site IS NULL';
BEGIN
    -- A leaf is read through its parent alone: it gets no rights of its own.
    FOR one IN
        SELECT c.oid::regclass AS name, c.relkind, c.relname, c.relrowsecurity AS held,
               EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'site'
                       AND NOT a.attisdropped AND c.relname <> 'battery_model') AS sited
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('fleet', 'operations', 'service', 'ml', 'lab', 'lab_training', 'experiments',
                            'dataset_job', 'platform')
          AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
        -- Models of batteries are the fleet's: their site is the one that named them first.
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO battery_api', one.name);
        IF one.relkind = 'v' AND one.sited
            AND one.relname NOT IN ('user', 'quarantine', 'incident_entered', 'work_order_entered') THEN
            EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', one.name);
        ELSIF one.relkind <> 'v' AND one.sited AND NOT one.held THEN
            EXECUTE format('CREATE POLICY everybody ON %s USING (true) WITH CHECK (true)', one.name);
            EXECUTE format('CREATE POLICY sites_of_caller ON %s AS RESTRICTIVE TO battery_api USING (%s)',
                           one.name, seen);
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', one.name);
        END IF;
    END LOOP;
END
$$;

-- Views are read with the reader's own rights now: the analyst gets what they stand on.
GRANT SELECT ON service.incident_entered, service.work_order_entered, service.work_order_proposal
    TO battery_analyst;

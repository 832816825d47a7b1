CREATE TABLE platform.removed_site (
    site VARCHAR(31) NOT NULL,
    source VARCHAR(20) NOT NULL,
    config JSONB NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    tables JSONB NOT NULL,
    files JSONB NOT NULL,
    arrivals JSONB NOT NULL,
    landing TEXT
);

COMMENT ON TABLE platform.removed_site IS 'Sites and labs that were removed, with the books of what they had.';

CREATE TABLE platform.turn (
    table_name VARCHAR(63) NOT NULL,
    site VARCHAR(31) NOT NULL,
    PRIMARY KEY (table_name, site)
);

COMMENT ON TABLE platform.turn IS
    'Whoever writes a site''s rows of a table that months share holds its row here.';

-- What a run replaces by partition is no target of foreign keys: replacing it emptied children that readers see.
DO $$
DECLARE
    key record;
BEGIN
    FOR key IN
        SELECT conrelid::regclass AS child, conname FROM pg_constraint
        WHERE contype = 'f' AND conparentid = 0 AND confrelid IN (
            'fleet.maintenance_event'::regclass, 'fleet.capacity_test_raw'::regclass,
            'fleet.impedance_measurement_raw'::regclass, 'fleet.incident'::regclass, 'ml.ml_model'::regclass,
            'lab.test_session'::regclass, 'lab.cycle'::regclass, 'lab.model_run'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', key.child, key.conname);
    END LOOP;
END
$$;

-- To attach a leaf, PostgreSQL locks a default leaf against its readers: months get leaves of their own instead.
DO $$
DECLARE
    leaf record;
    month text;
BEGIN
    FOR leaf IN
        SELECT i.inhparent::regclass AS parent, c.oid::regclass AS name, n.nspname, p.relname
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
        JOIN pg_namespace n ON n.oid = p.relnamespace
        WHERE n.nspname IN ('fleet', 'lab') AND pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'
    LOOP
        EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', leaf.parent, leaf.name);
        FOR month IN EXECUTE format('SELECT DISTINCT month FROM %s', leaf.name) LOOP
            EXECUTE format('CREATE TABLE IF NOT EXISTS %I.%I PARTITION OF %s FOR VALUES IN (%L)', leaf.nspname,
                           leaf.relname || '_' || replace(month, '-', '_'), leaf.parent, month);
        END LOOP;
        EXECUTE format('INSERT INTO %s SELECT * FROM %s', leaf.parent, leaf.name);
        EXECUTE format('DROP TABLE %s', leaf.name);
    END LOOP;
END
$$;

-- One row for each jar in service: the newest twin state, prediction and day of features.
CREATE OR REPLACE VIEW fleet.jar_health_now AS
SELECT b.site, b.battery_id, b.battery_code, s.string_code, b.position_in_string, b.installed_date,
       twin.captured_at, twin.soc_pct, twin.soh_pct, twin.r0_mohm, twin.capacity_fade_pct, twin.power_fade_pct,
       rul.predicted_at, rul.rul_days, rul.rul_lower_ci_days, rul.rul_upper_ci_days,
       rul.failure_probability_30d, rul.failure_probability_90d, rul.source AS rul_source,
       features.feature_ts, features.v_mean, features.v_balance_mean, features.t_mean,
       features.r_internal_latest, features.r_internal_baseline_pct,
       EXISTS (SELECT FROM platform.partition_version v
               WHERE v.state = 'stale' AND v.site = b.site AND (v.table_name, v.month) IN (
                   ('digital_twin_state', twin.month), ('rul_prediction', rul.month),
                   ('feature_store', features.month))) AS stale
FROM fleet.battery b
JOIN fleet.string s USING (string_id)
LEFT JOIN LATERAL (
    SELECT * FROM fleet.digital_twin_state d
    WHERE d.battery_id = b.battery_id ORDER BY d.captured_at DESC LIMIT 1) twin ON true
LEFT JOIN LATERAL (
    SELECT * FROM fleet.rul_prediction p
    WHERE p.battery_id = b.battery_id ORDER BY p.predicted_at DESC LIMIT 1) rul ON true
LEFT JOIN LATERAL (
    SELECT * FROM fleet.feature_store f
    WHERE f.battery_id = b.battery_id AND f.feature_window_hours = 24
    ORDER BY f.feature_ts DESC LIMIT 1) features ON true
WHERE b.replaced_date IS NULL;

-- One row for each string: its weakest jar decides, the others tell how far it stands out.
CREATE OR REPLACE VIEW fleet.string_health_now AS
SELECT j.site, j.string_code, count(*) AS jars, min(j.soh_pct) AS soh_pct_min,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY j.soh_pct) AS soh_pct_median,
       (array_agg(j.battery_code ORDER BY j.soh_pct NULLS LAST))[1] AS weakest_jar,
       min(j.rul_days) AS rul_days_min,
       1 - exp(sum(ln(greatest(1 - coalesce(j.failure_probability_90d, 0), 1e-9)))) AS failure_probability_90d,
       max(j.t_mean) AS t_mean_max, max(j.captured_at) AS captured_at,
       bool_or(j.stale) AS stale
FROM fleet.jar_health_now j
GROUP BY j.site, j.string_code;

-- Alerts that still hold in the newest month of their site, by site and severity.
CREATE OR REPLACE VIEW fleet.open_alerts AS
SELECT a.site, a.severity, a.alert_type, a.triggered_at, b.battery_code, s.string_code, l.location_code,
       a.message, i.incident_code, w.due_date, a.context_json, a.alert_id,
       EXISTS (SELECT FROM platform.partition_version v
               WHERE v.state = 'stale' AND v.site = a.site AND v.month = a.month
                 AND v.table_name IN ('alert', 'incident', 'work_order')) AS stale
FROM fleet.alert a
JOIN (SELECT site, max(month) AS month FROM platform.partition_version
      WHERE table_name = 'alert' AND version IS NOT NULL GROUP BY site) newest
  ON newest.site = a.site AND newest.month = a.month
LEFT JOIN fleet.battery b USING (battery_id)
LEFT JOIN fleet.string s ON s.string_id = coalesce(a.string_id, b.string_id)
LEFT JOIN fleet.location l ON l.location_id = a.location_id
LEFT JOIN fleet.incident i USING (incident_id)
LEFT JOIN LATERAL (SELECT min(due_date) AS due_date FROM fleet.work_order o
                   WHERE o.incident_id = a.incident_id) w ON true
WHERE a.status IN ('active', 'acknowledged');

CREATE OR REPLACE VIEW fleet.open_alerts_by_site AS
SELECT site, count(*) FILTER (WHERE severity = 'critical') AS critical,
       count(*) FILTER (WHERE severity = 'warning') AS warning,
       count(*) FILTER (WHERE severity = 'info') AS info, min(triggered_at) AS oldest,
       bool_or(stale) AS stale
FROM fleet.open_alerts
GROUP BY site;

-- What was predicted for a jar, month by month, and what became of it.
CREATE OR REPLACE VIEW fleet.prediction_history AS
SELECT b.site, b.battery_code, p.battery_id, p.predicted_at, p.source, m.model_name, m.version,
       p.rul_days, p.rul_lower_ci_days, p.rul_upper_ci_days, p.failure_probability_30d,
       p.failure_probability_90d, p.confidence_score, b.replaced_date,
       CASE WHEN b.replaced_date IS NOT NULL
            THEN b.replaced_date - (p.predicted_at AT TIME ZONE 'UTC')::date END AS days_to_replacement,
       EXISTS (SELECT FROM platform.partition_version v
               WHERE v.state = 'stale' AND v.table_name = 'rul_prediction'
                 AND v.site = p.site AND v.month = p.month) AS stale
FROM fleet.rul_prediction p
JOIN fleet.battery b USING (battery_id)
LEFT JOIN ml.ml_model m ON m.model_id = p.model_id;

-- How long each string would carry each load, as of the newest month of its site; the weakest jar by its code.
CREATE OR REPLACE VIEW fleet.string_runtime_now AS
SELECT r.site, s.string_code, y.system_type, r.load_basis, r.load_kind, r.load_w, r.load_current_a,
       r.end_voltage_v_cell, r.required_min, r.runtime_min, r.runtime_lower_min, r.runtime_upper_min,
       r.ride_through_probability, b.battery_code AS weakest_jar, r.weakest_probability, r.weakest_margin_min,
       r.repair_gain_min, r.limited_by, r.soc_pct, r.soh_pct, r.temperature_c, r.jars_assumed, r.note,
       r.captured_at, r.string_id, r.weakest_battery_id,
       EXISTS (SELECT FROM platform.partition_version v
               WHERE v.state = 'stale' AND v.table_name = 'string_runtime'
                 AND v.site = r.site AND v.month = r.month) AS stale
FROM fleet.string_runtime r
JOIN (SELECT site, max(month) AS month FROM platform.partition_version
      WHERE table_name = 'string_runtime' AND version IS NOT NULL GROUP BY site) newest
  ON newest.site = r.site AND newest.month = r.month
JOIN fleet.string s ON s.string_id = r.string_id
LEFT JOIN fleet.battery_system y USING (system_id)
LEFT JOIN fleet.battery b ON b.battery_id = r.weakest_battery_id;

-- Rows of partitions that are whole, and that were made from what has changed since.
CREATE VIEW fleet.stale_months AS
SELECT site, month, array_agg(table_name ORDER BY table_name) AS tables, max(committed_at) AS committed_at
FROM platform.partition_version
WHERE state = 'stale'
GROUP BY site, month;

-- Refused rows as they stood in their files; what may be how to reach a person is left out.
CREATE VIEW platform.quarantine AS
SELECT table_name, site, month, file, line, "column", reason, rows,
       CASE WHEN table_name <> 'user' THEN value END AS value,
       CASE WHEN table_name <> 'user' THEN raw END AS raw
FROM platform.quarantined_row;

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

-- What stood in a refused row may be how to reach a person: platform.quarantine leaves that out.
REVOKE SELECT ON platform.quarantined_row FROM battery_analyst;

GRANT SELECT (table_name, site, month, file, line, "column", reason, rows)
    ON platform.quarantined_row TO battery_analyst;

ALTER DEFAULT PRIVILEGES IN SCHEMA fleet, ml, lab GRANT SELECT ON TABLES TO battery_analyst;

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

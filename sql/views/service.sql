-- What each key asked for: the reference's columns, of the one log of requests.
CREATE VIEW service.api_usage AS
SELECT id, api_key_id, endpoint, method, status_code, round(response_time_ms)::int AS response_time_ms,
       request_time AS "timestamp"
FROM service.api_request_logs
WHERE api_key_id IS NOT NULL;

-- Accounts as the fleet's schema names people: accounts, and people of the sites' master data who have none.
CREATE VIEW fleet."user" AS
SELECT a.user_id, a.email, a.name, a.role,
       (SELECT jsonb_agg(l.location_id ORDER BY l.location_code) FROM fleet.location l
        WHERE l.site = ANY (a.sites) OR '*' = ANY (a.sites)) AS location_ids,
       a.is_active, a.created_at, a.updated_at, NULL::varchar(31) AS site
FROM service.users a
UNION ALL
SELECT m.user_id, m.email, m.name, m.role, m.location_ids, m.is_active, m.created_at, m.updated_at, m.site
FROM service."user" m
WHERE NOT EXISTS (SELECT FROM service.users a WHERE a.user_id = m.user_id);

-- Accounts in the words of the lab training schema. A password's checksum is in no view.
CREATE VIEW lab_training."user" AS
SELECT id, username AS user_name, email, NULL::varchar(255) AS password, NULL::varchar(500) AS path
FROM service.users;

-- Who made it, where a person did.
CREATE FUNCTION service.person(number bigint) RETURNS uuid LANGUAGE sql STABLE
RETURN (SELECT user_id FROM service.users WHERE id = number);

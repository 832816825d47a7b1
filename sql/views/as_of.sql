-- The instant whose knowledge the views show: what `SET battery_assets.as_of = '...'` says; else all there is.
CREATE FUNCTION platform.as_of() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('battery_assets.as_of', true), '')::timestamptz, 'infinity'::timestamptz);

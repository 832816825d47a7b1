-- The instant whose knowledge the views show: what `SET battery.as_of = '...'` says; else all there is.
CREATE FUNCTION platform.as_of() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('battery.as_of', true), '')::timestamptz, 'infinity'::timestamptz);

-- Refused rows as they stood in their files; what may be how to reach a person is left out.
CREATE VIEW platform.quarantine AS
SELECT table_name, site, month, file, line, "column", reason, rows,
       CASE WHEN table_name <> 'user' THEN value END AS value,
       CASE WHEN table_name <> 'user' THEN raw END AS raw
FROM platform.quarantined_row
-- It is read with its owner's rights, whom no policy holds: a caller of the API sees its own sites by this.
WHERE current_user <> 'battery_api' OR site = ANY (string_to_array(current_setting('battery.sites', true), ','));

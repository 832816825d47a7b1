-- Refused rows as they stood in their files; what may be how to reach a person is left out.
CREATE VIEW platform.quarantine AS
SELECT table_name, site, month, file, line, "column", reason, rows,
       CASE WHEN table_name <> 'user' THEN value END AS value,
       CASE WHEN table_name <> 'user' THEN raw END AS raw
FROM platform.quarantined_row;

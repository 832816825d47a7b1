-- Generated from battery_assets/tables by `python -m battery_assets.tables.write_sql`. Do not edit.

CREATE TABLE fleet.telemetry_jar_calc (
	ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	battery_id UUID NOT NULL, 
	soc_pct NUMERIC(5, 2), 
	soh_pct NUMERIC(5, 2), 
	soc_quality VARCHAR(12), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_telemetry_jar_calc PRIMARY KEY (ts, battery_id, month), 
	CONSTRAINT fk_telemetry_jar_calc_battery_id FOREIGN KEY(battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_telemetry_jar_calc_soc_pct CHECK (soc_pct BETWEEN 0 AND 100), 
	CONSTRAINT ck_telemetry_jar_calc_soh_pct CHECK (soh_pct BETWEEN 0 AND 130), 
	CONSTRAINT ck_telemetry_jar_calc_soc_quality CHECK (soc_quality IN ('full_charge', 'open_circuit', 'counted', 'held', 'guessed'))
)
 PARTITION BY LIST (month);

COMMENT ON TABLE fleet.telemetry_jar_calc IS 'State of charge and health of a jar at each of its samples. Rows live in the lake; here they are kept only where they were asked for.';

COMMENT ON COLUMN fleet.telemetry_jar_calc.ts IS 'Measurement timestamp.';

COMMENT ON COLUMN fleet.telemetry_jar_calc.battery_id IS 'Battery reference.';

COMMENT ON COLUMN fleet.telemetry_jar_calc.soc_pct IS 'Estimated state of charge, of the present capacity. [%]';

COMMENT ON COLUMN fleet.telemetry_jar_calc.soh_pct IS 'Estimated state of health, of the rated C10 at 25 °C. [%]';

COMMENT ON COLUMN fleet.telemetry_jar_calc.soc_quality IS 'What soc_pct rests on. full_charge: float or boost was completed and nothing has been counted since. open_circuit: the voltage after hours of rest weighed in, and nothing since. counted: charge is being counted from the current. held: the current is below what can be counted, the last value stands. guessed: the deviation is over 10 points. NULL where soc_pct is.';

COMMENT ON COLUMN fleet.telemetry_jar_calc.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.telemetry_jar_calc.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.telemetry_jar_calc_default PARTITION OF fleet.telemetry_jar_calc DEFAULT;

CREATE TABLE fleet.telemetry_string_calc (
	ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	string_id UUID NOT NULL, 
	power_w NUMERIC(10, 2), 
	thd_pct NUMERIC(5, 2), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_telemetry_string_calc PRIMARY KEY (ts, string_id, month), 
	CONSTRAINT fk_telemetry_string_calc_string_id FOREIGN KEY(string_id) REFERENCES fleet.string (string_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_telemetry_string_calc_thd_pct CHECK (thd_pct BETWEEN 0 AND 1000)
)
 PARTITION BY LIST (month);

COMMENT ON TABLE fleet.telemetry_string_calc IS 'Power and ripple distortion of a string at each of its samples. Rows live in the lake; here they are kept only where they were asked for.';

COMMENT ON COLUMN fleet.telemetry_string_calc.ts IS 'Measurement timestamp.';

COMMENT ON COLUMN fleet.telemetry_string_calc.string_id IS 'String reference.';

COMMENT ON COLUMN fleet.telemetry_string_calc.power_w IS 'Calculated power, positive charges. [W]';

COMMENT ON COLUMN fleet.telemetry_string_calc.thd_pct IS 'Total harmonic distortion of the ripple voltage, of its first characteristic line. [%]';

COMMENT ON COLUMN fleet.telemetry_string_calc.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.telemetry_string_calc.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.telemetry_string_calc_default PARTITION OF fleet.telemetry_string_calc DEFAULT;

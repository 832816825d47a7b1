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

COMMENT ON COLUMN fleet.telemetry_string_calc.thd_pct IS 'Harmonics 2 f1, 3 f1 ... to 2 kHz of the ripple voltage over its f1: 300 Hz of six pulses, 600 Hz of twelve. 7 to 10 in sound systems; 100 Hz of a low phase is not in it. NULL on discharge, and where f1 is under 10 mV. [%]';

COMMENT ON COLUMN fleet.telemetry_string_calc.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.telemetry_string_calc.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.cycle (
	cycle_id UUID NOT NULL, 
	session_id UUID NOT NULL, 
	cell_id UUID NOT NULL, 
	cycle_index INTEGER NOT NULL, 
	started_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	ended_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	points_count INTEGER NOT NULL, 
	charge_capacity_ah NUMERIC(17, 12), 
	discharge_capacity_ah NUMERIC(17, 12), 
	drawn_ah NUMERIC(17, 12), 
	no_capacity VARCHAR(18), 
	charge_time_s NUMERIC(12, 2), 
	discharge_time_s NUMERIC(12, 2), 
	current_max_a NUMERIC(15, 10), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_cycle PRIMARY KEY (cycle_id), 
	CONSTRAINT fk_cycle_cell_id FOREIGN KEY(cell_id) REFERENCES lab.battery_cell (cell_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_cycle_cycle_index CHECK (cycle_index BETWEEN 1 AND 10000000), 
	CONSTRAINT ck_cycle_points_count CHECK (points_count BETWEEN 1 AND 2147483647), 
	CONSTRAINT ck_cycle_charge_capacity_ah CHECK (charge_capacity_ah BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_discharge_capacity_ah CHECK (discharge_capacity_ah BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_drawn_ah CHECK (drawn_ah BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_no_capacity CHECK (no_capacity IN ('not to the cut-off', 'not from full', 'not recorded')), 
	CONSTRAINT ck_cycle_charge_time_s CHECK (charge_time_s BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_cycle_discharge_time_s CHECK (discharge_time_s BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_cycle_current_max_a CHECK (current_max_a BETWEEN 0 AND 99999)
);

CREATE INDEX ix_cycle_site_month ON lab.cycle (site, month);

COMMENT ON TABLE lab.cycle IS 'Charge and discharge cycles of a test.';

COMMENT ON COLUMN lab.cycle.cycle_id IS 'Unique identifier.';

COMMENT ON COLUMN lab.cycle.session_id IS 'Test the cycle belongs to.';

COMMENT ON COLUMN lab.cycle.cell_id IS 'Cell under test.';

COMMENT ON COLUMN lab.cycle.cycle_index IS 'Number within the test, from 1.';

COMMENT ON COLUMN lab.cycle.started_at IS 'First sample.';

COMMENT ON COLUMN lab.cycle.ended_at IS 'Last sample.';

COMMENT ON COLUMN lab.cycle.points_count IS 'Samples.';

COMMENT ON COLUMN lab.cycle.charge_capacity_ah IS 'Charge put in. [Ah]';

COMMENT ON COLUMN lab.cycle.discharge_capacity_ah IS 'Charge drawn from full to the cut-off; NULL where it was not whole. [Ah]';

COMMENT ON COLUMN lab.cycle.drawn_ah IS 'Charge drawn, down to the cut-off voltage, whether or not it got there. [Ah]';

COMMENT ON COLUMN lab.cycle.no_capacity IS 'Why a discharge has no capacity.';

COMMENT ON COLUMN lab.cycle.charge_time_s IS 'Time on charge. [s]';

COMMENT ON COLUMN lab.cycle.discharge_time_s IS 'Time on discharge. [s]';

COMMENT ON COLUMN lab.cycle.current_max_a IS 'Largest current either way. [A]';

COMMENT ON COLUMN lab.cycle.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.cycle.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.label_soc (
	ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	session_id UUID NOT NULL, 
	soc_coulomb_pct NUMERIC(6, 3), 
	soc_ocv_pct NUMERIC(6, 3), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_label_soc PRIMARY KEY (ts, session_id, month), 
	CONSTRAINT ck_label_soc_soc_coulomb_pct CHECK (soc_coulomb_pct BETWEEN 0 AND 100), 
	CONSTRAINT ck_label_soc_soc_ocv_pct CHECK (soc_ocv_pct BETWEEN 0 AND 100)
)
 PARTITION BY LIST (month);

COMMENT ON TABLE lab.label_soc IS 'State of charge of each sample, by two definitions (version 1). Rows live in the lake; here they are kept only where they were asked for.';

COMMENT ON COLUMN lab.label_soc.ts IS 'Instant of the sample.';

COMMENT ON COLUMN lab.label_soc.session_id IS 'Test the sample belongs to.';

COMMENT ON COLUMN lab.label_soc.soc_coulomb_pct IS 'By counting, of the cycle''s own capacity: 0 empty, 100 full. [%]';

COMMENT ON COLUMN lab.label_soc.soc_ocv_pct IS 'By the voltage after half an hour of rest, on the cell''s slow discharge. [%]';

COMMENT ON COLUMN lab.label_soc.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.label_soc.month IS 'UTC month of the partition, YYYY-MM.';

-- Generated from battery_assets/tables by `python -m battery_assets.tables.write_sql`. Do not edit.

CREATE TABLE fleet.telemetry_jar_raw (
	ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	battery_id UUID NOT NULL, 
	voltage_v NUMERIC(5, 3), 
	temperature_c NUMERIC(4, 1), 
	resistance_mohm NUMERIC(8, 3), 
	conductance_s NUMERIC(8, 5), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_telemetry_jar_raw PRIMARY KEY (ts, battery_id, month), 
	CONSTRAINT fk_telemetry_jar_raw_battery_id FOREIGN KEY(battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_telemetry_jar_raw_voltage_v CHECK (voltage_v BETWEEN 0 AND 99.999), 
	CONSTRAINT ck_telemetry_jar_raw_temperature_c CHECK (temperature_c BETWEEN -40 AND 100), 
	CONSTRAINT ck_telemetry_jar_raw_resistance_mohm CHECK (resistance_mohm BETWEEN 0 AND 100000), 
	CONSTRAINT ck_telemetry_jar_raw_conductance_s CHECK (conductance_s BETWEEN 0 AND 1000)
)
 PARTITION BY LIST (month);

CREATE INDEX idx_telemetry_jar_raw_battery_ts ON fleet.telemetry_jar_raw (battery_id, ts DESC);

COMMENT ON TABLE fleet.telemetry_jar_raw IS 'One sample of one jar, as the monitor sent it. Rows live in the lake; here they are kept only where they were asked for.';

COMMENT ON COLUMN fleet.telemetry_jar_raw.ts IS 'Measurement timestamp.';

COMMENT ON COLUMN fleet.telemetry_jar_raw.battery_id IS 'Battery reference.';

COMMENT ON COLUMN fleet.telemetry_jar_raw.voltage_v IS 'Jar voltage. [V]';

COMMENT ON COLUMN fleet.telemetry_jar_raw.temperature_c IS 'Jar surface temperature. [°C]';

COMMENT ON COLUMN fleet.telemetry_jar_raw.resistance_mohm IS 'Internal resistance, when an instrument read it. [mΩ]';

COMMENT ON COLUMN fleet.telemetry_jar_raw.conductance_s IS 'Conductance, 1000/R unless the instrument says otherwise. [S]';

COMMENT ON COLUMN fleet.telemetry_jar_raw.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.telemetry_jar_raw.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.telemetry_string_raw (
	ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	string_id UUID NOT NULL, 
	voltage_v NUMERIC(6, 2), 
	current_a NUMERIC(7, 3), 
	mode VARCHAR(9), 
	ripple_voltage_rms_v NUMERIC(5, 3), 
	ripple_current_rms_a NUMERIC(6, 3), 
	equalize_flag BOOLEAN, 
	generator_test_flag BOOLEAN, 
	transfer_event_flag BOOLEAN, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_telemetry_string_raw PRIMARY KEY (ts, string_id, month), 
	CONSTRAINT fk_telemetry_string_raw_string_id FOREIGN KEY(string_id) REFERENCES fleet.string (string_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_telemetry_string_raw_voltage_v CHECK (voltage_v BETWEEN 0 AND 1000), 
	CONSTRAINT ck_telemetry_string_raw_current_a CHECK (current_a BETWEEN -5000 AND 5000), 
	CONSTRAINT ck_telemetry_string_raw_mode CHECK (mode IN ('float', 'boost', 'discharge', 'idle', 'equalize')), 
	CONSTRAINT ck_telemetry_string_raw_ripple_voltage_rms_v CHECK (ripple_voltage_rms_v BETWEEN 0 AND 100), 
	CONSTRAINT ck_telemetry_string_raw_ripple_current_rms_a CHECK (ripple_current_rms_a BETWEEN 0 AND 1000)
)
 PARTITION BY LIST (month);

CREATE INDEX idx_telemetry_string_raw_string_ts ON fleet.telemetry_string_raw (string_id, ts DESC);

COMMENT ON TABLE fleet.telemetry_string_raw IS 'One sample of one string, as the monitor sent it. Rows live in the lake; here they are kept only where they were asked for.';

COMMENT ON COLUMN fleet.telemetry_string_raw.ts IS 'Measurement timestamp.';

COMMENT ON COLUMN fleet.telemetry_string_raw.string_id IS 'String reference.';

COMMENT ON COLUMN fleet.telemetry_string_raw.voltage_v IS 'String total voltage. [V]';

COMMENT ON COLUMN fleet.telemetry_string_raw.current_a IS 'String current, positive charges. [A]';

COMMENT ON COLUMN fleet.telemetry_string_raw.mode IS 'Operating mode.';

COMMENT ON COLUMN fleet.telemetry_string_raw.ripple_voltage_rms_v IS 'AC ripple on DC bus. [V rms]';

COMMENT ON COLUMN fleet.telemetry_string_raw.ripple_current_rms_a IS 'AC ripple current. [A rms]';

COMMENT ON COLUMN fleet.telemetry_string_raw.equalize_flag IS 'Equalization in progress.';

COMMENT ON COLUMN fleet.telemetry_string_raw.generator_test_flag IS 'Generator test active.';

COMMENT ON COLUMN fleet.telemetry_string_raw.transfer_event_flag IS 'Transfer switch event.';

COMMENT ON COLUMN fleet.telemetry_string_raw.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.telemetry_string_raw.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.telemetry_env (
	ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	sensor_id UUID NOT NULL, 
	temperature_c NUMERIC(4, 1), 
	humidity_pct NUMERIC(4, 1), 
	hvac_status VARCHAR(7), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_telemetry_env PRIMARY KEY (ts, sensor_id, month), 
	CONSTRAINT fk_telemetry_env_sensor_id FOREIGN KEY(sensor_id) REFERENCES fleet.environmental_sensor (sensor_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_telemetry_env_temperature_c CHECK (temperature_c BETWEEN -40 AND 100), 
	CONSTRAINT ck_telemetry_env_humidity_pct CHECK (humidity_pct BETWEEN 0 AND 100), 
	CONSTRAINT ck_telemetry_env_hvac_status CHECK (hvac_status IN ('running', 'standby', 'fault'))
)
 PARTITION BY LIST (month);

COMMENT ON TABLE fleet.telemetry_env IS 'One sample of one environmental sensor. Rows live in the lake; here they are kept only where they were asked for.';

COMMENT ON COLUMN fleet.telemetry_env.ts IS 'Measurement timestamp.';

COMMENT ON COLUMN fleet.telemetry_env.sensor_id IS 'Sensor reference.';

COMMENT ON COLUMN fleet.telemetry_env.temperature_c IS 'Ambient temperature. [°C]';

COMMENT ON COLUMN fleet.telemetry_env.humidity_pct IS 'Relative humidity. [%]';

COMMENT ON COLUMN fleet.telemetry_env.hvac_status IS 'State of the air conditioning.';

COMMENT ON COLUMN fleet.telemetry_env.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.telemetry_env.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.telemetry_event_window (
	window_id UUID NOT NULL, 
	string_id UUID, 
	event_type VARCHAR(14) NOT NULL, 
	trigger VARCHAR(12), 
	start_ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	end_ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	sample_rate_ms INTEGER NOT NULL, 
	data_blob_url VARCHAR(500), 
	samples_count INTEGER, 
	bursts_count INTEGER, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_telemetry_event_window PRIMARY KEY (window_id), 
	CONSTRAINT fk_telemetry_event_window_string_id FOREIGN KEY(string_id) REFERENCES fleet.string (string_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_telemetry_event_window_event_type CHECK (event_type IN ('discharge_test', 'transfer_event', 'equalize', 'surge')), 
	CONSTRAINT ck_telemetry_event_window_trigger CHECK (trigger IN ('event', 'ripple_limit', 'ripple_jump', 'schedule')), 
	CONSTRAINT ck_telemetry_event_window_sample_rate_ms CHECK (sample_rate_ms BETWEEN 1 AND 60000), 
	CONSTRAINT ck_telemetry_event_window_samples_count CHECK (samples_count BETWEEN 0 AND 2147483647), 
	CONSTRAINT ck_telemetry_event_window_bursts_count CHECK (bursts_count BETWEEN 0 AND 2147483647)
);

CREATE INDEX ix_telemetry_event_window_site_month ON fleet.telemetry_event_window (site, month);

COMMENT ON TABLE fleet.telemetry_event_window IS 'Fast captures of discharges, transfers, ripple out of bounds, and one a day of each string.';

COMMENT ON COLUMN fleet.telemetry_event_window.window_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.telemetry_event_window.string_id IS 'String reference.';

COMMENT ON COLUMN fleet.telemetry_event_window.event_type IS 'Kind of event; surge: a ripple recording, see trigger.';

COMMENT ON COLUMN fleet.telemetry_event_window.trigger IS 'Why it was recorded: an event, ripple over C/20, a jump of ripple, or the daily schedule.';

COMMENT ON COLUMN fleet.telemetry_event_window.start_ts IS 'Window start.';

COMMENT ON COLUMN fleet.telemetry_event_window.end_ts IS 'Window end.';

COMMENT ON COLUMN fleet.telemetry_event_window.sample_rate_ms IS 'Interval of the slow trace (100-500 ms).';

COMMENT ON COLUMN fleet.telemetry_event_window.data_blob_url IS 'Parquet file, by its path in the lake: ts, voltage_v, current_a each sample_rate_ms; on rows where a burst begins, waveform_v and waveform_a (lists, V and A, DC included) at waveform_hz, else null.';

COMMENT ON COLUMN fleet.telemetry_event_window.samples_count IS 'Number of slow samples captured.';

COMMENT ON COLUMN fleet.telemetry_event_window.bursts_count IS 'Number of waveform bursts inside.';

COMMENT ON COLUMN fleet.telemetry_event_window.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.telemetry_event_window.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE truth.jar_truth (
	truth_id UUID NOT NULL, 
	battery_id UUID NOT NULL, 
	known_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	profile VARCHAR(11) NOT NULL, 
	mechanism VARCHAR(15) NOT NULL, 
	soh_pct NUMERIC(5, 2), 
	resistance_ratio NUMERIC(8, 3), 
	failure_date DATE, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_jar_truth PRIMARY KEY (truth_id), 
	CONSTRAINT fk_jar_truth_battery_id FOREIGN KEY(battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_jar_truth_profile CHECK (profile IN ('healthy', 'accelerated', 'failing')), 
	CONSTRAINT ck_jar_truth_mechanism CHECK (mechanism IN ('corrosion', 'dry_out', 'sulfation', 'strap', 'cell_short', 'partial_short', 'thermal_runaway')), 
	CONSTRAINT ck_jar_truth_soh_pct CHECK (soh_pct BETWEEN 0 AND 130), 
	CONSTRAINT ck_jar_truth_resistance_ratio CHECK (resistance_ratio BETWEEN 0 AND 1000)
);

CREATE INDEX ix_jar_truth_site_month ON truth.jar_truth (site, month);

COMMENT ON TABLE truth.jar_truth IS 'What the generator knows of its jars, for people and tests; empty where the data are real.';

COMMENT ON COLUMN truth.jar_truth.truth_id IS 'Unique identifier.';

COMMENT ON COLUMN truth.jar_truth.battery_id IS 'Battery reference.';

COMMENT ON COLUMN truth.jar_truth.known_at IS 'End of the month, or of the jar''s service in it.';

COMMENT ON COLUMN truth.jar_truth.profile IS 'How fast it ages: 85, 12 and 3 % of new jars; about 95, 5 and 0.2 % of those in service.';

COMMENT ON COLUMN truth.jar_truth.mechanism IS 'What ends it.';

COMMENT ON COLUMN truth.jar_truth.soh_pct IS 'True capacity (10 h test, 25 °C), of the rated. [%]';

COMMENT ON COLUMN truth.jar_truth.resistance_ratio IS 'True resistance relative to new. [1]';

COMMENT ON COLUMN truth.jar_truth.failure_date IS '80 % capacity or sudden failure, maybe ahead; null beyond the horizon.';

COMMENT ON COLUMN truth.jar_truth.site IS 'Site the row belongs to.';

COMMENT ON COLUMN truth.jar_truth.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.timeseries_point (
	ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	session_id UUID NOT NULL, 
	test_time_s NUMERIC(14, 4) NOT NULL, 
	voltage_v NUMERIC(10, 6), 
	current_a NUMERIC(15, 10), 
	temperature_c NUMERIC(7, 3), 
	correction_ah NUMERIC(15, 11), 
	open_ah NUMERIC(14, 9), 
	cycle_count INTEGER, 
	step_index INTEGER, 
	source_file INTEGER, 
	source_row INTEGER, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_timeseries_point PRIMARY KEY (ts, session_id, month), 
	CONSTRAINT ck_timeseries_point_test_time_s CHECK (test_time_s BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_timeseries_point_voltage_v CHECK (voltage_v BETWEEN -100 AND 9999), 
	CONSTRAINT ck_timeseries_point_current_a CHECK (current_a BETWEEN -99999 AND 99999), 
	CONSTRAINT ck_timeseries_point_temperature_c CHECK (temperature_c BETWEEN -100 AND 500), 
	CONSTRAINT ck_timeseries_point_correction_ah CHECK (correction_ah BETWEEN -9999 AND 9999), 
	CONSTRAINT ck_timeseries_point_open_ah CHECK (open_ah BETWEEN 0 AND 99999), 
	CONSTRAINT ck_timeseries_point_cycle_count CHECK (cycle_count BETWEEN -1 AND 10000000), 
	CONSTRAINT ck_timeseries_point_step_index CHECK (step_index BETWEEN -1 AND 10000000), 
	CONSTRAINT ck_timeseries_point_source_file CHECK (source_file BETWEEN 0 AND 100000), 
	CONSTRAINT ck_timeseries_point_source_row CHECK (source_row BETWEEN 1 AND 2000000000)
)
 PARTITION BY LIST (month);

COMMENT ON TABLE lab.timeseries_point IS 'One sample of a test, positive current charges. Rows live in the lake; here they are kept only where they were asked for.';

COMMENT ON COLUMN lab.timeseries_point.ts IS 'Instant of the sample: start of the test plus its test time, and its pauses.';

COMMENT ON COLUMN lab.timeseries_point.session_id IS 'Test the sample belongs to.';

COMMENT ON COLUMN lab.timeseries_point.test_time_s IS 'Time since the test began. [s]';

COMMENT ON COLUMN lab.timeseries_point.voltage_v IS 'Terminal voltage. [V]';

COMMENT ON COLUMN lab.timeseries_point.current_a IS 'Current, positive charges. [A]';

COMMENT ON COLUMN lab.timeseries_point.temperature_c IS 'Surface temperature. [°C]';

COMMENT ON COLUMN lab.timeseries_point.correction_ah IS 'Charge since the sample before that its trapezium lacks; all of it where open_ah is not 0. [Ah]';

COMMENT ON COLUMN lab.timeseries_point.open_ah IS 'Charge that may have flowed unrecorded; NULL without limit. [Ah]';

COMMENT ON COLUMN lab.timeseries_point.cycle_count IS 'Cycle that the file itself counted.';

COMMENT ON COLUMN lab.timeseries_point.step_index IS 'Step of the schedule, as the file numbers it.';

COMMENT ON COLUMN lab.timeseries_point.source_file IS 'Position in the session''s list of files, from 0.';

COMMENT ON COLUMN lab.timeseries_point.source_row IS 'Row of that file, the first below its headings is 1.';

COMMENT ON COLUMN lab.timeseries_point.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.timeseries_point.month IS 'UTC month of the partition, YYYY-MM.';

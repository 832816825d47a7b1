CREATE SCHEMA fleet;
CREATE SCHEMA service;
CREATE SCHEMA ml;
CREATE SCHEMA platform;


CREATE TABLE fleet.location (
	location_id UUID NOT NULL, 
	location_code VARCHAR(20) NOT NULL, 
	location_name VARCHAR(100) NOT NULL, 
	region VARCHAR(12) NOT NULL, 
	city VARCHAR(50) NOT NULL, 
	latitude NUMERIC(10, 7), 
	longitude NUMERIC(10, 7), 
	timezone VARCHAR(50) NOT NULL, 
	commissioned_date DATE, 
	is_active BOOLEAN DEFAULT 'true', 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_location PRIMARY KEY (location_id), 
	CONSTRAINT uq_location_site_location_code UNIQUE (site, location_code), 
	CONSTRAINT ck_location_region CHECK (region IN ('northern', 'northeastern', 'central', 'eastern', 'southern')), 
	CONSTRAINT ck_location_latitude CHECK (latitude BETWEEN -90 AND 90), 
	CONSTRAINT ck_location_longitude CHECK (longitude BETWEEN -180 AND 180)
);

CREATE INDEX ix_location_site_month ON fleet.location (site, month);

COMMENT ON TABLE fleet.location IS 'Data-centre sites.';

COMMENT ON COLUMN fleet.location.location_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.location.location_code IS 'Short code (e.g., ''DC-BKK-01'').';

COMMENT ON COLUMN fleet.location.location_name IS 'Full name (e.g., ''Bangrak Data Center'').';

COMMENT ON COLUMN fleet.location.region IS 'Region of the country.';

COMMENT ON COLUMN fleet.location.city IS 'City name.';

COMMENT ON COLUMN fleet.location.latitude IS 'GPS latitude. [deg]';

COMMENT ON COLUMN fleet.location.longitude IS 'GPS longitude. [deg]';

COMMENT ON COLUMN fleet.location.timezone IS 'IANA timezone (e.g., ''Asia/Bangkok'').';

COMMENT ON COLUMN fleet.location.commissioned_date IS 'Site commissioning date.';

COMMENT ON COLUMN fleet.location.is_active IS 'Operational status.';

COMMENT ON COLUMN fleet.location.created_at IS 'When the record was made.';

COMMENT ON COLUMN fleet.location.updated_at IS 'Last update time.';

COMMENT ON COLUMN fleet.location.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.location.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.battery_model (
	model_id UUID NOT NULL, 
	model_name VARCHAR(50) NOT NULL, 
	manufacturer VARCHAR(100), 
	chemistry VARCHAR(6) NOT NULL, 
	nominal_voltage_v NUMERIC(5, 2) NOT NULL, 
	capacity_ah NUMERIC(6, 2) NOT NULL, 
	float_voltage_min_v NUMERIC(5, 2) NOT NULL, 
	float_voltage_max_v NUMERIC(5, 2) NOT NULL, 
	boost_voltage_min_v NUMERIC(5, 2), 
	boost_voltage_max_v NUMERIC(5, 2), 
	max_charge_current_a NUMERIC(6, 2), 
	temp_warning_c NUMERIC(4, 1), 
	temp_critical_c NUMERIC(4, 1), 
	expected_life_years NUMERIC(4, 1), 
	datasheet_url VARCHAR(500), 
	site VARCHAR(31) NOT NULL, 
	CONSTRAINT pk_battery_model PRIMARY KEY (model_id), 
	CONSTRAINT uq_battery_model_site_model_name UNIQUE (site, model_name), 
	CONSTRAINT ck_battery_model_chemistry CHECK (chemistry IN ('VRLA', 'Li-ion', 'NiMH')), 
	CONSTRAINT ck_battery_model_nominal_voltage_v CHECK (nominal_voltage_v BETWEEN 0 AND 1000), 
	CONSTRAINT ck_battery_model_capacity_ah CHECK (capacity_ah BETWEEN 0 AND 9999), 
	CONSTRAINT ck_battery_model_float_voltage_min_v CHECK (float_voltage_min_v BETWEEN 0 AND 100), 
	CONSTRAINT ck_battery_model_float_voltage_max_v CHECK (float_voltage_max_v BETWEEN 0 AND 100), 
	CONSTRAINT ck_battery_model_boost_voltage_min_v CHECK (boost_voltage_min_v BETWEEN 0 AND 100), 
	CONSTRAINT ck_battery_model_boost_voltage_max_v CHECK (boost_voltage_max_v BETWEEN 0 AND 100), 
	CONSTRAINT ck_battery_model_max_charge_current_a CHECK (max_charge_current_a BETWEEN 0 AND 9999), 
	CONSTRAINT ck_battery_model_temp_warning_c CHECK (temp_warning_c BETWEEN -40 AND 150), 
	CONSTRAINT ck_battery_model_temp_critical_c CHECK (temp_critical_c BETWEEN -40 AND 150), 
	CONSTRAINT ck_battery_model_expected_life_years CHECK (expected_life_years BETWEEN 0 AND 100)
);

COMMENT ON TABLE fleet.battery_model IS 'Battery specifications.';

COMMENT ON COLUMN fleet.battery_model.model_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.battery_model.model_name IS 'Model name (e.g., ''HX12-120'').';

COMMENT ON COLUMN fleet.battery_model.manufacturer IS 'Manufacturer name.';

COMMENT ON COLUMN fleet.battery_model.chemistry IS 'Cell chemistry.';

COMMENT ON COLUMN fleet.battery_model.nominal_voltage_v IS 'Nominal voltage (12.0 V). [V]';

COMMENT ON COLUMN fleet.battery_model.capacity_ah IS 'Rated capacity (120 Ah). [Ah]';

COMMENT ON COLUMN fleet.battery_model.float_voltage_min_v IS 'Float voltage lower bound (13.50 V). [V]';

COMMENT ON COLUMN fleet.battery_model.float_voltage_max_v IS 'Float voltage upper bound (13.80 V). [V]';

COMMENT ON COLUMN fleet.battery_model.boost_voltage_min_v IS 'Boost/equalize lower bound (14.40 V). [V]';

COMMENT ON COLUMN fleet.battery_model.boost_voltage_max_v IS 'Boost/equalize upper bound (14.70 V). [V]';

COMMENT ON COLUMN fleet.battery_model.max_charge_current_a IS 'Max initial charge current (36 A). [A]';

COMMENT ON COLUMN fleet.battery_model.temp_warning_c IS 'Temperature warning threshold (45°C). [°C]';

COMMENT ON COLUMN fleet.battery_model.temp_critical_c IS 'Temperature critical threshold (50°C). [°C]';

COMMENT ON COLUMN fleet.battery_model.expected_life_years IS 'Expected service life. [a]';

COMMENT ON COLUMN fleet.battery_model.datasheet_url IS 'Link to datasheet.';

COMMENT ON COLUMN fleet.battery_model.site IS 'Site the row belongs to.';

CREATE TABLE fleet.battery_system (
	system_id UUID NOT NULL, 
	location_id UUID, 
	system_code VARCHAR(30) NOT NULL, 
	system_type VARCHAR(9) NOT NULL, 
	system_name VARCHAR(100), 
	manufacturer VARCHAR(100), 
	model VARCHAR(100), 
	rated_power_kva NUMERIC(8, 2), 
	installed_date DATE, 
	is_active BOOLEAN DEFAULT 'true', 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_battery_system PRIMARY KEY (system_id), 
	CONSTRAINT uq_battery_system_site_system_code UNIQUE (site, system_code), 
	CONSTRAINT fk_battery_system_location_id FOREIGN KEY(location_id) REFERENCES fleet.location (location_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_battery_system_system_type CHECK (system_type IN ('UPS', 'RECTIFIER')), 
	CONSTRAINT ck_battery_system_rated_power_kva CHECK (rated_power_kva BETWEEN 0 AND 1000000)
);

CREATE INDEX ix_battery_system_site_month ON fleet.battery_system (site, month);

COMMENT ON TABLE fleet.battery_system IS 'UPS and rectifier systems.';

COMMENT ON COLUMN fleet.battery_system.system_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.battery_system.location_id IS 'Parent location.';

COMMENT ON COLUMN fleet.battery_system.system_code IS 'Code (e.g., ''DC-BKK-UPS-01'').';

COMMENT ON COLUMN fleet.battery_system.system_type IS 'Kind of system.';

COMMENT ON COLUMN fleet.battery_system.system_name IS 'Descriptive name.';

COMMENT ON COLUMN fleet.battery_system.manufacturer IS 'UPS/Rectifier manufacturer.';

COMMENT ON COLUMN fleet.battery_system.model IS 'UPS/Rectifier model.';

COMMENT ON COLUMN fleet.battery_system.rated_power_kva IS 'Rated power capacity. [kVA]';

COMMENT ON COLUMN fleet.battery_system.installed_date IS 'Installation date.';

COMMENT ON COLUMN fleet.battery_system.is_active IS 'Operational status.';

COMMENT ON COLUMN fleet.battery_system.created_at IS 'When the record was made.';

COMMENT ON COLUMN fleet.battery_system.updated_at IS 'When the record was last changed.';

COMMENT ON COLUMN fleet.battery_system.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.battery_system.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.string (
	string_id UUID NOT NULL, 
	system_id UUID, 
	string_code VARCHAR(30) NOT NULL, 
	string_position INTEGER NOT NULL, 
	batteries_count INTEGER NOT NULL, 
	nominal_voltage_v NUMERIC(6, 2), 
	installed_date DATE, 
	last_capacity_test_date DATE, 
	is_active BOOLEAN DEFAULT 'true', 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_string PRIMARY KEY (string_id), 
	CONSTRAINT uq_string_site_string_code UNIQUE (site, string_code), 
	CONSTRAINT fk_string_system_id FOREIGN KEY(system_id) REFERENCES fleet.battery_system (system_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_string_string_position CHECK (string_position BETWEEN 1 AND 99), 
	CONSTRAINT ck_string_batteries_count CHECK (batteries_count BETWEEN 1 AND 500), 
	CONSTRAINT ck_string_nominal_voltage_v CHECK (nominal_voltage_v BETWEEN 0 AND 1000)
);

CREATE INDEX ix_string_site_month ON fleet.string (site, month);

COMMENT ON TABLE fleet.string IS 'Battery strings: jars in series.';

COMMENT ON COLUMN fleet.string.string_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.string.system_id IS 'Parent system.';

COMMENT ON COLUMN fleet.string.string_code IS 'Code (e.g., ''DC-BKK-UPS-01-S1'').';

COMMENT ON COLUMN fleet.string.string_position IS 'Position index (1-6 for UPS, 1-3 for Rectifier).';

COMMENT ON COLUMN fleet.string.batteries_count IS 'Number of batteries in string (24).';

COMMENT ON COLUMN fleet.string.nominal_voltage_v IS 'String nominal voltage. [V]';

COMMENT ON COLUMN fleet.string.installed_date IS 'Installation date.';

COMMENT ON COLUMN fleet.string.last_capacity_test_date IS 'Last full capacity test.';

COMMENT ON COLUMN fleet.string.is_active IS 'In service.';

COMMENT ON COLUMN fleet.string.created_at IS 'When the record was made.';

COMMENT ON COLUMN fleet.string.updated_at IS 'When the record was last changed.';

COMMENT ON COLUMN fleet.string.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.string.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.battery (
	battery_id UUID NOT NULL, 
	string_id UUID, 
	model_id UUID, 
	battery_code VARCHAR(40) NOT NULL, 
	serial_number VARCHAR(50), 
	position_in_string INTEGER NOT NULL, 
	manufacture_date DATE, 
	installed_date DATE, 
	warranty_expiry_date DATE, 
	initial_capacity_ah NUMERIC(6, 2), 
	initial_resistance_mohm NUMERIC(8, 3), 
	status VARCHAR(8) NOT NULL, 
	replacement_of UUID, 
	replaced_date DATE, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_battery PRIMARY KEY (battery_id), 
	CONSTRAINT uq_battery_site_battery_code UNIQUE (site, battery_code), 
	CONSTRAINT fk_battery_string_id FOREIGN KEY(string_id) REFERENCES fleet.string (string_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_battery_model_id FOREIGN KEY(model_id) REFERENCES fleet.battery_model (model_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_battery_replacement_of FOREIGN KEY(replacement_of) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_battery_position_in_string CHECK (position_in_string BETWEEN 1 AND 500), 
	CONSTRAINT ck_battery_initial_capacity_ah CHECK (initial_capacity_ah BETWEEN 0 AND 10000), 
	CONSTRAINT ck_battery_initial_resistance_mohm CHECK (initial_resistance_mohm BETWEEN 0 AND 100000), 
	CONSTRAINT ck_battery_status CHECK (status IN ('active', 'warning', 'critical', 'replaced', 'retired'))
);

CREATE INDEX ix_battery_site_month ON fleet.battery (site, month);

COMMENT ON TABLE fleet.battery IS 'Battery jars.';

COMMENT ON COLUMN fleet.battery.battery_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.battery.string_id IS 'Parent string.';

COMMENT ON COLUMN fleet.battery.model_id IS 'Battery specification.';

COMMENT ON COLUMN fleet.battery.battery_code IS 'Code (e.g., ''DC-BKK-UPS-01-S1-J12'').';

COMMENT ON COLUMN fleet.battery.serial_number IS 'Manufacturer serial.';

COMMENT ON COLUMN fleet.battery.position_in_string IS 'Position (1-24).';

COMMENT ON COLUMN fleet.battery.manufacture_date IS 'Manufacturing date.';

COMMENT ON COLUMN fleet.battery.installed_date IS 'Installation date.';

COMMENT ON COLUMN fleet.battery.warranty_expiry_date IS 'Warranty end date.';

COMMENT ON COLUMN fleet.battery.initial_capacity_ah IS 'Baseline capacity at install. [Ah]';

COMMENT ON COLUMN fleet.battery.initial_resistance_mohm IS 'Baseline internal resistance. [mΩ]';

COMMENT ON COLUMN fleet.battery.status IS 'State.';

COMMENT ON COLUMN fleet.battery.replacement_of IS 'Previous battery if replaced.';

COMMENT ON COLUMN fleet.battery.replaced_date IS 'When replaced.';

COMMENT ON COLUMN fleet.battery.created_at IS 'When the record was made.';

COMMENT ON COLUMN fleet.battery.updated_at IS 'When the record was last changed.';

COMMENT ON COLUMN fleet.battery.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.battery.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.environmental_sensor (
	sensor_id UUID NOT NULL, 
	location_id UUID, 
	sensor_code VARCHAR(30), 
	sensor_type VARCHAR(11), 
	zone VARCHAR(50), 
	is_active BOOLEAN DEFAULT 'true', 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_environmental_sensor PRIMARY KEY (sensor_id), 
	CONSTRAINT uq_environmental_sensor_site_sensor_code UNIQUE (site, sensor_code), 
	CONSTRAINT fk_environmental_sensor_location_id FOREIGN KEY(location_id) REFERENCES fleet.location (location_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_environmental_sensor_sensor_type CHECK (sensor_type IN ('temperature', 'humidity', 'combined'))
);

CREATE INDEX ix_environmental_sensor_site_month ON fleet.environmental_sensor (site, month);

COMMENT ON TABLE fleet.environmental_sensor IS 'Environmental sensors.';

COMMENT ON COLUMN fleet.environmental_sensor.sensor_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.environmental_sensor.location_id IS 'Parent location.';

COMMENT ON COLUMN fleet.environmental_sensor.sensor_code IS 'Sensor code.';

COMMENT ON COLUMN fleet.environmental_sensor.sensor_type IS 'What it measures.';

COMMENT ON COLUMN fleet.environmental_sensor.zone IS 'Zone/room placement.';

COMMENT ON COLUMN fleet.environmental_sensor.is_active IS 'In service.';

COMMENT ON COLUMN fleet.environmental_sensor.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.environmental_sensor.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE service."user" (
	user_id UUID NOT NULL, 
	email VARCHAR(255) NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	role VARCHAR(8) NOT NULL, 
	location_ids JSONB, 
	is_active BOOLEAN DEFAULT 'true', 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	CONSTRAINT pk_user PRIMARY KEY (user_id), 
	CONSTRAINT uq_user_site_email UNIQUE (site, email), 
	CONSTRAINT ck_user_role CHECK (role IN ('admin', 'engineer', 'operator', 'viewer'))
);

COMMENT ON TABLE service."user" IS 'People who use the system.';

COMMENT ON COLUMN service."user".user_id IS 'Unique identifier.';

COMMENT ON COLUMN service."user".email IS 'Email address.';

COMMENT ON COLUMN service."user".name IS 'Full name.';

COMMENT ON COLUMN service."user".role IS 'What the user may do.';

COMMENT ON COLUMN service."user".location_ids IS 'Assigned locations (array).';

COMMENT ON COLUMN service."user".is_active IS 'In service.';

COMMENT ON COLUMN service."user".created_at IS 'When the record was made.';

COMMENT ON COLUMN service."user".updated_at IS 'When the record was last changed.';

COMMENT ON COLUMN service."user".site IS 'Site the row belongs to.';

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
	CONSTRAINT ck_telemetry_jar_raw_voltage_v CHECK (voltage_v BETWEEN 0 AND 20), 
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

CREATE TABLE fleet.telemetry_jar_raw_default PARTITION OF fleet.telemetry_jar_raw DEFAULT;

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

CREATE TABLE fleet.telemetry_string_raw_default PARTITION OF fleet.telemetry_string_raw DEFAULT;

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

CREATE TABLE fleet.telemetry_env_default PARTITION OF fleet.telemetry_env DEFAULT;

CREATE TABLE fleet.telemetry_event_window (
	window_id UUID NOT NULL, 
	string_id UUID, 
	event_type VARCHAR(14) NOT NULL, 
	start_ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	end_ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	sample_rate_ms INTEGER NOT NULL, 
	data_blob_url VARCHAR(500), 
	samples_count INTEGER, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_telemetry_event_window PRIMARY KEY (window_id), 
	CONSTRAINT fk_telemetry_event_window_string_id FOREIGN KEY(string_id) REFERENCES fleet.string (string_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_telemetry_event_window_event_type CHECK (event_type IN ('discharge_test', 'transfer_event', 'equalize', 'surge')), 
	CONSTRAINT ck_telemetry_event_window_sample_rate_ms CHECK (sample_rate_ms BETWEEN 1 AND 60000), 
	CONSTRAINT ck_telemetry_event_window_samples_count CHECK (samples_count BETWEEN 0 AND 2147483647)
);

CREATE INDEX ix_telemetry_event_window_site_month ON fleet.telemetry_event_window (site, month);

COMMENT ON TABLE fleet.telemetry_event_window IS 'High-frequency captures of discharges and transfers.';

COMMENT ON COLUMN fleet.telemetry_event_window.window_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.telemetry_event_window.string_id IS 'String reference.';

COMMENT ON COLUMN fleet.telemetry_event_window.event_type IS 'Kind of event.';

COMMENT ON COLUMN fleet.telemetry_event_window.start_ts IS 'Window start.';

COMMENT ON COLUMN fleet.telemetry_event_window.end_ts IS 'Window end.';

COMMENT ON COLUMN fleet.telemetry_event_window.sample_rate_ms IS 'Sampling interval (100-500 ms).';

COMMENT ON COLUMN fleet.telemetry_event_window.data_blob_url IS 'Object store URL for raw data.';

COMMENT ON COLUMN fleet.telemetry_event_window.samples_count IS 'Number of samples captured.';

COMMENT ON COLUMN fleet.telemetry_event_window.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.telemetry_event_window.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.maintenance_event (
	event_id UUID NOT NULL, 
	battery_id UUID, 
	string_id UUID, 
	location_id UUID, 
	event_type VARCHAR(19) NOT NULL, 
	event_subtype VARCHAR(50), 
	scheduled_date TIMESTAMP WITH TIME ZONE, 
	completed_date TIMESTAMP WITH TIME ZONE, 
	technician_id UUID, 
	status VARCHAR(11) NOT NULL, 
	work_order_id VARCHAR(50), 
	notes TEXT, 
	photo_urls JSONB, 
	ir_scan_url VARCHAR(500), 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_maintenance_event PRIMARY KEY (event_id), 
	CONSTRAINT fk_maintenance_event_battery_id FOREIGN KEY(battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_maintenance_event_string_id FOREIGN KEY(string_id) REFERENCES fleet.string (string_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_maintenance_event_location_id FOREIGN KEY(location_id) REFERENCES fleet.location (location_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_maintenance_event_technician_id FOREIGN KEY(technician_id) REFERENCES service."user" (user_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_maintenance_event_event_type CHECK (event_type IN ('visual_inspection', 'voltage_measurement', 'thermal_survey', 'torque_check', 'capacity_test', 'impedance_test', 'replacement', 'corrective')), 
	CONSTRAINT ck_maintenance_event_status CHECK (status IN ('scheduled', 'in_progress', 'completed', 'cancelled'))
);

CREATE INDEX idx_maintenance_location_status ON fleet.maintenance_event (location_id, status, scheduled_date);

CREATE INDEX ix_maintenance_event_site_month ON fleet.maintenance_event (site, month);

COMMENT ON TABLE fleet.maintenance_event IS 'Scheduled and unscheduled maintenance.';

COMMENT ON COLUMN fleet.maintenance_event.event_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.maintenance_event.battery_id IS 'Specific battery (if applicable).';

COMMENT ON COLUMN fleet.maintenance_event.string_id IS 'Specific string (if applicable).';

COMMENT ON COLUMN fleet.maintenance_event.location_id IS 'Location.';

COMMENT ON COLUMN fleet.maintenance_event.event_type IS 'Kind of event.';

COMMENT ON COLUMN fleet.maintenance_event.event_subtype IS 'Additional categorization.';

COMMENT ON COLUMN fleet.maintenance_event.scheduled_date IS 'Planned date.';

COMMENT ON COLUMN fleet.maintenance_event.completed_date IS 'Actual completion.';

COMMENT ON COLUMN fleet.maintenance_event.technician_id IS 'Assigned technician.';

COMMENT ON COLUMN fleet.maintenance_event.status IS 'State.';

COMMENT ON COLUMN fleet.maintenance_event.work_order_id IS 'CMMS/ITSM reference.';

COMMENT ON COLUMN fleet.maintenance_event.notes IS 'Technician notes.';

COMMENT ON COLUMN fleet.maintenance_event.photo_urls IS 'Array of photo URLs.';

COMMENT ON COLUMN fleet.maintenance_event.ir_scan_url IS 'Thermal scan image.';

COMMENT ON COLUMN fleet.maintenance_event.created_at IS 'When the record was made.';

COMMENT ON COLUMN fleet.maintenance_event.updated_at IS 'When the record was last changed.';

COMMENT ON COLUMN fleet.maintenance_event.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.maintenance_event.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.capacity_test_raw (
	test_id UUID NOT NULL, 
	string_id UUID, 
	maintenance_event_id UUID, 
	test_date TIMESTAMP WITH TIME ZONE NOT NULL, 
	test_type VARCHAR(17) NOT NULL, 
	discharge_rate_a NUMERIC(6, 2), 
	discharge_duration_min NUMERIC(6, 1), 
	cutoff_voltage_v NUMERIC(6, 2), 
	ambient_temp_c NUMERIC(4, 1), 
	raw_data_url VARCHAR(500), 
	notes TEXT, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_capacity_test_raw PRIMARY KEY (test_id), 
	CONSTRAINT fk_capacity_test_raw_string_id FOREIGN KEY(string_id) REFERENCES fleet.string (string_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_capacity_test_raw_maintenance_event_id FOREIGN KEY(maintenance_event_id) REFERENCES fleet.maintenance_event (event_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_capacity_test_raw_test_type CHECK (test_type IN ('full_discharge', 'partial_discharge', 'impedance_sweep')), 
	CONSTRAINT ck_capacity_test_raw_discharge_rate_a CHECK (discharge_rate_a BETWEEN -9999 AND 9999), 
	CONSTRAINT ck_capacity_test_raw_discharge_duration_min CHECK (discharge_duration_min BETWEEN 0 AND 100000), 
	CONSTRAINT ck_capacity_test_raw_cutoff_voltage_v CHECK (cutoff_voltage_v BETWEEN 0 AND 1000), 
	CONSTRAINT ck_capacity_test_raw_ambient_temp_c CHECK (ambient_temp_c BETWEEN -40 AND 100)
);

CREATE INDEX ix_capacity_test_raw_site_month ON fleet.capacity_test_raw (site, month);

COMMENT ON TABLE fleet.capacity_test_raw IS 'Discharge tests as they were run.';

COMMENT ON COLUMN fleet.capacity_test_raw.test_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.capacity_test_raw.string_id IS 'Tested string.';

COMMENT ON COLUMN fleet.capacity_test_raw.maintenance_event_id IS 'Related event.';

COMMENT ON COLUMN fleet.capacity_test_raw.test_date IS 'Test timestamp.';

COMMENT ON COLUMN fleet.capacity_test_raw.test_type IS 'Kind of test.';

COMMENT ON COLUMN fleet.capacity_test_raw.discharge_rate_a IS 'Discharge current, as a magnitude. [A]';

COMMENT ON COLUMN fleet.capacity_test_raw.discharge_duration_min IS 'Duration to cutoff. [min]';

COMMENT ON COLUMN fleet.capacity_test_raw.cutoff_voltage_v IS 'End voltage. [V]';

COMMENT ON COLUMN fleet.capacity_test_raw.ambient_temp_c IS 'Ambient during test. [°C]';

COMMENT ON COLUMN fleet.capacity_test_raw.raw_data_url IS 'Object store URL for detailed data.';

COMMENT ON COLUMN fleet.capacity_test_raw.notes IS 'Remarks of the test engineer.';

COMMENT ON COLUMN fleet.capacity_test_raw.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.capacity_test_raw.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.impedance_measurement_raw (
	measurement_id UUID NOT NULL, 
	battery_id UUID, 
	maintenance_event_id UUID, 
	measured_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	resistance_mohm NUMERIC(8, 3), 
	conductance_s NUMERIC(8, 5), 
	temperature_c NUMERIC(4, 1), 
	instrument_model VARCHAR(50), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_impedance_measurement_raw PRIMARY KEY (measurement_id), 
	CONSTRAINT fk_impedance_measurement_raw_battery_id FOREIGN KEY(battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_impedance_measurement_raw_maintenance_event_id FOREIGN KEY(maintenance_event_id) REFERENCES fleet.maintenance_event (event_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_impedance_measurement_raw_resistance_mohm CHECK (resistance_mohm BETWEEN 0 AND 100000), 
	CONSTRAINT ck_impedance_measurement_raw_conductance_s CHECK (conductance_s BETWEEN 0 AND 1000), 
	CONSTRAINT ck_impedance_measurement_raw_temperature_c CHECK (temperature_c BETWEEN -40 AND 100)
);

CREATE INDEX ix_impedance_measurement_raw_site_month ON fleet.impedance_measurement_raw (site, month);

COMMENT ON TABLE fleet.impedance_measurement_raw IS 'Ohmic readings of single jars as the instrument gave them.';

COMMENT ON COLUMN fleet.impedance_measurement_raw.measurement_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.impedance_measurement_raw.battery_id IS 'Battery reference.';

COMMENT ON COLUMN fleet.impedance_measurement_raw.maintenance_event_id IS 'Related event.';

COMMENT ON COLUMN fleet.impedance_measurement_raw.measured_at IS 'Measurement time.';

COMMENT ON COLUMN fleet.impedance_measurement_raw.resistance_mohm IS 'Internal resistance, when an instrument read it. [mΩ]';

COMMENT ON COLUMN fleet.impedance_measurement_raw.conductance_s IS 'Conductance, 1000/R unless the instrument says otherwise. [S]';

COMMENT ON COLUMN fleet.impedance_measurement_raw.temperature_c IS 'Battery temp during measurement. [°C]';

COMMENT ON COLUMN fleet.impedance_measurement_raw.instrument_model IS 'Measurement device.';

COMMENT ON COLUMN fleet.impedance_measurement_raw.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.impedance_measurement_raw.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.audit_log (
	log_id UUID NOT NULL, 
	ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	user_id UUID, 
	action VARCHAR(50) NOT NULL, 
	entity_type VARCHAR(50), 
	entity_id UUID, 
	details_json JSONB, 
	ip_address VARCHAR(45), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_audit_log PRIMARY KEY (log_id, month), 
	CONSTRAINT fk_audit_log_user_id FOREIGN KEY(user_id) REFERENCES service."user" (user_id) DEFERRABLE INITIALLY DEFERRED
)
 PARTITION BY LIST (month);

CREATE INDEX ix_audit_log_site_month ON fleet.audit_log (site, month);

COMMENT ON TABLE fleet.audit_log IS 'Who did what.';

COMMENT ON COLUMN fleet.audit_log.log_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.audit_log.ts IS 'Event timestamp.';

COMMENT ON COLUMN fleet.audit_log.user_id IS 'Acting user.';

COMMENT ON COLUMN fleet.audit_log.action IS 'Action type.';

COMMENT ON COLUMN fleet.audit_log.entity_type IS 'Affected entity type.';

COMMENT ON COLUMN fleet.audit_log.entity_id IS 'Affected entity ID.';

COMMENT ON COLUMN fleet.audit_log.details_json IS 'Action details.';

COMMENT ON COLUMN fleet.audit_log.ip_address IS 'Client IP.';

COMMENT ON COLUMN fleet.audit_log.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.audit_log.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.audit_log_default PARTITION OF fleet.audit_log DEFAULT;

CREATE TABLE fleet.telemetry_jar_calc (
	ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	battery_id UUID NOT NULL, 
	soc_pct NUMERIC(5, 2), 
	soh_pct NUMERIC(5, 2), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_telemetry_jar_calc PRIMARY KEY (ts, battery_id, month), 
	CONSTRAINT fk_telemetry_jar_calc_battery_id FOREIGN KEY(battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_telemetry_jar_calc_soc_pct CHECK (soc_pct BETWEEN 0 AND 100), 
	CONSTRAINT ck_telemetry_jar_calc_soh_pct CHECK (soh_pct BETWEEN 0 AND 130)
)
 PARTITION BY LIST (month);

COMMENT ON TABLE fleet.telemetry_jar_calc IS 'State of charge and health of a jar at each of its samples. Rows live in the lake; here they are kept only where they were asked for.';

COMMENT ON COLUMN fleet.telemetry_jar_calc.ts IS 'Measurement timestamp.';

COMMENT ON COLUMN fleet.telemetry_jar_calc.battery_id IS 'Battery reference.';

COMMENT ON COLUMN fleet.telemetry_jar_calc.soc_pct IS 'Estimated state of charge, of the present capacity. [%]';

COMMENT ON COLUMN fleet.telemetry_jar_calc.soh_pct IS 'Estimated state of health, of the rated C10 at 25 °C. [%]';

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

CREATE TABLE fleet.capacity_test_calc (
	test_id UUID NOT NULL, 
	measured_capacity_ah NUMERIC(6, 2), 
	capacity_pct_of_rated NUMERIC(5, 2), 
	pass_fail VARCHAR(8), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_capacity_test_calc PRIMARY KEY (test_id), 
	CONSTRAINT fk_capacity_test_calc_test_id FOREIGN KEY(test_id) REFERENCES fleet.capacity_test_raw (test_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_capacity_test_calc_measured_capacity_ah CHECK (measured_capacity_ah BETWEEN 0 AND 10000), 
	CONSTRAINT ck_capacity_test_calc_capacity_pct_of_rated CHECK (capacity_pct_of_rated BETWEEN 0 AND 1000), 
	CONSTRAINT ck_capacity_test_calc_pass_fail CHECK (pass_fail IN ('pass', 'fail', 'marginal'))
);

CREATE INDEX ix_capacity_test_calc_site_month ON fleet.capacity_test_calc (site, month);

COMMENT ON TABLE fleet.capacity_test_calc IS 'Capacity that a discharge test measured.';

COMMENT ON COLUMN fleet.capacity_test_calc.test_id IS 'Test reference.';

COMMENT ON COLUMN fleet.capacity_test_calc.measured_capacity_ah IS 'Measured capacity. [Ah]';

COMMENT ON COLUMN fleet.capacity_test_calc.capacity_pct_of_rated IS 'Capacity as % of rated. [%]';

COMMENT ON COLUMN fleet.capacity_test_calc.pass_fail IS 'Verdict.';

COMMENT ON COLUMN fleet.capacity_test_calc.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.capacity_test_calc.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.impedance_measurement_calc (
	measurement_id UUID NOT NULL, 
	temp_corrected_resistance_mohm NUMERIC(8, 3), 
	baseline_pct NUMERIC(5, 2), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_impedance_measurement_calc PRIMARY KEY (measurement_id), 
	CONSTRAINT fk_impedance_measurement_calc_measurement_id FOREIGN KEY(measurement_id) REFERENCES fleet.impedance_measurement_raw (measurement_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_impedance_measurement_calc_temp_corrected_resistance_mohm CHECK (temp_corrected_resistance_mohm BETWEEN 0 AND 100000), 
	CONSTRAINT ck_impedance_measurement_calc_baseline_pct CHECK (baseline_pct BETWEEN 0 AND 1000)
);

CREATE INDEX ix_impedance_measurement_calc_site_month ON fleet.impedance_measurement_calc (site, month);

COMMENT ON TABLE fleet.impedance_measurement_calc IS 'Ohmic readings brought to 25 °C and set against the baseline.';

COMMENT ON COLUMN fleet.impedance_measurement_calc.measurement_id IS 'Measurement reference.';

COMMENT ON COLUMN fleet.impedance_measurement_calc.temp_corrected_resistance_mohm IS 'Temperature-normalized value. [mΩ]';

COMMENT ON COLUMN fleet.impedance_measurement_calc.baseline_pct IS '% of initial baseline. [%]';

COMMENT ON COLUMN fleet.impedance_measurement_calc.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.impedance_measurement_calc.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.feature_store (
	feature_ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	battery_id UUID NOT NULL, 
	feature_window_hours INTEGER NOT NULL, 
	v_mean NUMERIC(5, 3), 
	v_std NUMERIC(5, 4), 
	v_min NUMERIC(5, 3), 
	v_max NUMERIC(5, 3), 
	v_balance_mean NUMERIC(5, 4), 
	t_mean NUMERIC(4, 1), 
	t_max NUMERIC(4, 1), 
	t_delta_ambient_mean NUMERIC(4, 2), 
	r_internal_latest NUMERIC(8, 3), 
	r_internal_baseline_pct NUMERIC(5, 2), 
	discharge_cycles_count INTEGER, 
	ah_throughput NUMERIC(8, 2), 
	time_below_float_min INTEGER, 
	time_above_float_min INTEGER, 
	surge_events_count INTEGER, 
	ripple_rms_mean NUMERIC(5, 3), 
	thd_mean NUMERIC(5, 2), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_feature_store PRIMARY KEY (feature_ts, battery_id, feature_window_hours, month), 
	CONSTRAINT fk_feature_store_battery_id FOREIGN KEY(battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_feature_store_feature_window_hours CHECK (feature_window_hours BETWEEN 1 AND 8784), 
	CONSTRAINT ck_feature_store_v_mean CHECK (v_mean BETWEEN 0 AND 20), 
	CONSTRAINT ck_feature_store_v_std CHECK (v_std BETWEEN 0 AND 10), 
	CONSTRAINT ck_feature_store_v_min CHECK (v_min BETWEEN 0 AND 20), 
	CONSTRAINT ck_feature_store_v_max CHECK (v_max BETWEEN 0 AND 20), 
	CONSTRAINT ck_feature_store_v_balance_mean CHECK (v_balance_mean BETWEEN 0 AND 10), 
	CONSTRAINT ck_feature_store_t_mean CHECK (t_mean BETWEEN -40 AND 100), 
	CONSTRAINT ck_feature_store_t_max CHECK (t_max BETWEEN -40 AND 100), 
	CONSTRAINT ck_feature_store_t_delta_ambient_mean CHECK (t_delta_ambient_mean BETWEEN -99 AND 99), 
	CONSTRAINT ck_feature_store_r_internal_latest CHECK (r_internal_latest BETWEEN 0 AND 100000), 
	CONSTRAINT ck_feature_store_r_internal_baseline_pct CHECK (r_internal_baseline_pct BETWEEN 0 AND 1000), 
	CONSTRAINT ck_feature_store_discharge_cycles_count CHECK (discharge_cycles_count BETWEEN 0 AND 100000), 
	CONSTRAINT ck_feature_store_ah_throughput CHECK (ah_throughput BETWEEN 0 AND 1000000), 
	CONSTRAINT ck_feature_store_time_below_float_min CHECK (time_below_float_min BETWEEN 0 AND 600000), 
	CONSTRAINT ck_feature_store_time_above_float_min CHECK (time_above_float_min BETWEEN 0 AND 600000), 
	CONSTRAINT ck_feature_store_surge_events_count CHECK (surge_events_count BETWEEN 0 AND 100000), 
	CONSTRAINT ck_feature_store_ripple_rms_mean CHECK (ripple_rms_mean BETWEEN 0 AND 100), 
	CONSTRAINT ck_feature_store_thd_mean CHECK (thd_mean BETWEEN 0 AND 1000)
)
 PARTITION BY LIST (month);

CREATE INDEX idx_feature_store_battery_window ON fleet.feature_store (battery_id, feature_window_hours, feature_ts DESC);

CREATE INDEX ix_feature_store_site_month ON fleet.feature_store (site, month);

COMMENT ON TABLE fleet.feature_store IS 'Features of a jar over 1, 24 and 168 hours.';

COMMENT ON COLUMN fleet.feature_store.feature_ts IS 'Feature window end time.';

COMMENT ON COLUMN fleet.feature_store.battery_id IS 'Battery reference.';

COMMENT ON COLUMN fleet.feature_store.feature_window_hours IS 'Aggregation window (e.g., 1, 24, 168).';

COMMENT ON COLUMN fleet.feature_store.v_mean IS 'Mean voltage. [V]';

COMMENT ON COLUMN fleet.feature_store.v_std IS 'Voltage std dev. [V]';

COMMENT ON COLUMN fleet.feature_store.v_min IS 'Min voltage. [V]';

COMMENT ON COLUMN fleet.feature_store.v_max IS 'Max voltage. [V]';

COMMENT ON COLUMN fleet.feature_store.v_balance_mean IS 'Mean voltage imbalance. [V]';

COMMENT ON COLUMN fleet.feature_store.t_mean IS 'Mean temperature. [°C]';

COMMENT ON COLUMN fleet.feature_store.t_max IS 'Max temperature. [°C]';

COMMENT ON COLUMN fleet.feature_store.t_delta_ambient_mean IS 'Mean temp above ambient. [K]';

COMMENT ON COLUMN fleet.feature_store.r_internal_latest IS 'Latest resistance. [mΩ]';

COMMENT ON COLUMN fleet.feature_store.r_internal_baseline_pct IS '% of baseline. [%]';

COMMENT ON COLUMN fleet.feature_store.discharge_cycles_count IS 'Discharge events in window.';

COMMENT ON COLUMN fleet.feature_store.ah_throughput IS 'Cumulative Ah throughput. [Ah]';

COMMENT ON COLUMN fleet.feature_store.time_below_float_min IS 'Minutes below float band.';

COMMENT ON COLUMN fleet.feature_store.time_above_float_min IS 'Minutes above float band.';

COMMENT ON COLUMN fleet.feature_store.surge_events_count IS 'High-current events.';

COMMENT ON COLUMN fleet.feature_store.ripple_rms_mean IS 'Mean ripple voltage. [V rms]';

COMMENT ON COLUMN fleet.feature_store.thd_mean IS 'Mean THD. [%]';

COMMENT ON COLUMN fleet.feature_store.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.feature_store.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.feature_store_default PARTITION OF fleet.feature_store DEFAULT;

CREATE TABLE ml.ml_model (
	model_id UUID NOT NULL, 
	model_name VARCHAR(100) NOT NULL, 
	model_type VARCHAR(15) NOT NULL, 
	version VARCHAR(20) NOT NULL, 
	status VARCHAR(10) NOT NULL, 
	trained_at TIMESTAMP WITH TIME ZONE, 
	promoted_at TIMESTAMP WITH TIME ZONE, 
	retired_at TIMESTAMP WITH TIME ZONE, 
	artifact_url VARCHAR(500), 
	hyperparameters_json JSONB, 
	metrics_json JSONB, 
	feature_list JSONB, 
	training_data_start TIMESTAMP WITH TIME ZONE, 
	training_data_end TIMESTAMP WITH TIME ZONE, 
	created_by UUID, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_ml_model PRIMARY KEY (model_id), 
	CONSTRAINT fk_ml_model_created_by FOREIGN KEY(created_by) REFERENCES service."user" (user_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_ml_model_model_type CHECK (model_type IN ('catboost_rul', 'anomaly_iforest', 'anomaly_ae', 'survival')), 
	CONSTRAINT ck_ml_model_status CHECK (status IN ('training', 'staging', 'production', 'retired'))
);

COMMENT ON TABLE ml.ml_model IS 'Trained models: a mirror of the model registry.';

COMMENT ON COLUMN ml.ml_model.model_id IS 'Unique identifier.';

COMMENT ON COLUMN ml.ml_model.model_name IS 'Model name.';

COMMENT ON COLUMN ml.ml_model.model_type IS 'Kind of model.';

COMMENT ON COLUMN ml.ml_model.version IS 'Semantic version.';

COMMENT ON COLUMN ml.ml_model.status IS 'State.';

COMMENT ON COLUMN ml.ml_model.trained_at IS 'Training completion.';

COMMENT ON COLUMN ml.ml_model.promoted_at IS 'Promotion to production.';

COMMENT ON COLUMN ml.ml_model.retired_at IS 'Retirement from production.';

COMMENT ON COLUMN ml.ml_model.artifact_url IS 'Object store URL.';

COMMENT ON COLUMN ml.ml_model.hyperparameters_json IS 'Training hyperparameters.';

COMMENT ON COLUMN ml.ml_model.metrics_json IS 'Validation metrics (AUROC, precision, etc.).';

COMMENT ON COLUMN ml.ml_model.feature_list IS 'Features used.';

COMMENT ON COLUMN ml.ml_model.training_data_start IS 'Training data range start.';

COMMENT ON COLUMN ml.ml_model.training_data_end IS 'Training data range end.';

COMMENT ON COLUMN ml.ml_model.created_by IS 'Who trained it.';

COMMENT ON COLUMN ml.ml_model.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.digital_twin_state (
	state_id UUID NOT NULL, 
	battery_id UUID, 
	captured_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	soc_pct NUMERIC(5, 2), 
	soh_pct NUMERIC(5, 2), 
	r0_mohm NUMERIC(8, 3), 
	r1_mohm NUMERIC(8, 3), 
	c1_f NUMERIC(10, 4), 
	r2_mohm NUMERIC(8, 3), 
	c2_f NUMERIC(10, 4), 
	ocv_params_json JSONB, 
	sei_thickness_nm NUMERIC(8, 3), 
	capacity_fade_pct NUMERIC(5, 2), 
	power_fade_pct NUMERIC(5, 2), 
	calibration_rmse_v NUMERIC(6, 4), 
	last_calibrated_at TIMESTAMP WITH TIME ZONE, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_digital_twin_state PRIMARY KEY (state_id, month), 
	CONSTRAINT fk_digital_twin_state_battery_id FOREIGN KEY(battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_digital_twin_state_soc_pct CHECK (soc_pct BETWEEN 0 AND 100), 
	CONSTRAINT ck_digital_twin_state_soh_pct CHECK (soh_pct BETWEEN 0 AND 130), 
	CONSTRAINT ck_digital_twin_state_r0_mohm CHECK (r0_mohm BETWEEN 0 AND 100000), 
	CONSTRAINT ck_digital_twin_state_r1_mohm CHECK (r1_mohm BETWEEN 0 AND 100000), 
	CONSTRAINT ck_digital_twin_state_c1_f CHECK (c1_f BETWEEN 0 AND 1000000), 
	CONSTRAINT ck_digital_twin_state_r2_mohm CHECK (r2_mohm BETWEEN 0 AND 100000), 
	CONSTRAINT ck_digital_twin_state_c2_f CHECK (c2_f BETWEEN 0 AND 1000000), 
	CONSTRAINT ck_digital_twin_state_sei_thickness_nm CHECK (sei_thickness_nm BETWEEN 0 AND 100000), 
	CONSTRAINT ck_digital_twin_state_capacity_fade_pct CHECK (capacity_fade_pct BETWEEN -30 AND 100), 
	CONSTRAINT ck_digital_twin_state_calibration_rmse_v CHECK (calibration_rmse_v BETWEEN 0 AND 100)
)
 PARTITION BY LIST (month);

CREATE INDEX ix_digital_twin_state_site_month ON fleet.digital_twin_state (site, month);

COMMENT ON TABLE fleet.digital_twin_state IS 'Parameters of the digital twin of a jar.';

COMMENT ON COLUMN fleet.digital_twin_state.state_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.digital_twin_state.battery_id IS 'Battery reference.';

COMMENT ON COLUMN fleet.digital_twin_state.captured_at IS 'State capture time.';

COMMENT ON COLUMN fleet.digital_twin_state.soc_pct IS 'Estimated state of charge, of the present capacity. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.soh_pct IS 'Estimated state of health, of the rated C10 at 25 °C. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.r0_mohm IS 'Equivalent circuit R₀ at 5 s. [mΩ]';

COMMENT ON COLUMN fleet.digital_twin_state.r1_mohm IS 'Equivalent circuit R₁. [mΩ]';

COMMENT ON COLUMN fleet.digital_twin_state.c1_f IS 'Equivalent circuit C₁. [F]';

COMMENT ON COLUMN fleet.digital_twin_state.r2_mohm IS 'Equivalent circuit R₂. [mΩ]';

COMMENT ON COLUMN fleet.digital_twin_state.c2_f IS 'Equivalent circuit C₂. [F]';

COMMENT ON COLUMN fleet.digital_twin_state.ocv_params_json IS 'OCV curve parameters.';

COMMENT ON COLUMN fleet.digital_twin_state.sei_thickness_nm IS 'Equivalent positive-grid corrosion layer (model state, not measured). [nm]';

COMMENT ON COLUMN fleet.digital_twin_state.capacity_fade_pct IS 'Capacity fade from initial. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.power_fade_pct IS 'Power fade from initial. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.calibration_rmse_v IS 'Last calibration RMSE. [V]';

COMMENT ON COLUMN fleet.digital_twin_state.last_calibrated_at IS 'Last calibration time.';

COMMENT ON COLUMN fleet.digital_twin_state.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.digital_twin_state.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.digital_twin_state_default PARTITION OF fleet.digital_twin_state DEFAULT;

CREATE TABLE fleet.rul_prediction (
	prediction_id UUID NOT NULL, 
	battery_id UUID, 
	model_id UUID, 
	predicted_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	rul_days NUMERIC(6, 1) NOT NULL, 
	rul_lower_ci_days NUMERIC(6, 1), 
	rul_upper_ci_days NUMERIC(6, 1), 
	failure_probability_30d NUMERIC(5, 4), 
	failure_probability_90d NUMERIC(5, 4), 
	confidence_score NUMERIC(5, 4), 
	source VARCHAR(12) NOT NULL, 
	feature_snapshot_json JSONB, 
	explanation_json JSONB, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_rul_prediction PRIMARY KEY (prediction_id, month), 
	CONSTRAINT fk_rul_prediction_battery_id FOREIGN KEY(battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_rul_prediction_model_id FOREIGN KEY(model_id) REFERENCES ml.ml_model (model_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_rul_prediction_rul_days CHECK (rul_days BETWEEN 0 AND 100000), 
	CONSTRAINT ck_rul_prediction_rul_lower_ci_days CHECK (rul_lower_ci_days BETWEEN 0 AND 100000), 
	CONSTRAINT ck_rul_prediction_rul_upper_ci_days CHECK (rul_upper_ci_days BETWEEN 0 AND 100000), 
	CONSTRAINT ck_rul_prediction_failure_probability_30d CHECK (failure_probability_30d BETWEEN 0 AND 1), 
	CONSTRAINT ck_rul_prediction_failure_probability_90d CHECK (failure_probability_90d BETWEEN 0 AND 1), 
	CONSTRAINT ck_rul_prediction_confidence_score CHECK (confidence_score BETWEEN 0 AND 1), 
	CONSTRAINT ck_rul_prediction_source CHECK (source IN ('ml_model', 'digital_twin', 'fused'))
)
 PARTITION BY LIST (month);

CREATE INDEX idx_rul_prediction_battery_ts ON fleet.rul_prediction (battery_id, predicted_at DESC);

CREATE INDEX ix_rul_prediction_site_month ON fleet.rul_prediction (site, month);

COMMENT ON TABLE fleet.rul_prediction IS 'Predicted remaining useful life of a jar.';

COMMENT ON COLUMN fleet.rul_prediction.prediction_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.rul_prediction.battery_id IS 'Battery reference.';

COMMENT ON COLUMN fleet.rul_prediction.model_id IS 'Model used.';

COMMENT ON COLUMN fleet.rul_prediction.predicted_at IS 'Prediction timestamp.';

COMMENT ON COLUMN fleet.rul_prediction.rul_days IS 'Predicted RUL. [d]';

COMMENT ON COLUMN fleet.rul_prediction.rul_lower_ci_days IS 'Lower 95% CI. [d]';

COMMENT ON COLUMN fleet.rul_prediction.rul_upper_ci_days IS 'Upper 95% CI. [d]';

COMMENT ON COLUMN fleet.rul_prediction.failure_probability_30d IS 'P(failure within 30 days). [1]';

COMMENT ON COLUMN fleet.rul_prediction.failure_probability_90d IS 'P(failure within 90 days). [1]';

COMMENT ON COLUMN fleet.rul_prediction.confidence_score IS 'Model confidence. [1]';

COMMENT ON COLUMN fleet.rul_prediction.source IS 'What produced it.';

COMMENT ON COLUMN fleet.rul_prediction.feature_snapshot_json IS 'Input features at prediction time.';

COMMENT ON COLUMN fleet.rul_prediction.explanation_json IS 'SHAP/feature importance.';

COMMENT ON COLUMN fleet.rul_prediction.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.rul_prediction.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.rul_prediction_default PARTITION OF fleet.rul_prediction DEFAULT;

CREATE TABLE fleet.incident (
	incident_id UUID NOT NULL, 
	location_id UUID, 
	incident_code VARCHAR(30), 
	title VARCHAR(200) NOT NULL, 
	description TEXT, 
	severity VARCHAR(8) NOT NULL, 
	status VARCHAR(13) NOT NULL, 
	root_cause TEXT, 
	rca_code VARCHAR(20), 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	resolved_at TIMESTAMP WITH TIME ZONE, 
	closed_at TIMESTAMP WITH TIME ZONE, 
	assigned_to UUID, 
	escalation_level INTEGER DEFAULT '1', 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_incident PRIMARY KEY (incident_id), 
	CONSTRAINT uq_incident_site_incident_code UNIQUE (site, incident_code), 
	CONSTRAINT fk_incident_location_id FOREIGN KEY(location_id) REFERENCES fleet.location (location_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_incident_assigned_to FOREIGN KEY(assigned_to) REFERENCES service."user" (user_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_incident_severity CHECK (severity IN ('low', 'medium', 'high', 'critical')), 
	CONSTRAINT ck_incident_status CHECK (status IN ('open', 'investigating', 'resolved', 'closed')), 
	CONSTRAINT ck_incident_escalation_level CHECK (escalation_level BETWEEN 1 AND 9)
);

CREATE INDEX ix_incident_site_month ON fleet.incident (site, month);

COMMENT ON TABLE fleet.incident IS 'Alerts that belong together.';

COMMENT ON COLUMN fleet.incident.incident_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.incident.location_id IS 'Location.';

COMMENT ON COLUMN fleet.incident.incident_code IS 'Incident reference (e.g., ''INC-2025-001234'').';

COMMENT ON COLUMN fleet.incident.title IS 'Incident title.';

COMMENT ON COLUMN fleet.incident.description IS 'Detailed description.';

COMMENT ON COLUMN fleet.incident.severity IS 'How bad it is.';

COMMENT ON COLUMN fleet.incident.status IS 'State.';

COMMENT ON COLUMN fleet.incident.root_cause IS 'RCA summary.';

COMMENT ON COLUMN fleet.incident.rca_code IS 'Standardized RCA code.';

COMMENT ON COLUMN fleet.incident.created_at IS 'When the record was made.';

COMMENT ON COLUMN fleet.incident.resolved_at IS 'When it was resolved.';

COMMENT ON COLUMN fleet.incident.closed_at IS 'When it was closed.';

COMMENT ON COLUMN fleet.incident.assigned_to IS 'Who is responsible.';

COMMENT ON COLUMN fleet.incident.escalation_level IS 'Escalation step, 1 is the first.';

COMMENT ON COLUMN fleet.incident.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.incident.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.alert (
	alert_id UUID NOT NULL, 
	battery_id UUID, 
	string_id UUID, 
	location_id UUID, 
	alert_type VARCHAR(16) NOT NULL, 
	severity VARCHAR(8) NOT NULL, 
	source VARCHAR(12) NOT NULL, 
	model_id UUID, 
	triggered_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	resolved_at TIMESTAMP WITH TIME ZONE, 
	status VARCHAR(12) NOT NULL, 
	acknowledged_by UUID, 
	message TEXT NOT NULL, 
	context_json JSONB, 
	incident_id UUID, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_alert PRIMARY KEY (alert_id), 
	CONSTRAINT fk_alert_battery_id FOREIGN KEY(battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_alert_string_id FOREIGN KEY(string_id) REFERENCES fleet.string (string_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_alert_location_id FOREIGN KEY(location_id) REFERENCES fleet.location (location_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_alert_model_id FOREIGN KEY(model_id) REFERENCES ml.ml_model (model_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_alert_acknowledged_by FOREIGN KEY(acknowledged_by) REFERENCES service."user" (user_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_alert_incident_id FOREIGN KEY(incident_id) REFERENCES fleet.incident (incident_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_alert_alert_type CHECK (alert_type IN ('voltage_low', 'voltage_high', 'temperature_high', 'current_high', 'ripple_high', 'resistance_drift', 'rul_warning', 'rul_critical', 'soh_degraded', 'anomaly_detected', 'data_quality')), 
	CONSTRAINT ck_alert_severity CHECK (severity IN ('info', 'warning', 'critical')), 
	CONSTRAINT ck_alert_source CHECK (source IN ('rule_engine', 'ml_model', 'digital_twin', 'manual')), 
	CONSTRAINT ck_alert_status CHECK (status IN ('active', 'acknowledged', 'resolved', 'suppressed'))
);

CREATE INDEX idx_alert_location_status ON fleet.alert (location_id, status, triggered_at DESC);

CREATE INDEX ix_alert_site_month ON fleet.alert (site, month);

COMMENT ON TABLE fleet.alert IS 'Alerts of rules, twin and models.';

COMMENT ON COLUMN fleet.alert.alert_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.alert.battery_id IS 'Specific battery.';

COMMENT ON COLUMN fleet.alert.string_id IS 'Specific string.';

COMMENT ON COLUMN fleet.alert.location_id IS 'Location.';

COMMENT ON COLUMN fleet.alert.alert_type IS 'Kind of alert.';

COMMENT ON COLUMN fleet.alert.severity IS 'How bad it is.';

COMMENT ON COLUMN fleet.alert.source IS 'What produced it.';

COMMENT ON COLUMN fleet.alert.model_id IS 'ML model if ML-generated.';

COMMENT ON COLUMN fleet.alert.triggered_at IS 'Alert timestamp.';

COMMENT ON COLUMN fleet.alert.resolved_at IS 'Resolution time.';

COMMENT ON COLUMN fleet.alert.status IS 'State.';

COMMENT ON COLUMN fleet.alert.acknowledged_by IS 'Who acknowledged it.';

COMMENT ON COLUMN fleet.alert.message IS 'Alert description.';

COMMENT ON COLUMN fleet.alert.context_json IS 'Additional context (thresholds, values).';

COMMENT ON COLUMN fleet.alert.incident_id IS 'Correlated incident.';

COMMENT ON COLUMN fleet.alert.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.alert.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.work_order (
	work_order_id UUID NOT NULL, 
	external_id VARCHAR(50), 
	incident_id UUID, 
	location_id UUID, 
	title VARCHAR(200) NOT NULL, 
	description TEXT, 
	priority VARCHAR(6) NOT NULL, 
	status VARCHAR(11) NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	due_date TIMESTAMP WITH TIME ZONE, 
	completed_at TIMESTAMP WITH TIME ZONE, 
	assigned_to UUID, 
	resolution_notes TEXT, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_work_order PRIMARY KEY (work_order_id), 
	CONSTRAINT uq_work_order_site_external_id UNIQUE (site, external_id), 
	CONSTRAINT fk_work_order_incident_id FOREIGN KEY(incident_id) REFERENCES fleet.incident (incident_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_work_order_location_id FOREIGN KEY(location_id) REFERENCES fleet.location (location_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_work_order_assigned_to FOREIGN KEY(assigned_to) REFERENCES service."user" (user_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_work_order_priority CHECK (priority IN ('low', 'medium', 'high', 'urgent')), 
	CONSTRAINT ck_work_order_status CHECK (status IN ('open', 'assigned', 'in_progress', 'completed', 'closed'))
);

CREATE INDEX ix_work_order_site_month ON fleet.work_order (site, month);

COMMENT ON TABLE fleet.work_order IS 'What people have to do.';

COMMENT ON COLUMN fleet.work_order.work_order_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.work_order.external_id IS 'CMMS/ITSM ticket ID.';

COMMENT ON COLUMN fleet.work_order.incident_id IS 'Related incident.';

COMMENT ON COLUMN fleet.work_order.location_id IS 'Location.';

COMMENT ON COLUMN fleet.work_order.title IS 'Title.';

COMMENT ON COLUMN fleet.work_order.description IS 'What is to be done.';

COMMENT ON COLUMN fleet.work_order.priority IS 'Urgency.';

COMMENT ON COLUMN fleet.work_order.status IS 'State.';

COMMENT ON COLUMN fleet.work_order.created_at IS 'When the record was made.';

COMMENT ON COLUMN fleet.work_order.due_date IS 'Due by.';

COMMENT ON COLUMN fleet.work_order.completed_at IS 'When it was completed.';

COMMENT ON COLUMN fleet.work_order.assigned_to IS 'Who is responsible.';

COMMENT ON COLUMN fleet.work_order.resolution_notes IS 'What was done.';

COMMENT ON COLUMN fleet.work_order.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.work_order.month IS 'UTC month of the partition, YYYY-MM.';
CREATE TABLE platform.ingest_file (
	table_name VARCHAR(63) NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	path TEXT NOT NULL, 
	sha256 VARCHAR(64), 
	bytes BIGINT, 
	rows_read BIGINT, 
	rows_loaded BIGINT, 
	rows_quarantined BIGINT, 
	rows_exact_duplicate BIGINT, 
	rows_superseded BIGINT, 
	rows_other_month BIGINT, 
	status TEXT, 
	reason TEXT, 
	findings JSONB
);

CREATE INDEX ix_ingest_file_part ON platform.ingest_file (table_name, site, month);

COMMENT ON TABLE platform.ingest_file IS 'Accounts of files: read = loaded + quarantined + duplicates + superseded + other months.';

CREATE TABLE platform.lake_file (
	path TEXT NOT NULL, 
	table_name VARCHAR(63) NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	day DATE NOT NULL, 
	rows BIGINT NOT NULL, 
	bytes BIGINT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	profile JSONB NOT NULL, 
	written_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	PRIMARY KEY (path)
);

CREATE INDEX ix_lake_file_part ON platform.lake_file (table_name, site, month);

COMMENT ON TABLE platform.lake_file IS 'Every file written to the lake, with the checksum that reads are verified against.';

CREATE TABLE platform.partition_version (
	table_name VARCHAR(63) NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	claimed BIGINT NOT NULL, 
	version BIGINT, 
	rows BIGINT, 
	sha256 VARCHAR(64), 
	profile JSONB, 
	state VARCHAR(10), 
	run_id VARCHAR(64), 
	claimed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	committed_at TIMESTAMP WITH TIME ZONE, 
	PRIMARY KEY (table_name, site, month)
);

COMMENT ON TABLE platform.partition_version IS 'The fence: one row for each partition of each table, locked by whoever replaces it.';

CREATE TABLE platform.quarantined_row (
	table_name VARCHAR(63) NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	file TEXT NOT NULL, 
	line BIGINT, 
	"column" TEXT, 
	reason TEXT NOT NULL, 
	value TEXT, 
	raw TEXT, 
	rows BIGINT
);

CREATE INDEX ix_quarantined_row_part ON platform.quarantined_row (table_name, site, month);

COMMENT ON TABLE platform.quarantined_row IS 'Rows that were refused, as they stood in the file, and why.';

CREATE TABLE platform.site (
	site VARCHAR(31) NOT NULL, 
	source VARCHAR(20) NOT NULL, 
	config JSONB NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	PRIMARY KEY (site)
);

COMMENT ON TABLE platform.site IS 'Sites and where their data come from.';

-- `user` and `ml_model` live in schemas of their own; in `fleet` they carry their reference names.
CREATE VIEW fleet."user" AS
SELECT user_id, email, name, role, location_ids, is_active, created_at, updated_at, site
FROM service."user";

CREATE VIEW fleet.ml_model AS
SELECT model_id, model_name, model_type, version, status, trained_at, promoted_at, retired_at, artifact_url,
       hyperparameters_json, metrics_json, feature_list, training_data_start, training_data_end, created_by, month
FROM ml.ml_model;

-- One row for each jar in service: the newest twin state, prediction and day of features.
CREATE VIEW fleet.jar_health_now AS
SELECT b.site, b.battery_id, b.battery_code, s.string_code, b.position_in_string, b.installed_date,
       twin.captured_at, twin.soc_pct, twin.soh_pct, twin.r0_mohm, twin.capacity_fade_pct, twin.power_fade_pct,
       rul.predicted_at, rul.rul_days, rul.rul_lower_ci_days, rul.rul_upper_ci_days,
       rul.failure_probability_30d, rul.failure_probability_90d, rul.source AS rul_source,
       features.feature_ts, features.v_mean, features.v_balance_mean, features.t_mean,
       features.r_internal_latest, features.r_internal_baseline_pct
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
CREATE VIEW fleet.string_health_now AS
SELECT j.site, j.string_code, count(*) AS jars, min(j.soh_pct) AS soh_pct_min,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY j.soh_pct) AS soh_pct_median,
       (array_agg(j.battery_code ORDER BY j.soh_pct NULLS LAST))[1] AS weakest_jar,
       min(j.rul_days) AS rul_days_min,
       1 - exp(sum(ln(greatest(1 - coalesce(j.failure_probability_90d, 0), 1e-9)))) AS failure_probability_90d,
       max(j.t_mean) AS t_mean_max, max(j.captured_at) AS captured_at
FROM fleet.jar_health_now j
GROUP BY j.site, j.string_code;

-- Alerts that still hold in the newest month of their site, by site and severity.
CREATE VIEW fleet.open_alerts AS
SELECT a.site, a.severity, a.alert_type, a.triggered_at, b.battery_code, s.string_code, l.location_code,
       a.message, i.incident_code, w.due_date, a.context_json, a.alert_id
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

CREATE VIEW fleet.open_alerts_by_site AS
SELECT site, count(*) FILTER (WHERE severity = 'critical') AS critical,
       count(*) FILTER (WHERE severity = 'warning') AS warning,
       count(*) FILTER (WHERE severity = 'info') AS info, min(triggered_at) AS oldest
FROM fleet.open_alerts
GROUP BY site;

-- What was predicted for a jar, month by month, and what became of it.
CREATE VIEW fleet.prediction_history AS
SELECT b.site, b.battery_code, p.battery_id, p.predicted_at, p.source, m.model_name, m.version,
       p.rul_days, p.rul_lower_ci_days, p.rul_upper_ci_days, p.failure_probability_30d,
       p.failure_probability_90d, p.confidence_score, b.replaced_date,
       CASE WHEN b.replaced_date IS NOT NULL
            THEN b.replaced_date - (p.predicted_at AT TIME ZONE 'UTC')::date END AS days_to_replacement
FROM fleet.rul_prediction p
JOIN fleet.battery b USING (battery_id)
LEFT JOIN ml.ml_model m ON m.model_id = p.model_id;

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

GRANT USAGE ON SCHEMA fleet, service, ml, platform TO battery_analyst;

GRANT SELECT ON ALL TABLES IN SCHEMA fleet, ml, platform TO battery_analyst;

GRANT SELECT (user_id, name, role, location_ids, is_active, site) ON service."user" TO battery_analyst;

REVOKE SELECT ON fleet."user" FROM battery_analyst;

ALTER DEFAULT PRIVILEGES IN SCHEMA fleet, ml GRANT SELECT ON TABLES TO battery_analyst;

DO $$
BEGIN
    ALTER ROLE battery_analyst SET default_transaction_read_only = on;
    ALTER ROLE battery_analyst SET statement_timeout = '5min';
EXCEPTION
    -- An administrator made the role, and a managed server lets nobody else change it.
    WHEN insufficient_privilege THEN NULL;
END
$$;

DO $$
BEGIN
    REVOKE EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea),
        lo_import(text), lo_import(text, oid), lo_export(oid, text), lo_unlink(oid),
        lo_put(oid, bigint, bytea), lo_open(oid, integer) FROM PUBLIC;
EXCEPTION
    -- Theirs to give away only who is a superuser: a managed server has none for us.
    WHEN insufficient_privilege THEN NULL;
END
$$;

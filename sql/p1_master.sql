-- Generated from battery_assets/tables by `python -m battery_assets.tables.write_sql`. Do not edit.

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
	CONSTRAINT ck_battery_model_chemistry CHECK (chemistry IN ('VRLA', 'Li-ion', 'NiMH', 'other')), 
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
	rectifier_pulses INTEGER, 
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
	CONSTRAINT ck_battery_system_rated_power_kva CHECK (rated_power_kva BETWEEN 0 AND 1000000), 
	CONSTRAINT ck_battery_system_rectifier_pulses CHECK (rectifier_pulses BETWEEN 6 AND 24)
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

COMMENT ON COLUMN fleet.battery_system.rectifier_pulses IS 'Pulses of the rectifier: its ripple''s first line is so many times 50 Hz; unknown counts as 6.';

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

CREATE TABLE lab.battery_pack (
	pack_id UUID NOT NULL, 
	pack_code VARCHAR(50) NOT NULL, 
	chemistry VARCHAR(9), 
	nominal_capacity_ah NUMERIC(16, 10), 
	nominal_voltage_v NUMERIC(8, 3), 
	cells_in_series INTEGER, 
	cells_in_parallel INTEGER, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_battery_pack PRIMARY KEY (pack_id), 
	CONSTRAINT uq_battery_pack_site_pack_code UNIQUE (site, pack_code), 
	CONSTRAINT ck_battery_pack_chemistry CHECK (chemistry IN ('NMC', 'NCA', 'LFP', 'LCO', 'LMO', 'LTO', 'Li-ion', 'lead-acid', 'NiMH', 'other')), 
	CONSTRAINT ck_battery_pack_nominal_capacity_ah CHECK (nominal_capacity_ah BETWEEN 0 AND 100000), 
	CONSTRAINT ck_battery_pack_nominal_voltage_v CHECK (nominal_voltage_v BETWEEN 0 AND 10000), 
	CONSTRAINT ck_battery_pack_cells_in_series CHECK (cells_in_series BETWEEN 1 AND 10000), 
	CONSTRAINT ck_battery_pack_cells_in_parallel CHECK (cells_in_parallel BETWEEN 1 AND 10000)
);

CREATE INDEX ix_battery_pack_site_month ON lab.battery_pack (site, month);

COMMENT ON TABLE lab.battery_pack IS 'Packs that cells under test belong to.';

COMMENT ON COLUMN lab.battery_pack.pack_id IS 'Unique identifier.';

COMMENT ON COLUMN lab.battery_pack.pack_code IS 'Code of the pack.';

COMMENT ON COLUMN lab.battery_pack.chemistry IS 'Chemistry of its cells.';

COMMENT ON COLUMN lab.battery_pack.nominal_capacity_ah IS 'Nominal capacity. [Ah]';

COMMENT ON COLUMN lab.battery_pack.nominal_voltage_v IS 'Nominal voltage. [V]';

COMMENT ON COLUMN lab.battery_pack.cells_in_series IS 'Cells in series.';

COMMENT ON COLUMN lab.battery_pack.cells_in_parallel IS 'Cells in parallel.';

COMMENT ON COLUMN lab.battery_pack.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.battery_pack.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.battery_cell (
	cell_id UUID NOT NULL, 
	pack_id UUID, 
	cell_code VARCHAR(80) NOT NULL, 
	barcode VARCHAR(120), 
	chemistry VARCHAR(9), 
	manufacturer VARCHAR(100), 
	model VARCHAR(100), 
	nominal_capacity_ah NUMERIC(16, 10) NOT NULL, 
	nominal_voltage_v NUMERIC(8, 3), 
	voltage_min_v NUMERIC(8, 3), 
	voltage_max_v NUMERIC(8, 3), 
	end_of_life_pct NUMERIC(6, 3), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_battery_cell PRIMARY KEY (cell_id), 
	CONSTRAINT uq_battery_cell_site_cell_code UNIQUE (site, cell_code), 
	CONSTRAINT fk_battery_cell_pack_id FOREIGN KEY(pack_id) REFERENCES lab.battery_pack (pack_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_battery_cell_chemistry CHECK (chemistry IN ('NMC', 'NCA', 'LFP', 'LCO', 'LMO', 'LTO', 'Li-ion', 'lead-acid', 'NiMH', 'other')), 
	CONSTRAINT ck_battery_cell_nominal_capacity_ah CHECK (nominal_capacity_ah BETWEEN 0 AND 100000), 
	CONSTRAINT ck_battery_cell_nominal_voltage_v CHECK (nominal_voltage_v BETWEEN 0 AND 10000), 
	CONSTRAINT ck_battery_cell_voltage_min_v CHECK (voltage_min_v BETWEEN -10 AND 10000), 
	CONSTRAINT ck_battery_cell_voltage_max_v CHECK (voltage_max_v BETWEEN 0 AND 10000), 
	CONSTRAINT ck_battery_cell_end_of_life_pct CHECK (end_of_life_pct BETWEEN 1 AND 100)
);

CREATE INDEX ix_battery_cell_site_month ON lab.battery_cell (site, month);

COMMENT ON TABLE lab.battery_cell IS 'Cells under test.';

COMMENT ON COLUMN lab.battery_cell.cell_id IS 'Unique identifier.';

COMMENT ON COLUMN lab.battery_cell.pack_id IS 'Pack the cell belongs to, if any.';

COMMENT ON COLUMN lab.battery_cell.cell_code IS 'Code of the cell in its lab.';

COMMENT ON COLUMN lab.battery_cell.barcode IS 'What is printed on it.';

COMMENT ON COLUMN lab.battery_cell.chemistry IS 'Chemistry.';

COMMENT ON COLUMN lab.battery_cell.manufacturer IS 'Manufacturer.';

COMMENT ON COLUMN lab.battery_cell.model IS 'Model name.';

COMMENT ON COLUMN lab.battery_cell.nominal_capacity_ah IS 'Nominal capacity. [Ah]';

COMMENT ON COLUMN lab.battery_cell.nominal_voltage_v IS 'Nominal voltage. [V]';

COMMENT ON COLUMN lab.battery_cell.voltage_min_v IS 'Lowest voltage it may be taken to. [V]';

COMMENT ON COLUMN lab.battery_cell.voltage_max_v IS 'Highest voltage it may be taken to. [V]';

COMMENT ON COLUMN lab.battery_cell.end_of_life_pct IS 'Capacity at which it is worn out, of nominal. [%]';

COMMENT ON COLUMN lab.battery_cell.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.battery_cell.month IS 'UTC month of the partition, YYYY-MM.';

-- Generated from battery_assets/tables by `python -m battery_assets.tables.write_sql`. Do not edit.

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

CREATE TABLE lab.test_session (
	session_id UUID NOT NULL, 
	cell_id UUID NOT NULL, 
	pack_id UUID, 
	protocol VARCHAR(80) NOT NULL, 
	protocol_version VARCHAR(40), 
	equipment VARCHAR(80), 
	channel VARCHAR(40), 
	started_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	ended_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	ambient_temperature_c NUMERIC(6, 2), 
	cutoff_voltage_v NUMERIC(8, 3), 
	points_count INTEGER NOT NULL, 
	rows_read INTEGER NOT NULL, 
	rows_quarantined INTEGER NOT NULL, 
	rows_duplicate INTEGER NOT NULL, 
	source_files JSONB, 
	findings JSONB, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_test_session PRIMARY KEY (session_id), 
	CONSTRAINT fk_test_session_cell_id FOREIGN KEY(cell_id) REFERENCES lab.battery_cell (cell_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_test_session_pack_id FOREIGN KEY(pack_id) REFERENCES lab.battery_pack (pack_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_test_session_ambient_temperature_c CHECK (ambient_temperature_c BETWEEN -100 AND 300), 
	CONSTRAINT ck_test_session_cutoff_voltage_v CHECK (cutoff_voltage_v BETWEEN -10 AND 9999), 
	CONSTRAINT ck_test_session_points_count CHECK (points_count BETWEEN 0 AND 2147483647), 
	CONSTRAINT ck_test_session_rows_read CHECK (rows_read BETWEEN 0 AND 2147483647), 
	CONSTRAINT ck_test_session_rows_quarantined CHECK (rows_quarantined BETWEEN 0 AND 2147483647), 
	CONSTRAINT ck_test_session_rows_duplicate CHECK (rows_duplicate BETWEEN 0 AND 2147483647)
);

CREATE INDEX ix_test_session_site_month ON lab.test_session (site, month);

COMMENT ON TABLE lab.test_session IS 'Tests of cells: protocol, equipment, conditions, and the files they were read from.';

COMMENT ON COLUMN lab.test_session.session_id IS 'Unique identifier.';

COMMENT ON COLUMN lab.test_session.cell_id IS 'Cell under test.';

COMMENT ON COLUMN lab.test_session.pack_id IS 'Pack under test, where it was one.';

COMMENT ON COLUMN lab.test_session.protocol IS 'Name of the protocol.';

COMMENT ON COLUMN lab.test_session.protocol_version IS 'Version of the protocol.';

COMMENT ON COLUMN lab.test_session.equipment IS 'Cycler.';

COMMENT ON COLUMN lab.test_session.channel IS 'Channel of the cycler.';

COMMENT ON COLUMN lab.test_session.started_at IS 'When the test began.';

COMMENT ON COLUMN lab.test_session.ended_at IS 'When its last sample was taken.';

COMMENT ON COLUMN lab.test_session.ambient_temperature_c IS 'Set temperature of the surroundings. [°C]';

COMMENT ON COLUMN lab.test_session.cutoff_voltage_v IS 'End of discharge that capacities count to. [V]';

COMMENT ON COLUMN lab.test_session.points_count IS 'Samples loaded.';

COMMENT ON COLUMN lab.test_session.rows_read IS 'Rows of its files.';

COMMENT ON COLUMN lab.test_session.rows_quarantined IS 'Rows refused, with their reasons.';

COMMENT ON COLUMN lab.test_session.rows_duplicate IS 'Rows that were there already.';

COMMENT ON COLUMN lab.test_session.source_files IS 'Path, sha256, reader, its version, dialect and rows of each file.';

COMMENT ON COLUMN lab.test_session.findings IS 'What was reconciled, and how.';

COMMENT ON COLUMN lab.test_session.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.test_session.month IS 'UTC month of the partition, YYYY-MM.';

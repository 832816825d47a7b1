CREATE SCHEMA lab;

CREATE TABLE lab.battery_pack (
	pack_id UUID NOT NULL, 
	pack_code VARCHAR(50) NOT NULL, 
	chemistry VARCHAR(9), 
	nominal_capacity_ah NUMERIC(10, 4), 
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
	nominal_capacity_ah NUMERIC(10, 4) NOT NULL, 
	nominal_voltage_v NUMERIC(8, 3), 
	voltage_min_v NUMERIC(8, 3), 
	voltage_max_v NUMERIC(8, 3), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_battery_cell PRIMARY KEY (cell_id), 
	CONSTRAINT uq_battery_cell_site_cell_code UNIQUE (site, cell_code), 
	CONSTRAINT fk_battery_cell_pack_id FOREIGN KEY(pack_id) REFERENCES lab.battery_pack (pack_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_battery_cell_chemistry CHECK (chemistry IN ('NMC', 'NCA', 'LFP', 'LCO', 'LMO', 'LTO', 'Li-ion', 'lead-acid', 'NiMH', 'other')), 
	CONSTRAINT ck_battery_cell_nominal_capacity_ah CHECK (nominal_capacity_ah BETWEEN 0 AND 100000), 
	CONSTRAINT ck_battery_cell_nominal_voltage_v CHECK (nominal_voltage_v BETWEEN 0 AND 10000), 
	CONSTRAINT ck_battery_cell_voltage_min_v CHECK (voltage_min_v BETWEEN -10 AND 10000), 
	CONSTRAINT ck_battery_cell_voltage_max_v CHECK (voltage_max_v BETWEEN 0 AND 10000)
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

COMMENT ON COLUMN lab.battery_cell.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.battery_cell.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.timeseries_point (
	ts TIMESTAMP WITH TIME ZONE NOT NULL, 
	session_id UUID NOT NULL, 
	test_time_s NUMERIC(14, 4) NOT NULL, 
	voltage_v NUMERIC(10, 6), 
	current_a NUMERIC(12, 6), 
	temperature_c NUMERIC(7, 3), 
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
	CONSTRAINT ck_timeseries_point_cycle_count CHECK (cycle_count BETWEEN -1 AND 10000000), 
	CONSTRAINT ck_timeseries_point_step_index CHECK (step_index BETWEEN -1 AND 10000000), 
	CONSTRAINT ck_timeseries_point_source_file CHECK (source_file BETWEEN 0 AND 100000), 
	CONSTRAINT ck_timeseries_point_source_row CHECK (source_row BETWEEN 1 AND 2000000000)
)
 PARTITION BY LIST (month);

COMMENT ON TABLE lab.timeseries_point IS 'One sample of a test, positive current charges. Rows live in the lake; here they are kept only where they were asked for.';

COMMENT ON COLUMN lab.timeseries_point.ts IS 'Instant of the sample: start of the test plus its test time.';

COMMENT ON COLUMN lab.timeseries_point.session_id IS 'Test the sample belongs to.';

COMMENT ON COLUMN lab.timeseries_point.test_time_s IS 'Time since the test began. [s]';

COMMENT ON COLUMN lab.timeseries_point.voltage_v IS 'Terminal voltage. [V]';

COMMENT ON COLUMN lab.timeseries_point.current_a IS 'Current, positive charges. [A]';

COMMENT ON COLUMN lab.timeseries_point.temperature_c IS 'Surface temperature. [°C]';

COMMENT ON COLUMN lab.timeseries_point.cycle_count IS 'Cycle that the file itself counted.';

COMMENT ON COLUMN lab.timeseries_point.step_index IS 'Step of the schedule, as the file numbers it.';

COMMENT ON COLUMN lab.timeseries_point.source_file IS 'Position in the session''s list of files, from 0.';

COMMENT ON COLUMN lab.timeseries_point.source_row IS 'Row of that file, the first below its headings is 1.';

COMMENT ON COLUMN lab.timeseries_point.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.timeseries_point.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.timeseries_point_default PARTITION OF lab.timeseries_point DEFAULT;

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

CREATE TABLE lab.cycle (
	cycle_id UUID NOT NULL, 
	session_id UUID NOT NULL, 
	cell_id UUID NOT NULL, 
	cycle_index INTEGER NOT NULL, 
	started_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	ended_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	points_count INTEGER NOT NULL, 
	charge_capacity_ah NUMERIC(12, 6), 
	discharge_capacity_ah NUMERIC(12, 6), 
	charge_time_s NUMERIC(12, 2), 
	discharge_time_s NUMERIC(12, 2), 
	current_max_a NUMERIC(12, 6), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_cycle PRIMARY KEY (cycle_id), 
	CONSTRAINT fk_cycle_session_id FOREIGN KEY(session_id) REFERENCES lab.test_session (session_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_cycle_cell_id FOREIGN KEY(cell_id) REFERENCES lab.battery_cell (cell_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_cycle_cycle_index CHECK (cycle_index BETWEEN 1 AND 10000000), 
	CONSTRAINT ck_cycle_points_count CHECK (points_count BETWEEN 1 AND 2147483647), 
	CONSTRAINT ck_cycle_charge_capacity_ah CHECK (charge_capacity_ah BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_discharge_capacity_ah CHECK (discharge_capacity_ah BETWEEN -10000 AND 10000), 
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

COMMENT ON COLUMN lab.cycle.discharge_capacity_ah IS 'Charge drawn, down to the cut-off voltage. [Ah]';

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

CREATE TABLE lab.label_soc_default PARTITION OF lab.label_soc DEFAULT;

CREATE TABLE lab.cycle_feature (
	feature_id UUID NOT NULL, 
	cycle_id UUID NOT NULL, 
	session_id UUID NOT NULL, 
	cell_id UUID NOT NULL, 
	cycle_index INTEGER NOT NULL, 
	charge_capacity_ah NUMERIC(12, 6), 
	discharge_capacity_ah NUMERIC(12, 6), 
	charge_energy_wh NUMERIC(12, 6), 
	discharge_energy_wh NUMERIC(12, 6), 
	coulombic_efficiency_pct NUMERIC(12, 4), 
	energy_efficiency_pct NUMERIC(12, 4), 
	charge_time_s NUMERIC(12, 2), 
	discharge_time_s NUMERIC(12, 2), 
	cc_charge_time_s NUMERIC(12, 2), 
	cv_charge_time_s NUMERIC(12, 2), 
	internal_resistance_mohm NUMERIC(12, 4), 
	resistance_step_s NUMERIC(8, 3), 
	voltage_mean_v NUMERIC(10, 6), 
	voltage_min_v NUMERIC(10, 6), 
	voltage_max_v NUMERIC(10, 6), 
	temperature_mean_c NUMERIC(7, 3), 
	temperature_min_c NUMERIC(7, 3), 
	temperature_max_c NUMERIC(7, 3), 
	current_max_a NUMERIC(12, 6), 
	dqdv_max_ah_per_v NUMERIC(14, 6), 
	dqdv_peak_v NUMERIC(10, 6), 
	dqdv_min_ah_per_v NUMERIC(14, 6), 
	dqdv_area_ah NUMERIC(12, 6), 
	dqdv_variance NUMERIC(16, 6), 
	dvdq_peak_v_per_ah NUMERIC(14, 6), 
	dvdq_peak_ah NUMERIC(12, 6), 
	delta_q_log_variance NUMERIC(10, 6), 
	capacity_slope_ah_per_cycle NUMERIC(12, 8), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_cycle_feature PRIMARY KEY (feature_id), 
	CONSTRAINT fk_cycle_feature_cycle_id FOREIGN KEY(cycle_id) REFERENCES lab.cycle (cycle_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_cycle_feature_session_id FOREIGN KEY(session_id) REFERENCES lab.test_session (session_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_cycle_feature_cell_id FOREIGN KEY(cell_id) REFERENCES lab.battery_cell (cell_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_cycle_feature_cycle_index CHECK (cycle_index BETWEEN 1 AND 10000000), 
	CONSTRAINT ck_cycle_feature_charge_capacity_ah CHECK (charge_capacity_ah BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_feature_discharge_capacity_ah CHECK (discharge_capacity_ah BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_feature_charge_energy_wh CHECK (charge_energy_wh BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_feature_discharge_energy_wh CHECK (discharge_energy_wh BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_feature_coulombic_efficiency_pct CHECK (coulombic_efficiency_pct BETWEEN 0 AND 9999999), 
	CONSTRAINT ck_cycle_feature_energy_efficiency_pct CHECK (energy_efficiency_pct BETWEEN 0 AND 9999999), 
	CONSTRAINT ck_cycle_feature_charge_time_s CHECK (charge_time_s BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_cycle_feature_discharge_time_s CHECK (discharge_time_s BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_cycle_feature_cc_charge_time_s CHECK (cc_charge_time_s BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_cycle_feature_cv_charge_time_s CHECK (cv_charge_time_s BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_cycle_feature_internal_resistance_mohm CHECK (internal_resistance_mohm BETWEEN 0 AND 9999999), 
	CONSTRAINT ck_cycle_feature_resistance_step_s CHECK (resistance_step_s BETWEEN 0 AND 99999), 
	CONSTRAINT ck_cycle_feature_voltage_mean_v CHECK (voltage_mean_v BETWEEN -100 AND 9999), 
	CONSTRAINT ck_cycle_feature_voltage_min_v CHECK (voltage_min_v BETWEEN -100 AND 9999), 
	CONSTRAINT ck_cycle_feature_voltage_max_v CHECK (voltage_max_v BETWEEN -100 AND 9999), 
	CONSTRAINT ck_cycle_feature_temperature_mean_c CHECK (temperature_mean_c BETWEEN -100 AND 500), 
	CONSTRAINT ck_cycle_feature_temperature_min_c CHECK (temperature_min_c BETWEEN -100 AND 500), 
	CONSTRAINT ck_cycle_feature_temperature_max_c CHECK (temperature_max_c BETWEEN -100 AND 500), 
	CONSTRAINT ck_cycle_feature_current_max_a CHECK (current_max_a BETWEEN 0 AND 99999), 
	CONSTRAINT ck_cycle_feature_dqdv_max_ah_per_v CHECK (dqdv_max_ah_per_v BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_feature_dqdv_peak_v CHECK (dqdv_peak_v BETWEEN -100 AND 9999), 
	CONSTRAINT ck_cycle_feature_dqdv_min_ah_per_v CHECK (dqdv_min_ah_per_v BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_feature_dqdv_area_ah CHECK (dqdv_area_ah BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_feature_dqdv_variance CHECK (dqdv_variance BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_cycle_feature_dvdq_peak_v_per_ah CHECK (dvdq_peak_v_per_ah BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_feature_dvdq_peak_ah CHECK (dvdq_peak_ah BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_feature_delta_q_log_variance CHECK (delta_q_log_variance BETWEEN -100 AND 100), 
	CONSTRAINT ck_cycle_feature_capacity_slope_ah_per_cycle CHECK (capacity_slope_ah_per_cycle BETWEEN -1000 AND 1000)
);

CREATE INDEX ix_cycle_feature_site_month ON lab.cycle_feature (site, month);

COMMENT ON TABLE lab.cycle_feature IS 'Features of each cycle; none looks at a later cycle.';

COMMENT ON COLUMN lab.cycle_feature.feature_id IS 'Unique identifier.';

COMMENT ON COLUMN lab.cycle_feature.cycle_id IS 'Cycle.';

COMMENT ON COLUMN lab.cycle_feature.session_id IS 'Test.';

COMMENT ON COLUMN lab.cycle_feature.cell_id IS 'Cell.';

COMMENT ON COLUMN lab.cycle_feature.cycle_index IS 'Number within the test, from 1.';

COMMENT ON COLUMN lab.cycle_feature.charge_capacity_ah IS 'Charge put in. [Ah]';

COMMENT ON COLUMN lab.cycle_feature.discharge_capacity_ah IS 'Charge drawn, down to the cut-off voltage. [Ah]';

COMMENT ON COLUMN lab.cycle_feature.charge_energy_wh IS 'Energy put in. [Wh]';

COMMENT ON COLUMN lab.cycle_feature.discharge_energy_wh IS 'Energy drawn. [Wh]';

COMMENT ON COLUMN lab.cycle_feature.coulombic_efficiency_pct IS 'Charge drawn over charge put in. [%]';

COMMENT ON COLUMN lab.cycle_feature.energy_efficiency_pct IS 'Energy drawn over energy put in. [%]';

COMMENT ON COLUMN lab.cycle_feature.charge_time_s IS 'Time on charge. [s]';

COMMENT ON COLUMN lab.cycle_feature.discharge_time_s IS 'Time on discharge. [s]';

COMMENT ON COLUMN lab.cycle_feature.cc_charge_time_s IS 'Time on charge at constant current. [s]';

COMMENT ON COLUMN lab.cycle_feature.cv_charge_time_s IS 'Time on charge at constant voltage. [s]';

COMMENT ON COLUMN lab.cycle_feature.internal_resistance_mohm IS 'dV/dI of the first step into discharge. [mΩ]';

COMMENT ON COLUMN lab.cycle_feature.resistance_step_s IS 'Seconds between that step''s samples. [s]';

COMMENT ON COLUMN lab.cycle_feature.voltage_mean_v IS 'Mean of the discharge, weighted by time. [V]';

COMMENT ON COLUMN lab.cycle_feature.voltage_min_v IS 'Lowest of the discharge. [V]';

COMMENT ON COLUMN lab.cycle_feature.voltage_max_v IS 'Highest of the discharge. [V]';

COMMENT ON COLUMN lab.cycle_feature.temperature_mean_c IS 'Mean, weighted by time. [°C]';

COMMENT ON COLUMN lab.cycle_feature.temperature_min_c IS 'Lowest. [°C]';

COMMENT ON COLUMN lab.cycle_feature.temperature_max_c IS 'Highest. [°C]';

COMMENT ON COLUMN lab.cycle_feature.current_max_a IS 'Largest current either way. [A]';

COMMENT ON COLUMN lab.cycle_feature.dqdv_max_ah_per_v IS 'Peak of dQ/dV of the discharge (Gaussian of 10 mV). [Ah/V]';

COMMENT ON COLUMN lab.cycle_feature.dqdv_peak_v IS 'Voltage of that peak. [V]';

COMMENT ON COLUMN lab.cycle_feature.dqdv_min_ah_per_v IS 'Lowest dQ/dV, 30 mV inside the ends. [Ah/V]';

COMMENT ON COLUMN lab.cycle_feature.dqdv_area_ah IS 'Area under dQ/dV. [Ah]';

COMMENT ON COLUMN lab.cycle_feature.dqdv_variance IS 'Variance of dQ/dV over voltage. [Ah²/V²]';

COMMENT ON COLUMN lab.cycle_feature.dvdq_peak_v_per_ah IS 'Steepest -dV/dQ between 10 and 90 % of the charge. [V/Ah]';

COMMENT ON COLUMN lab.cycle_feature.dvdq_peak_ah IS 'Charge drawn at that place. [Ah]';

COMMENT ON COLUMN lab.cycle_feature.delta_q_log_variance IS 'log10 of the variance of Q(V) less that of cycle 10. [1]';

COMMENT ON COLUMN lab.cycle_feature.capacity_slope_ah_per_cycle IS 'Slope of the last ten discharge capacities. [Ah]';

COMMENT ON COLUMN lab.cycle_feature.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.cycle_feature.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.label_soh (
	label_id UUID NOT NULL, 
	cycle_id UUID NOT NULL, 
	cell_id UUID NOT NULL, 
	cycle_index INTEGER NOT NULL, 
	definition VARCHAR(10) NOT NULL, 
	version VARCHAR(20) NOT NULL, 
	soh_pct NUMERIC(9, 4) NOT NULL, 
	pcl NUMERIC(9, 6), 
	life_cycles INTEGER, 
	rul_cycles INTEGER, 
	censoring VARCHAR(14) NOT NULL, 
	end_of_life NUMERIC(6, 4) NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_label_soh PRIMARY KEY (label_id), 
	CONSTRAINT fk_label_soh_cycle_id FOREIGN KEY(cycle_id) REFERENCES lab.cycle (cycle_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_label_soh_cell_id FOREIGN KEY(cell_id) REFERENCES lab.battery_cell (cell_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_label_soh_cycle_index CHECK (cycle_index BETWEEN 1 AND 10000000), 
	CONSTRAINT ck_label_soh_definition CHECK (definition IN ('capacity', 'resistance')), 
	CONSTRAINT ck_label_soh_soh_pct CHECK (soh_pct BETWEEN -9999 AND 9999), 
	CONSTRAINT ck_label_soh_pcl CHECK (pcl BETWEEN -100 AND 100), 
	CONSTRAINT ck_label_soh_life_cycles CHECK (life_cycles BETWEEN 1 AND 10000000), 
	CONSTRAINT ck_label_soh_rul_cycles CHECK (rul_cycles BETWEEN 0 AND 10000000), 
	CONSTRAINT ck_label_soh_censoring CHECK (censoring IN ('observed', 'right_censored', 'started_below')), 
	CONSTRAINT ck_label_soh_end_of_life CHECK (end_of_life BETWEEN 0 AND 10)
);

CREATE INDEX ix_label_soh_site_month ON lab.label_soh (site, month);

COMMENT ON TABLE lab.label_soh IS 'State of health, capacity loss and remaining cycles, by definition and version.';

COMMENT ON COLUMN lab.label_soh.label_id IS 'Unique identifier.';

COMMENT ON COLUMN lab.label_soh.cycle_id IS 'Cycle.';

COMMENT ON COLUMN lab.label_soh.cell_id IS 'Cell.';

COMMENT ON COLUMN lab.label_soh.cycle_index IS 'Number within the cell''s life in this protocol, from 1.';

COMMENT ON COLUMN lab.label_soh.definition IS 'What health is told by.';

COMMENT ON COLUMN lab.label_soh.version IS 'Version of the definition.';

COMMENT ON COLUMN lab.label_soh.soh_pct IS 'State of health. [%]';

COMMENT ON COLUMN lab.label_soh.pcl IS 'Percentage of capacity loss, 1 - Q/Q_nominal, as a share. [1]';

COMMENT ON COLUMN lab.label_soh.life_cycles IS 'Cycle at which life ended, where that was seen.';

COMMENT ON COLUMN lab.label_soh.rul_cycles IS 'Cycles left, 0 from the end on; NULL where the end was not seen.';

COMMENT ON COLUMN lab.label_soh.censoring IS 'Whether the end was seen.';

COMMENT ON COLUMN lab.label_soh.end_of_life IS 'Criterion: share of the definition''s scale. [1]';

COMMENT ON COLUMN lab.label_soh.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.label_soh.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.battery_unit (
	unit_id UUID NOT NULL, 
	cell_id UUID NOT NULL, 
	id INTEGER NOT NULL, 
	group_tag VARCHAR(5), 
	total_cycles INTEGER NOT NULL, 
	nominal_capacity NUMERIC(10, 4), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_battery_unit PRIMARY KEY (unit_id), 
	CONSTRAINT fk_battery_unit_cell_id FOREIGN KEY(cell_id) REFERENCES lab.battery_cell (cell_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_battery_unit_id CHECK (id BETWEEN 0 AND 2147483647), 
	CONSTRAINT ck_battery_unit_group_tag CHECK (group_tag IN ('train', 'val', 'test')), 
	CONSTRAINT ck_battery_unit_total_cycles CHECK (total_cycles BETWEEN 0 AND 10000000), 
	CONSTRAINT ck_battery_unit_nominal_capacity CHECK (nominal_capacity BETWEEN 0 AND 100000)
);

CREATE INDEX ix_battery_unit_site_month ON lab.battery_unit (site, month);

COMMENT ON TABLE lab.battery_unit IS 'Cells as training sees them: which side of the split, how long they lived.';

COMMENT ON COLUMN lab.battery_unit.unit_id IS 'Unique identifier.';

COMMENT ON COLUMN lab.battery_unit.cell_id IS 'Cell.';

COMMENT ON COLUMN lab.battery_unit.id IS 'Number of the cell, made of its identifier.';

COMMENT ON COLUMN lab.battery_unit.group_tag IS 'Side of the split, always a whole cell.';

COMMENT ON COLUMN lab.battery_unit.total_cycles IS 'Cycles seen.';

COMMENT ON COLUMN lab.battery_unit.nominal_capacity IS 'Nominal capacity. [Ah]';

COMMENT ON COLUMN lab.battery_unit.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.battery_unit.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.cycle_data (
	row_id UUID NOT NULL, 
	cycle_id UUID NOT NULL, 
	id BIGINT NOT NULL, 
	battery_id INTEGER NOT NULL, 
	cycle_num INTEGER NOT NULL, 
	feature_1 NUMERIC(18, 9), 
	feature_2 NUMERIC(18, 9), 
	feature_3 NUMERIC(18, 9), 
	feature_4 NUMERIC(18, 9), 
	feature_5 NUMERIC(18, 9), 
	feature_6 NUMERIC(18, 9), 
	feature_7 NUMERIC(18, 9), 
	feature_8 NUMERIC(18, 9), 
	pcl NUMERIC(9, 6), 
	rul INTEGER, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_cycle_data PRIMARY KEY (row_id), 
	CONSTRAINT fk_cycle_data_cycle_id FOREIGN KEY(cycle_id) REFERENCES lab.cycle (cycle_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_cycle_data_id CHECK (id BETWEEN 0 AND 9007199254740992), 
	CONSTRAINT ck_cycle_data_battery_id CHECK (battery_id BETWEEN 0 AND 2147483647), 
	CONSTRAINT ck_cycle_data_cycle_num CHECK (cycle_num BETWEEN 1 AND 4000000), 
	CONSTRAINT ck_cycle_data_feature_1 CHECK (feature_1 BETWEEN -99999 AND 99999), 
	CONSTRAINT ck_cycle_data_feature_2 CHECK (feature_2 BETWEEN -99999 AND 99999), 
	CONSTRAINT ck_cycle_data_feature_3 CHECK (feature_3 BETWEEN -100 AND 500), 
	CONSTRAINT ck_cycle_data_feature_4 CHECK (feature_4 BETWEEN 0 AND 9000000), 
	CONSTRAINT ck_cycle_data_feature_5 CHECK (feature_5 BETWEEN 0 AND 9000000), 
	CONSTRAINT ck_cycle_data_feature_6 CHECK (feature_6 BETWEEN -9000000 AND 9000000), 
	CONSTRAINT ck_cycle_data_feature_7 CHECK (feature_7 BETWEEN -9000000 AND 9000000), 
	CONSTRAINT ck_cycle_data_feature_8 CHECK (feature_8 BETWEEN 0 AND 9000000), 
	CONSTRAINT ck_cycle_data_pcl CHECK (pcl BETWEEN -100 AND 100), 
	CONSTRAINT ck_cycle_data_rul CHECK (rul BETWEEN 0 AND 10000000)
);

CREATE INDEX ix_cycle_data_site_month ON lab.cycle_data (site, month);

COMMENT ON TABLE lab.cycle_data IS 'The training table: eight causal features of a cycle, its capacity loss and the cycles left.';

COMMENT ON COLUMN lab.cycle_data.row_id IS 'Unique identifier.';

COMMENT ON COLUMN lab.cycle_data.cycle_id IS 'Cycle.';

COMMENT ON COLUMN lab.cycle_data.id IS 'Number of the row, the same in every run.';

COMMENT ON COLUMN lab.cycle_data.battery_id IS 'battery_unit.id of the cell.';

COMMENT ON COLUMN lab.cycle_data.cycle_num IS 'Number within the cell''s life, from 1.';

COMMENT ON COLUMN lab.cycle_data.feature_1 IS 'Slope of the discharge capacity. [Ah/cycle]';

COMMENT ON COLUMN lab.cycle_data.feature_2 IS 'Discharge capacity that the same line shows now. [Ah]';

COMMENT ON COLUMN lab.cycle_data.feature_3 IS 'Mean temperature. [°C]';

COMMENT ON COLUMN lab.cycle_data.feature_4 IS 'Internal resistance. [mΩ]';

COMMENT ON COLUMN lab.cycle_data.feature_5 IS 'Charge time. [s]';

COMMENT ON COLUMN lab.cycle_data.feature_6 IS 'dQ/dV maximum. [Ah/V]';

COMMENT ON COLUMN lab.cycle_data.feature_7 IS 'dQ/dV minimum. [Ah/V]';

COMMENT ON COLUMN lab.cycle_data.feature_8 IS 'dQ/dV variance. [Ah²/V²]';

COMMENT ON COLUMN lab.cycle_data.pcl IS '1 - Q/Q_nominal. [1]';

COMMENT ON COLUMN lab.cycle_data.rul IS 'Cycles left; NULL where the end of life was not seen.';

COMMENT ON COLUMN lab.cycle_data.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.cycle_data.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.model_run (
	run_id UUID NOT NULL, 
	task VARCHAR(3) NOT NULL, 
	model_name VARCHAR(100) NOT NULL, 
	dataset_version VARCHAR(64) NOT NULL, 
	trained_until TIMESTAMP WITH TIME ZONE NOT NULL, 
	train_cells INTEGER NOT NULL, 
	held_out_cells INTEGER NOT NULL, 
	hyperparameters_json JSONB, 
	parameters_json JSONB, 
	metrics_json JSONB, 
	mlflow_run_id VARCHAR(64), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_model_run PRIMARY KEY (run_id), 
	CONSTRAINT ck_model_run_task CHECK (task IN ('soc', 'soh', 'rul')), 
	CONSTRAINT ck_model_run_train_cells CHECK (train_cells BETWEEN 0 AND 1000000), 
	CONSTRAINT ck_model_run_held_out_cells CHECK (held_out_cells BETWEEN 0 AND 1000000)
);

CREATE INDEX ix_model_run_site_month ON lab.model_run (site, month);

COMMENT ON TABLE lab.model_run IS 'Runs of training on cells under test, with their scores on cells they did not see.';

COMMENT ON COLUMN lab.model_run.run_id IS 'Unique identifier.';

COMMENT ON COLUMN lab.model_run.task IS 'What is predicted.';

COMMENT ON COLUMN lab.model_run.model_name IS 'Name of the model.';

COMMENT ON COLUMN lab.model_run.dataset_version IS 'sha256 over the checksums of the partitions it saw.';

COMMENT ON COLUMN lab.model_run.trained_until IS 'First instant after the months whose tests it saw.';

COMMENT ON COLUMN lab.model_run.train_cells IS 'Cells it was fitted on.';

COMMENT ON COLUMN lab.model_run.held_out_cells IS 'Cells it was scored on.';

COMMENT ON COLUMN lab.model_run.hyperparameters_json IS 'The recipe that ran.';

COMMENT ON COLUMN lab.model_run.parameters_json IS 'The fitted model: standardisation, coefficients.';

COMMENT ON COLUMN lab.model_run.metrics_json IS 'Scores, beside those of a constant.';

COMMENT ON COLUMN lab.model_run.mlflow_run_id IS 'Run in MLflow.';

COMMENT ON COLUMN lab.model_run.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.model_run.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.prediction (
	prediction_id UUID NOT NULL, 
	run_id UUID NOT NULL, 
	cycle_id UUID NOT NULL, 
	cell_id UUID NOT NULL, 
	task VARCHAR(3) NOT NULL, 
	cycle_num INTEGER NOT NULL, 
	predicted NUMERIC(14, 6) NOT NULL, 
	true_value NUMERIC(14, 6), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_prediction PRIMARY KEY (prediction_id), 
	CONSTRAINT fk_prediction_run_id FOREIGN KEY(run_id) REFERENCES lab.model_run (run_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_prediction_cycle_id FOREIGN KEY(cycle_id) REFERENCES lab.cycle (cycle_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_prediction_cell_id FOREIGN KEY(cell_id) REFERENCES lab.battery_cell (cell_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_prediction_task CHECK (task IN ('soc', 'soh', 'rul')), 
	CONSTRAINT ck_prediction_cycle_num CHECK (cycle_num BETWEEN 1 AND 10000000), 
	CONSTRAINT ck_prediction_predicted CHECK (predicted BETWEEN -99999999 AND 99999999), 
	CONSTRAINT ck_prediction_true_value CHECK (true_value BETWEEN -99999999 AND 99999999)
);

CREATE INDEX ix_prediction_site_month ON lab.prediction (site, month);

COMMENT ON TABLE lab.prediction IS 'Predictions for cycles of cells that were held out, beside what was true.';

COMMENT ON COLUMN lab.prediction.prediction_id IS 'Unique identifier.';

COMMENT ON COLUMN lab.prediction.run_id IS 'Run that made the model.';

COMMENT ON COLUMN lab.prediction.cycle_id IS 'Cycle.';

COMMENT ON COLUMN lab.prediction.cell_id IS 'Cell.';

COMMENT ON COLUMN lab.prediction.task IS 'What is predicted.';

COMMENT ON COLUMN lab.prediction.cycle_num IS 'Number within the cell''s life.';

COMMENT ON COLUMN lab.prediction.predicted IS 'Prediction: %, or cycles. [1]';

COMMENT ON COLUMN lab.prediction.true_value IS 'What came out; NULL where it was not seen. [1]';

COMMENT ON COLUMN lab.prediction.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.prediction.month IS 'UTC month of the partition, YYYY-MM.';

-- The analyst reads the lab as the fleet.
GRANT USAGE ON SCHEMA lab TO battery_analyst;

GRANT SELECT ON ALL TABLES IN SCHEMA lab TO battery_analyst;

ALTER DEFAULT PRIVILEGES IN SCHEMA lab GRANT SELECT ON TABLES TO battery_analyst;

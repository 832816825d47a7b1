-- Generated from battery_assets/tables by `python -m battery_assets.tables.write_sql`. Do not edit.

CREATE TABLE fleet.capacity_test_calc (
	test_id UUID NOT NULL, 
	measured_capacity_ah NUMERIC(6, 2), 
	capacity_pct_of_rated NUMERIC(5, 2), 
	pass_fail VARCHAR(8), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_capacity_test_calc PRIMARY KEY (test_id), 
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
	CONSTRAINT ck_feature_store_v_mean CHECK (v_mean BETWEEN 0 AND 99.999), 
	CONSTRAINT ck_feature_store_v_std CHECK (v_std BETWEEN 0 AND 10), 
	CONSTRAINT ck_feature_store_v_min CHECK (v_min BETWEEN 0 AND 99.999), 
	CONSTRAINT ck_feature_store_v_max CHECK (v_max BETWEEN 0 AND 99.999), 
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

COMMENT ON COLUMN fleet.feature_store.thd_mean IS 'Mean of thd_pct, harmonics of the rectifier''s f1. [%]';

COMMENT ON COLUMN fleet.feature_store.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.feature_store.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.cycle_feature (
	feature_id UUID NOT NULL, 
	cycle_id UUID NOT NULL, 
	session_id UUID NOT NULL, 
	cell_id UUID NOT NULL, 
	cycle_index INTEGER NOT NULL, 
	charge_capacity_ah NUMERIC(17, 12), 
	discharge_capacity_ah NUMERIC(17, 12), 
	charge_energy_wh NUMERIC(16, 10), 
	discharge_energy_wh NUMERIC(16, 10), 
	coulombic_efficiency_pct NUMERIC(12, 4), 
	energy_efficiency_pct NUMERIC(12, 4), 
	charge_time_s NUMERIC(12, 2), 
	discharge_time_s NUMERIC(12, 2), 
	cc_charge_time_s NUMERIC(12, 2), 
	cv_charge_time_s NUMERIC(12, 2), 
	internal_resistance_mohm NUMERIC(16, 6), 
	resistance_step_s NUMERIC(8, 3), 
	voltage_mean_v NUMERIC(10, 6), 
	voltage_min_v NUMERIC(10, 6), 
	voltage_max_v NUMERIC(10, 6), 
	temperature_mean_c NUMERIC(7, 3), 
	temperature_min_c NUMERIC(7, 3), 
	temperature_max_c NUMERIC(7, 3), 
	current_max_a NUMERIC(15, 10), 
	dqdv_max_ah_per_v NUMERIC(19, 12), 
	dqdv_peak_v NUMERIC(10, 6), 
	dqdv_min_ah_per_v NUMERIC(19, 12), 
	dqdv_area_ah NUMERIC(17, 12), 
	dqdv_variance NUMERIC(30, 18), 
	dvdq_peak_v_per_ah NUMERIC(20, 10), 
	dvdq_peak_ah NUMERIC(17, 12), 
	delta_q_log_variance NUMERIC(10, 6), 
	capacity_slope_ah_per_cycle NUMERIC(19, 14), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_cycle_feature PRIMARY KEY (feature_id), 
	CONSTRAINT fk_cycle_feature_cell_id FOREIGN KEY(cell_id) REFERENCES lab.battery_cell (cell_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_cycle_feature_cycle_index CHECK (cycle_index BETWEEN 1 AND 10000000), 
	CONSTRAINT ck_cycle_feature_charge_capacity_ah CHECK (charge_capacity_ah BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_feature_discharge_capacity_ah CHECK (discharge_capacity_ah BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_feature_charge_energy_wh CHECK (charge_energy_wh BETWEEN -100000 AND 100000), 
	CONSTRAINT ck_cycle_feature_discharge_energy_wh CHECK (discharge_energy_wh BETWEEN -100000 AND 100000), 
	CONSTRAINT ck_cycle_feature_coulombic_efficiency_pct CHECK (coulombic_efficiency_pct BETWEEN 0 AND 9999999), 
	CONSTRAINT ck_cycle_feature_energy_efficiency_pct CHECK (energy_efficiency_pct BETWEEN 0 AND 9999999), 
	CONSTRAINT ck_cycle_feature_charge_time_s CHECK (charge_time_s BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_cycle_feature_discharge_time_s CHECK (discharge_time_s BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_cycle_feature_cc_charge_time_s CHECK (cc_charge_time_s BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_cycle_feature_cv_charge_time_s CHECK (cv_charge_time_s BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_cycle_feature_internal_resistance_mohm CHECK (internal_resistance_mohm BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_cycle_feature_resistance_step_s CHECK (resistance_step_s BETWEEN 0 AND 99999), 
	CONSTRAINT ck_cycle_feature_voltage_mean_v CHECK (voltage_mean_v BETWEEN -100 AND 9999), 
	CONSTRAINT ck_cycle_feature_voltage_min_v CHECK (voltage_min_v BETWEEN -100 AND 9999), 
	CONSTRAINT ck_cycle_feature_voltage_max_v CHECK (voltage_max_v BETWEEN -100 AND 9999), 
	CONSTRAINT ck_cycle_feature_temperature_mean_c CHECK (temperature_mean_c BETWEEN -100 AND 500), 
	CONSTRAINT ck_cycle_feature_temperature_min_c CHECK (temperature_min_c BETWEEN -100 AND 500), 
	CONSTRAINT ck_cycle_feature_temperature_max_c CHECK (temperature_max_c BETWEEN -100 AND 500), 
	CONSTRAINT ck_cycle_feature_current_max_a CHECK (current_max_a BETWEEN 0 AND 99999), 
	CONSTRAINT ck_cycle_feature_dqdv_max_ah_per_v CHECK (dqdv_max_ah_per_v BETWEEN -1000000 AND 1000000), 
	CONSTRAINT ck_cycle_feature_dqdv_peak_v CHECK (dqdv_peak_v BETWEEN -100 AND 9999), 
	CONSTRAINT ck_cycle_feature_dqdv_min_ah_per_v CHECK (dqdv_min_ah_per_v BETWEEN -1000000 AND 1000000), 
	CONSTRAINT ck_cycle_feature_dqdv_area_ah CHECK (dqdv_area_ah BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_feature_dqdv_variance CHECK (dqdv_variance BETWEEN 0 AND 999999999999), 
	CONSTRAINT ck_cycle_feature_dvdq_peak_v_per_ah CHECK (dvdq_peak_v_per_ah BETWEEN -9999999999 AND 9999999999), 
	CONSTRAINT ck_cycle_feature_dvdq_peak_ah CHECK (dvdq_peak_ah BETWEEN -10000 AND 10000), 
	CONSTRAINT ck_cycle_feature_delta_q_log_variance CHECK (delta_q_log_variance BETWEEN -100 AND 100), 
	CONSTRAINT ck_cycle_feature_capacity_slope_ah_per_cycle CHECK (capacity_slope_ah_per_cycle BETWEEN -99999 AND 99999)
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
	nominal_capacity NUMERIC(16, 10), 
	source JSONB, 
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

COMMENT ON COLUMN lab.battery_unit.source IS 'File, sha256 and layout of a cell that came as a table of cycles.';

COMMENT ON COLUMN lab.battery_unit.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.battery_unit.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.cycle_data (
	row_id UUID NOT NULL, 
	cycle_id UUID, 
	id BIGINT NOT NULL, 
	battery_id INTEGER NOT NULL, 
	cycle_num INTEGER NOT NULL, 
	feature_1 NUMERIC(19, 14), 
	feature_2 NUMERIC(17, 12), 
	feature_3 NUMERIC(18, 9), 
	feature_4 NUMERIC(19, 9), 
	feature_5 NUMERIC(18, 9), 
	feature_6 NUMERIC(19, 12), 
	feature_7 NUMERIC(19, 12), 
	feature_8 NUMERIC(30, 18), 
	pcl NUMERIC(9, 6), 
	rul INTEGER, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_cycle_data PRIMARY KEY (row_id), 
	CONSTRAINT ck_cycle_data_id CHECK (id BETWEEN 0 AND 9007199254740992), 
	CONSTRAINT ck_cycle_data_battery_id CHECK (battery_id BETWEEN 0 AND 2147483647), 
	CONSTRAINT ck_cycle_data_cycle_num CHECK (cycle_num BETWEEN 1 AND 4000000), 
	CONSTRAINT ck_cycle_data_feature_1 CHECK (feature_1 BETWEEN -99999 AND 99999), 
	CONSTRAINT ck_cycle_data_feature_2 CHECK (feature_2 BETWEEN -99999 AND 99999), 
	CONSTRAINT ck_cycle_data_feature_3 CHECK (feature_3 BETWEEN -100 AND 500), 
	CONSTRAINT ck_cycle_data_feature_4 CHECK (feature_4 BETWEEN 0 AND 9999999999), 
	CONSTRAINT ck_cycle_data_feature_5 CHECK (feature_5 BETWEEN 0 AND 9000000), 
	CONSTRAINT ck_cycle_data_feature_6 CHECK (feature_6 BETWEEN -1000000 AND 1000000), 
	CONSTRAINT ck_cycle_data_feature_7 CHECK (feature_7 BETWEEN -1000000 AND 1000000), 
	CONSTRAINT ck_cycle_data_feature_8 CHECK (feature_8 BETWEEN 0 AND 999999999999), 
	CONSTRAINT ck_cycle_data_pcl CHECK (pcl BETWEEN -100 AND 100), 
	CONSTRAINT ck_cycle_data_rul CHECK (rul BETWEEN 0 AND 10000000)
);

CREATE INDEX ix_cycle_data_site_month ON lab.cycle_data (site, month);

COMMENT ON TABLE lab.cycle_data IS 'The training table: eight features of a cycle, its capacity loss and the cycles left. Of tests they are causal and as described; of imported tables of cycles they are what their layout names.';

COMMENT ON COLUMN lab.cycle_data.row_id IS 'Unique identifier.';

COMMENT ON COLUMN lab.cycle_data.cycle_id IS 'Cycle; NULL where it came as a table of cycles.';

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

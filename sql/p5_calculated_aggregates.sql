-- Generated from battery_assets/tables by `python -m battery_assets.tables.write_sql`. Do not edit.

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

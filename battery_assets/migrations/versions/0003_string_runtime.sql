CREATE TABLE fleet.string_runtime (
	runtime_id UUID NOT NULL, 
	string_id UUID NOT NULL, 
	captured_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	load_basis VARCHAR(13) NOT NULL, 
	load_kind VARCHAR(16) NOT NULL, 
	load_w NUMERIC(10, 1), 
	load_current_a NUMERIC(8, 2), 
	end_voltage_v_cell NUMERIC(4, 3), 
	required_min NUMERIC(7, 2), 
	runtime_min NUMERIC(7, 2), 
	runtime_lower_min NUMERIC(7, 2), 
	runtime_upper_min NUMERIC(7, 2), 
	ride_through_probability NUMERIC(5, 4), 
	weakest_battery_id UUID, 
	weakest_probability NUMERIC(5, 4), 
	weakest_margin_min NUMERIC(7, 2), 
	repair_gain_min NUMERIC(7, 2), 
	limited_by VARCHAR(15), 
	soc_pct NUMERIC(5, 2), 
	soh_pct NUMERIC(5, 2), 
	temperature_c NUMERIC(4, 1), 
	jars_assumed INTEGER, 
	note TEXT, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_string_runtime PRIMARY KEY (runtime_id), 
	CONSTRAINT fk_string_runtime_string_id FOREIGN KEY(string_id) REFERENCES fleet.string (string_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_string_runtime_weakest_battery_id FOREIGN KEY(weakest_battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_string_runtime_load_basis CHECK (load_basis IN ('measured_load', 'system_rating', 'rated_15min', 'rated_1h')), 
	CONSTRAINT ck_string_runtime_load_kind CHECK (load_kind IN ('constant_power', 'constant_current')), 
	CONSTRAINT ck_string_runtime_load_w CHECK (load_w BETWEEN 0 AND 100000000), 
	CONSTRAINT ck_string_runtime_load_current_a CHECK (load_current_a BETWEEN -100000 AND 0), 
	CONSTRAINT ck_string_runtime_end_voltage_v_cell CHECK (end_voltage_v_cell BETWEEN 1 AND 2.5), 
	CONSTRAINT ck_string_runtime_required_min CHECK (required_min BETWEEN 0 AND 99999), 
	CONSTRAINT ck_string_runtime_runtime_min CHECK (runtime_min BETWEEN 0 AND 99999), 
	CONSTRAINT ck_string_runtime_runtime_lower_min CHECK (runtime_lower_min BETWEEN 0 AND 99999), 
	CONSTRAINT ck_string_runtime_runtime_upper_min CHECK (runtime_upper_min BETWEEN 0 AND 99999), 
	CONSTRAINT ck_string_runtime_ride_through_probability CHECK (ride_through_probability BETWEEN 0 AND 1), 
	CONSTRAINT ck_string_runtime_weakest_probability CHECK (weakest_probability BETWEEN 0 AND 1), 
	CONSTRAINT ck_string_runtime_weakest_margin_min CHECK (weakest_margin_min BETWEEN 0 AND 99999), 
	CONSTRAINT ck_string_runtime_repair_gain_min CHECK (repair_gain_min BETWEEN 0 AND 99999), 
	CONSTRAINT ck_string_runtime_limited_by CHECK (limited_by IN ('capacity', 'resistance', 'charge', 'temperature', 'shorted_cell', 'open_connection', 'missing_jar', 'whole_string')), 
	CONSTRAINT ck_string_runtime_soc_pct CHECK (soc_pct BETWEEN 0 AND 100), 
	CONSTRAINT ck_string_runtime_soh_pct CHECK (soh_pct BETWEEN 0 AND 130), 
	CONSTRAINT ck_string_runtime_temperature_c CHECK (temperature_c BETWEEN -40 AND 100), 
	CONSTRAINT ck_string_runtime_jars_assumed CHECK (jars_assumed BETWEEN 0 AND 500)
);

CREATE INDEX ix_string_runtime_site_month ON fleet.string_runtime (site, month);

COMMENT ON TABLE fleet.string_runtime IS 'How long a string will carry a stated load, and the jar that ends it.';

COMMENT ON COLUMN fleet.string_runtime.runtime_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.string_runtime.string_id IS 'String reference.';

COMMENT ON COLUMN fleet.string_runtime.captured_at IS 'Instant of the twin states that were used.';

COMMENT ON COLUMN fleet.string_runtime.load_basis IS 'Where the load comes from: seen in the string''s last discharges, its share of the system''s rating, or what a new string carries for 15 min or 1 h.';

COMMENT ON COLUMN fleet.string_runtime.load_kind IS 'What the load holds constant.';

COMMENT ON COLUMN fleet.string_runtime.load_w IS 'Power of the string; its mean at constant current. [W]';

COMMENT ON COLUMN fleet.string_runtime.load_current_a IS 'Current of the string, negative on discharge; its mean at constant power. [A]';

COMMENT ON COLUMN fleet.string_runtime.end_voltage_v_cell IS 'Voltage per cell at which the load is dropped. [V]';

COMMENT ON COLUMN fleet.string_runtime.required_min IS 'Time for which the load has to be carried. [min]';

COMMENT ON COLUMN fleet.string_runtime.runtime_min IS 'Median of the time that it is carried. [min]';

COMMENT ON COLUMN fleet.string_runtime.runtime_lower_min IS 'Lower end of the 90 % interval. [min]';

COMMENT ON COLUMN fleet.string_runtime.runtime_upper_min IS 'Upper end of the 90 % interval. [min]';

COMMENT ON COLUMN fleet.string_runtime.ride_through_probability IS 'P(carried for required_min). [1]';

COMMENT ON COLUMN fleet.string_runtime.weakest_battery_id IS 'Jar that is most likely the lowest at the end.';

COMMENT ON COLUMN fleet.string_runtime.weakest_probability IS 'P(it is that jar). [1]';

COMMENT ON COLUMN fleet.string_runtime.weakest_margin_min IS 'How much sooner that jar is at the end voltage than the string''s median jar. [min]';

COMMENT ON COLUMN fleet.string_runtime.repair_gain_min IS 'Minutes more if that jar were as the median. [min]';

COMMENT ON COLUMN fleet.string_runtime.limited_by IS 'What makes the weakest jar weak; whole_string where no single jar costs time.';

COMMENT ON COLUMN fleet.string_runtime.soc_pct IS 'Mean state of charge of the jars that was used. [%]';

COMMENT ON COLUMN fleet.string_runtime.soh_pct IS 'Mean state of health of the jars that was used. [%]';

COMMENT ON COLUMN fleet.string_runtime.temperature_c IS 'Mean temperature of the jars that was used. [°C]';

COMMENT ON COLUMN fleet.string_runtime.jars_assumed IS 'Jars without a twin, taken as the string''s median.';

COMMENT ON COLUMN fleet.string_runtime.note IS 'Why there is no runtime, or why it is 0.';

COMMENT ON COLUMN fleet.string_runtime.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.string_runtime.month IS 'UTC month of the partition, YYYY-MM.';

-- How long each string would carry each load, as of the newest month of its site; the weakest jar by its code.
CREATE VIEW fleet.string_runtime_now AS
SELECT r.site, s.string_code, y.system_type, r.load_basis, r.load_kind, r.load_w, r.load_current_a,
       r.end_voltage_v_cell, r.required_min, r.runtime_min, r.runtime_lower_min, r.runtime_upper_min,
       r.ride_through_probability, b.battery_code AS weakest_jar, r.weakest_probability, r.weakest_margin_min,
       r.repair_gain_min, r.limited_by, r.soc_pct, r.soh_pct, r.temperature_c, r.jars_assumed, r.note,
       r.captured_at, r.string_id, r.weakest_battery_id
FROM fleet.string_runtime r
JOIN (SELECT site, max(month) AS month FROM platform.partition_version
      WHERE table_name = 'string_runtime' AND version IS NOT NULL GROUP BY site) newest
  ON newest.site = r.site AND newest.month = r.month
JOIN fleet.string s ON s.string_id = r.string_id
LEFT JOIN fleet.battery_system y USING (system_id)
LEFT JOIN fleet.battery b ON b.battery_id = r.weakest_battery_id;

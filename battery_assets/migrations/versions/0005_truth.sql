CREATE SCHEMA truth;

-- Nobody but the owner: not the analyst, and no view.
REVOKE ALL ON SCHEMA truth FROM PUBLIC;

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

COMMENT ON COLUMN truth.jar_truth.profile IS 'How fast it ages.';

COMMENT ON COLUMN truth.jar_truth.mechanism IS 'What ends it.';

COMMENT ON COLUMN truth.jar_truth.soh_pct IS 'True capacity (10 h test, 25 °C), of the rated. [%]';

COMMENT ON COLUMN truth.jar_truth.resistance_ratio IS 'True resistance relative to new. [1]';

COMMENT ON COLUMN truth.jar_truth.failure_date IS '80 % capacity or sudden failure, maybe ahead; null beyond the horizon.';

COMMENT ON COLUMN truth.jar_truth.site IS 'Site the row belongs to.';

COMMENT ON COLUMN truth.jar_truth.month IS 'UTC month of the partition, YYYY-MM.';

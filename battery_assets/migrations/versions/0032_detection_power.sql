CREATE TABLE experiments.detection_power (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	site VARCHAR(31) NOT NULL, 
	string_code VARCHAR(60) NOT NULL, 
	days INTEGER NOT NULL, 
	loss DOUBLE PRECISION NOT NULL, 
	power DOUBLE PRECISION NOT NULL, 
	bursts INTEGER NOT NULL, 
	wander DOUBLE PRECISION, 
	seen_until DATE NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_detection_power PRIMARY KEY (id), 
	CONSTRAINT uq_detection_power_site_string_code_days_loss UNIQUE (site, string_code, days, loss)
);

CREATE INDEX ix_detection_power_site ON experiments.detection_power (site);

COMMENT ON TABLE experiments.detection_power IS 'Probability that a string''s own recorder shows a capacitor''s loss, at 1 % false alarms.';

COMMENT ON COLUMN experiments.detection_power.id IS 'Number of the row.';

COMMENT ON COLUMN experiments.detection_power.site IS 'Site.';

COMMENT ON COLUMN experiments.detection_power.string_code IS 'String.';

COMMENT ON COLUMN experiments.detection_power.days IS 'So many days'' bursts are averaged.';

COMMENT ON COLUMN experiments.detection_power.loss IS 'Share of the capacitance lost.';

COMMENT ON COLUMN experiments.detection_power.power IS 'Probability that it is seen.';

COMMENT ON COLUMN experiments.detection_power.bursts IS 'Sound days that say how the first line wanders.';

COMMENT ON COLUMN experiments.detection_power.wander IS 'Standard deviation of the first line''s logarithm from day to day.';

COMMENT ON COLUMN experiments.detection_power.seen_until IS 'Last day of these.';

COMMENT ON COLUMN experiments.detection_power.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.detection_power.updated_at IS 'When it changed.';

GRANT SELECT ON experiments.detection_power TO battery_analyst;

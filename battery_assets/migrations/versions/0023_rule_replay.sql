CREATE TABLE fleet.rule_replay (
	replay_id UUID NOT NULL, 
	alert_type VARCHAR(20) NOT NULL, 
	signal VARCHAR(40) NOT NULL, 
	judged_from TIMESTAMP WITH TIME ZONE NOT NULL, 
	judged_until TIMESTAMP WITH TIME ZONE NOT NULL, 
	jar_months INTEGER NOT NULL, 
	alerts INTEGER NOT NULL, 
	came_true INTEGER NOT NULL, 
	false_alarms INTEGER NOT NULL, 
	undecided INTEGER NOT NULL, 
	ends INTEGER NOT NULL, 
	foreseen INTEGER NOT NULL, 
	alerts_per_1000_jar_months NUMERIC(9, 2), 
	precision NUMERIC(5, 4), 
	recall NUMERIC(5, 4), 
	lead_days NUMERIC(6, 1), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_rule_replay PRIMARY KEY (replay_id), 
	CONSTRAINT ck_rule_replay_jar_months CHECK (jar_months BETWEEN 0 AND 100000000), 
	CONSTRAINT ck_rule_replay_alerts CHECK (alerts BETWEEN 0 AND 100000000), 
	CONSTRAINT ck_rule_replay_came_true CHECK (came_true BETWEEN 0 AND 100000000), 
	CONSTRAINT ck_rule_replay_false_alarms CHECK (false_alarms BETWEEN 0 AND 100000000), 
	CONSTRAINT ck_rule_replay_undecided CHECK (undecided BETWEEN 0 AND 100000000), 
	CONSTRAINT ck_rule_replay_ends CHECK (ends BETWEEN 0 AND 100000000), 
	CONSTRAINT ck_rule_replay_foreseen CHECK (foreseen BETWEEN 0 AND 100000000), 
	CONSTRAINT ck_rule_replay_alerts_per_1000_jar_months CHECK (alerts_per_1000_jar_months BETWEEN 0 AND 1000000), 
	CONSTRAINT ck_rule_replay_precision CHECK (precision BETWEEN 0 AND 1), 
	CONSTRAINT ck_rule_replay_recall CHECK (recall BETWEEN 0 AND 1), 
	CONSTRAINT ck_rule_replay_lead_days CHECK (lead_days BETWEEN 0 AND 10000)
);

CREATE INDEX ix_rule_replay_site_month ON fleet.rule_replay (site, month);

COMMENT ON TABLE fleet.rule_replay IS 'What the alerts of a rule were worth in the twelve months up to this one, held against replacements, repairs and known faults.';

COMMENT ON COLUMN fleet.rule_replay.replay_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.rule_replay.alert_type IS 'Kind of alert.';

COMMENT ON COLUMN fleet.rule_replay.signal IS 'Signal that led the alerts.';

COMMENT ON COLUMN fleet.rule_replay.judged_from IS 'Begin of the months that were looked at.';

COMMENT ON COLUMN fleet.rule_replay.judged_until IS 'End of them.';

COMMENT ON COLUMN fleet.rule_replay.jar_months IS 'Jars in service, summed over the months.';

COMMENT ON COLUMN fleet.rule_replay.alerts IS 'Alerts, each counted once however long it lasted.';

COMMENT ON COLUMN fleet.rule_replay.came_true IS 'Alerts whose unit was replaced, repaired or known to be faulty while they held or within 180 days.';

COMMENT ON COLUMN fleet.rule_replay.false_alarms IS 'Alerts after which 180 days passed without.';

COMMENT ON COLUMN fleet.rule_replay.undecided IS 'Alerts of which neither is known yet, or whose string was renewed before.';

COMMENT ON COLUMN fleet.rule_replay.ends IS 'Replacements, repairs and faults of the kind.';

COMMENT ON COLUMN fleet.rule_replay.foreseen IS 'Those that an alert of the rule came before.';

COMMENT ON COLUMN fleet.rule_replay.alerts_per_1000_jar_months IS 'Alerts per 1,000 jar-months. [1]';

COMMENT ON COLUMN fleet.rule_replay.precision IS 'Share of the decided alerts that came true. [1]';

COMMENT ON COLUMN fleet.rule_replay.recall IS 'Share of the ends that were foreseen. [1]';

COMMENT ON COLUMN fleet.rule_replay.lead_days IS 'Median time from alert to end. [d]';

COMMENT ON COLUMN fleet.rule_replay.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.rule_replay.month IS 'UTC month of the partition, YYYY-MM.';

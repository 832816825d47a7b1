-- Generated from battery_assets/tables by `python -m battery_assets.tables.write_sql`. Do not edit.

CREATE TABLE operations.incident (
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
	fault VARCHAR(60) NOT NULL, 
	battery_id UUID, 
	string_id UUID, 
	worsened_at TIMESTAMP WITH TIME ZONE, 
	last_alert_at TIMESTAMP WITH TIME ZONE, 
	evidence_json JSONB, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_incident PRIMARY KEY (incident_id, month), 
	CONSTRAINT uq_incident_site_month_incident_code UNIQUE (site, month, incident_code), 
	CONSTRAINT fk_incident_location_id FOREIGN KEY(location_id) REFERENCES fleet.location (location_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_incident_assigned_to FOREIGN KEY(assigned_to) REFERENCES service."user" (user_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_incident_severity CHECK (severity IN ('low', 'medium', 'high', 'critical')), 
	CONSTRAINT ck_incident_status CHECK (status IN ('open', 'investigating', 'resolved', 'closed')), 
	CONSTRAINT ck_incident_escalation_level CHECK (escalation_level BETWEEN 1 AND 9)
);

CREATE INDEX ix_incident_site_fault ON operations.incident (site, fault);

CREATE INDEX ix_incident_site_month ON operations.incident (site, month);

COMMENT ON TABLE operations.incident IS 'Alerts that have one cause, month by month while the fault lasts.';

COMMENT ON COLUMN operations.incident.incident_id IS 'Unique identifier.';

COMMENT ON COLUMN operations.incident.location_id IS 'Location.';

COMMENT ON COLUMN operations.incident.incident_code IS 'Incident reference (e.g., ''INC-2025-001234'').';

COMMENT ON COLUMN operations.incident.title IS 'Incident title.';

COMMENT ON COLUMN operations.incident.description IS 'Detailed description.';

COMMENT ON COLUMN operations.incident.severity IS 'How bad it is.';

COMMENT ON COLUMN operations.incident.status IS 'State.';

COMMENT ON COLUMN operations.incident.root_cause IS 'RCA summary.';

COMMENT ON COLUMN operations.incident.rca_code IS 'Standardized RCA code.';

COMMENT ON COLUMN operations.incident.created_at IS 'When the record was made.';

COMMENT ON COLUMN operations.incident.resolved_at IS 'When it was resolved.';

COMMENT ON COLUMN operations.incident.closed_at IS 'When it was closed.';

COMMENT ON COLUMN operations.incident.assigned_to IS 'Who is responsible.';

COMMENT ON COLUMN operations.incident.escalation_level IS 'Escalation step, 1 is the first.';

COMMENT ON COLUMN operations.incident.fault IS 'What is at fault: kind, and the identifier of the unit.';

COMMENT ON COLUMN operations.incident.battery_id IS 'The jar, where one jar is at fault.';

COMMENT ON COLUMN operations.incident.string_id IS 'The string, where the fault is within one.';

COMMENT ON COLUMN operations.incident.worsened_at IS 'When it became as severe as it is.';

COMMENT ON COLUMN operations.incident.last_alert_at IS 'Until when one of its alerts held, as far as is known.';

COMMENT ON COLUMN operations.incident.evidence_json IS 'What was seen of the fault since it began.';

COMMENT ON COLUMN operations.incident.site IS 'Site the row belongs to.';

COMMENT ON COLUMN operations.incident.month IS 'UTC month of the partition, YYYY-MM.';

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
	CONSTRAINT fk_alert_acknowledged_by FOREIGN KEY(acknowledged_by) REFERENCES service."user" (user_id) DEFERRABLE INITIALLY DEFERRED, 
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

CREATE TABLE operations.work_order (
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
	fault VARCHAR(60) NOT NULL, 
	battery_id UUID, 
	string_id UUID, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_work_order PRIMARY KEY (work_order_id, month), 
	CONSTRAINT fk_work_order_location_id FOREIGN KEY(location_id) REFERENCES fleet.location (location_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_work_order_assigned_to FOREIGN KEY(assigned_to) REFERENCES service."user" (user_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_work_order_priority CHECK (priority IN ('low', 'medium', 'high', 'urgent')), 
	CONSTRAINT ck_work_order_status CHECK (status IN ('open', 'assigned', 'in_progress', 'completed', 'closed'))
);

CREATE INDEX ix_work_order_site_fault ON operations.work_order (site, fault);

CREATE INDEX ix_work_order_site_month ON operations.work_order (site, month);

COMMENT ON TABLE operations.work_order IS 'What people have to do, month by month until it is done.';

COMMENT ON COLUMN operations.work_order.work_order_id IS 'Unique identifier.';

COMMENT ON COLUMN operations.work_order.external_id IS 'CMMS/ITSM ticket ID, entered by people and imports.';

COMMENT ON COLUMN operations.work_order.incident_id IS 'Related incident.';

COMMENT ON COLUMN operations.work_order.location_id IS 'Location.';

COMMENT ON COLUMN operations.work_order.title IS 'Title.';

COMMENT ON COLUMN operations.work_order.description IS 'What is to be done.';

COMMENT ON COLUMN operations.work_order.priority IS 'Urgency.';

COMMENT ON COLUMN operations.work_order.status IS 'State.';

COMMENT ON COLUMN operations.work_order.created_at IS 'When the record was made.';

COMMENT ON COLUMN operations.work_order.due_date IS 'Due by.';

COMMENT ON COLUMN operations.work_order.completed_at IS 'When it was completed.';

COMMENT ON COLUMN operations.work_order.assigned_to IS 'Who is responsible.';

COMMENT ON COLUMN operations.work_order.resolution_notes IS 'What was done.';

COMMENT ON COLUMN operations.work_order.fault IS 'What is at fault: kind, and the identifier of the unit.';

COMMENT ON COLUMN operations.work_order.battery_id IS 'The jar, where one jar is to be worked on.';

COMMENT ON COLUMN operations.work_order.string_id IS 'The string, where the work is within one.';

COMMENT ON COLUMN operations.work_order.site IS 'Site the row belongs to.';

COMMENT ON COLUMN operations.work_order.month IS 'UTC month of the partition, YYYY-MM.';

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

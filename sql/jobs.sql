-- Generated from battery_assets/tables by `python -m battery_assets.tables.write_sql`. Do not edit.

CREATE TABLE service.job (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	kind VARCHAR(40) NOT NULL, 
	state VARCHAR(9) DEFAULT 'queued' NOT NULL, 
	facts JSONB NOT NULL, 
	progress NUMERIC(6, 5) DEFAULT '0' NOT NULL, 
	step INTEGER DEFAULT '0' NOT NULL, 
	steps INTEGER DEFAULT '0' NOT NULL, 
	worker VARCHAR(120), 
	run_id VARCHAR(64), 
	lease_until TIMESTAMP WITH TIME ZONE, 
	stop_asked BOOLEAN DEFAULT 'false' NOT NULL, 
	reason TEXT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	started_at TIMESTAMP WITH TIME ZONE, 
	finished_at TIMESTAMP WITH TIME ZONE, 
	launch JSONB, 
	launched_at TIMESTAMP WITH TIME ZONE, 
	request_id VARCHAR(64), 
	CONSTRAINT pk_job PRIMARY KEY (id), 
	CONSTRAINT ck_job_state CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'stopped')), 
	CONSTRAINT ck_job_progress CHECK (progress BETWEEN 0 AND 1)
);

CREATE INDEX ix_job_kind_state ON service.job (kind, state);

CREATE INDEX ix_job_launch ON service.job (id) WHERE launch IS NOT NULL AND finished_at IS NULL;

COMMENT ON TABLE service.job IS 'Jobs that run for long: state, lease, progress, and whether they are to stop.';

COMMENT ON COLUMN service.job.id IS 'Number of the job.';

COMMENT ON COLUMN service.job.kind IS 'What kind of work it is.';

COMMENT ON COLUMN service.job.state IS 'Where it stands.';

COMMENT ON COLUMN service.job.facts IS 'What was asked for.';

COMMENT ON COLUMN service.job.progress IS 'Share that is done.';

COMMENT ON COLUMN service.job.step IS 'Steps done, such as epochs.';

COMMENT ON COLUMN service.job.steps IS 'Most steps that it may take.';

COMMENT ON COLUMN service.job.worker IS 'Who works on it, or did.';

COMMENT ON COLUMN service.job.run_id IS 'Dagster''s run of it.';

COMMENT ON COLUMN service.job.lease_until IS 'The worker is gone when this has passed and it still runs.';

COMMENT ON COLUMN service.job.stop_asked IS 'It ends with its next step.';

COMMENT ON COLUMN service.job.reason IS 'Why it failed or was stopped.';

COMMENT ON COLUMN service.job.created_at IS 'When it was asked for.';

COMMENT ON COLUMN service.job.started_at IS 'When a worker took it.';

COMMENT ON COLUMN service.job.finished_at IS 'When it ended.';

COMMENT ON COLUMN service.job.launch IS 'Dagster job, partitions, config: the daemon begins it; NULL: who asked does.';

COMMENT ON COLUMN service.job.launched_at IS 'When the daemon asked Dagster for its runs.';

COMMENT ON COLUMN service.job.request_id IS 'Request that asked for it.';

CREATE TABLE service.job_log (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	job_id BIGINT NOT NULL, 
	level VARCHAR(7) NOT NULL, 
	message VARCHAR(2000) NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
	CONSTRAINT pk_job_log PRIMARY KEY (id), 
	CONSTRAINT ck_job_log_level CHECK (level IN ('DEBUG', 'INFO', 'WARNING', 'ERROR')), 
	CONSTRAINT fk_job_log_job_id FOREIGN KEY(job_id) REFERENCES service.job (id)
);

CREATE INDEX ix_job_log_job_id ON service.job_log (job_id);

COMMENT ON TABLE service.job_log IS 'What happened in jobs.';

COMMENT ON COLUMN service.job_log.id IS 'Number of the line.';

COMMENT ON COLUMN service.job_log.job_id IS 'Job.';

COMMENT ON COLUMN service.job_log.level IS 'How grave it is.';

COMMENT ON COLUMN service.job_log.message IS 'What happened.';

COMMENT ON COLUMN service.job_log.created_at IS 'When.';

CREATE TABLE service.backfill_before (
	job_id BIGINT NOT NULL, 
	table_name VARCHAR(63) NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	rows BIGINT, 
	sha256 VARCHAR(64), 
	CONSTRAINT pk_backfill_before PRIMARY KEY (job_id, table_name, site, month), 
	CONSTRAINT fk_backfill_before_job_id FOREIGN KEY(job_id) REFERENCES service.job (id) ON DELETE CASCADE
);

COMMENT ON TABLE service.backfill_before IS 'What partitions held when a backfill of them was asked for.';

COMMENT ON COLUMN service.backfill_before.job_id IS 'Backfill.';

COMMENT ON COLUMN service.backfill_before.table_name IS 'Table.';

COMMENT ON COLUMN service.backfill_before.site IS 'Site.';

COMMENT ON COLUMN service.backfill_before.month IS 'Month.';

COMMENT ON COLUMN service.backfill_before.rows IS 'Rows that it had.';

COMMENT ON COLUMN service.backfill_before.sha256 IS 'Checksum of these rows.';

CREATE TABLE service.incident_entry (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	site VARCHAR(31) NOT NULL, 
	incident_id UUID NOT NULL, 
	fault VARCHAR(60) NOT NULL, 
	began_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	action VARCHAR(11) NOT NULL, 
	user_id UUID, 
	entered_by VARCHAR(255) NOT NULL, 
	entered_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
	done_at TIMESTAMP WITH TIME ZONE, 
	assigned_to UUID, 
	note VARCHAR(4000), 
	rca_code VARCHAR(20), 
	CONSTRAINT pk_incident_entry PRIMARY KEY (id), 
	CONSTRAINT ck_incident_entry_action CHECK (action IN ('acknowledge', 'assign', 'note', 'analyse', 'resolve', 'reopen'))
);

CREATE INDEX ix_incident_entry_site_fault ON service.incident_entry (site, fault);

COMMENT ON TABLE service.incident_entry IS 'What people entered about incidents, one row for each act.';

COMMENT ON COLUMN service.incident_entry.id IS 'Number of the entry.';

COMMENT ON COLUMN service.incident_entry.site IS 'Site.';

COMMENT ON COLUMN service.incident_entry.incident_id IS 'What it is about.';

COMMENT ON COLUMN service.incident_entry.fault IS 'Fault that it is about.';

COMMENT ON COLUMN service.incident_entry.began_at IS 'When that began, as known at the time.';

COMMENT ON COLUMN service.incident_entry.action IS 'What was done.';

COMMENT ON COLUMN service.incident_entry.user_id IS 'Who entered it, where the platform knows the user.';

COMMENT ON COLUMN service.incident_entry.entered_by IS 'Who entered it, as they are called.';

COMMENT ON COLUMN service.incident_entry.entered_at IS 'When it was entered.';

COMMENT ON COLUMN service.incident_entry.done_at IS 'When it was done, where that was not when it was entered.';

COMMENT ON COLUMN service.incident_entry.assigned_to IS 'Who is responsible from now on.';

COMMENT ON COLUMN service.incident_entry.note IS 'In words: a remark, findings, what was done.';

COMMENT ON COLUMN service.incident_entry.rca_code IS 'Cause that a person found.';

CREATE TABLE service.work_order_entry (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	site VARCHAR(31) NOT NULL, 
	work_order_id UUID NOT NULL, 
	fault VARCHAR(60) NOT NULL, 
	began_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	action VARCHAR(11) NOT NULL, 
	user_id UUID, 
	entered_by VARCHAR(255) NOT NULL, 
	entered_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
	done_at TIMESTAMP WITH TIME ZONE, 
	assigned_to UUID, 
	note VARCHAR(4000), 
	external_id VARCHAR(50), 
	CONSTRAINT pk_work_order_entry PRIMARY KEY (id), 
	CONSTRAINT ck_work_order_entry_action CHECK (action IN ('assign', 'start', 'complete', 'close', 'reopen', 'note', 'ticket'))
);

CREATE INDEX ix_work_order_entry_site_fault ON service.work_order_entry (site, fault);

COMMENT ON TABLE service.work_order_entry IS 'What people and the CMMS entered about work orders, one row for each act.';

COMMENT ON COLUMN service.work_order_entry.id IS 'Number of the entry.';

COMMENT ON COLUMN service.work_order_entry.site IS 'Site.';

COMMENT ON COLUMN service.work_order_entry.work_order_id IS 'What it is about.';

COMMENT ON COLUMN service.work_order_entry.fault IS 'Fault that it is about.';

COMMENT ON COLUMN service.work_order_entry.began_at IS 'When that began, as known at the time.';

COMMENT ON COLUMN service.work_order_entry.action IS 'What was done.';

COMMENT ON COLUMN service.work_order_entry.user_id IS 'Who entered it, where the platform knows the user.';

COMMENT ON COLUMN service.work_order_entry.entered_by IS 'Who entered it, as they are called.';

COMMENT ON COLUMN service.work_order_entry.entered_at IS 'When it was entered.';

COMMENT ON COLUMN service.work_order_entry.done_at IS 'When it was done, where that was not when it was entered.';

COMMENT ON COLUMN service.work_order_entry.assigned_to IS 'Who is responsible from now on.';

COMMENT ON COLUMN service.work_order_entry.note IS 'In words: a remark, findings, what was done.';

COMMENT ON COLUMN service.work_order_entry.external_id IS 'Ticket of the CMMS.';

CREATE TABLE service.work_order_proposal (
	work_order_id UUID NOT NULL, 
	site VARCHAR(31) NOT NULL, 
	fault VARCHAR(60) NOT NULL, 
	location_id UUID, 
	title VARCHAR(200) NOT NULL, 
	description TEXT, 
	priority VARCHAR(6) NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	due_date TIMESTAMP WITH TIME ZONE, 
	proposed_by VARCHAR(120) NOT NULL, 
	CONSTRAINT pk_work_order_proposal PRIMARY KEY (work_order_id), 
	CONSTRAINT ck_work_order_proposal_priority CHECK (priority IN ('low', 'medium', 'high', 'urgent'))
);

CREATE INDEX ix_work_order_proposal_site_fault ON service.work_order_proposal (site, fault);

COMMENT ON TABLE service.work_order_proposal IS 'Work that forecasts propose: orders of fleet.work_order beside those of faults.';

COMMENT ON COLUMN service.work_order_proposal.work_order_id IS 'Unique identifier of the order.';

COMMENT ON COLUMN service.work_order_proposal.site IS 'Site.';

COMMENT ON COLUMN service.work_order_proposal.fault IS 'What is due: kind and identifier of the unit.';

COMMENT ON COLUMN service.work_order_proposal.location_id IS 'Location.';

COMMENT ON COLUMN service.work_order_proposal.title IS 'Title.';

COMMENT ON COLUMN service.work_order_proposal.description IS 'What is to be done, as it was said last.';

COMMENT ON COLUMN service.work_order_proposal.priority IS 'Urgency, as it was said last.';

COMMENT ON COLUMN service.work_order_proposal.created_at IS 'When it was proposed first.';

COMMENT ON COLUMN service.work_order_proposal.due_date IS 'Due by, as it was said last.';

COMMENT ON COLUMN service.work_order_proposal.proposed_by IS 'Forecast that said it last.';

CREATE TABLE lab_training.training_job_battery (
	job_id BIGINT NOT NULL, 
	battery_id INTEGER NOT NULL, 
	split_role VARCHAR(5) DEFAULT 'train' NOT NULL, 
	CONSTRAINT pk_training_job_battery PRIMARY KEY (job_id, battery_id, split_role), 
	CONSTRAINT ck_training_job_battery_split_role CHECK (split_role IN ('train', 'val', 'test')), 
	CONSTRAINT fk_training_job_battery_job_id FOREIGN KEY(job_id) REFERENCES service.job (id)
);

CREATE INDEX ix_training_job_battery_battery_id ON lab_training.training_job_battery (battery_id);

COMMENT ON TABLE lab_training.training_job_battery IS 'The cells of a training, and which side of it each is on.';

COMMENT ON COLUMN lab_training.training_job_battery.job_id IS 'Training.';

COMMENT ON COLUMN lab_training.training_job_battery.battery_id IS 'battery_unit.id.';

COMMENT ON COLUMN lab_training.training_job_battery.split_role IS 'Side of the split.';

CREATE TABLE lab_training.training_job_metric (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	job_id BIGINT NOT NULL, 
	epoch INTEGER NOT NULL, 
	train_loss DOUBLE PRECISION, 
	val_loss DOUBLE PRECISION, 
	metrics JSONB, 
	CONSTRAINT pk_training_job_metric PRIMARY KEY (id), 
	CONSTRAINT uq_training_job_metric_job_id_epoch UNIQUE (job_id, epoch), 
	CONSTRAINT fk_training_job_metric_job_id FOREIGN KEY(job_id) REFERENCES service.job (id)
);

COMMENT ON TABLE lab_training.training_job_metric IS 'Losses of each epoch, written while training runs.';

COMMENT ON COLUMN lab_training.training_job_metric.id IS 'Number of the row.';

COMMENT ON COLUMN lab_training.training_job_metric.job_id IS 'Training.';

COMMENT ON COLUMN lab_training.training_job_metric.epoch IS 'Epoch, from 1.';

COMMENT ON COLUMN lab_training.training_job_metric.train_loss IS 'Mean loss of the epoch''s rows.';

COMMENT ON COLUMN lab_training.training_job_metric.val_loss IS 'Loss of the validation cells, each weighing the same.';

COMMENT ON COLUMN lab_training.training_job_metric.metrics IS 'Each part of the loss, and the least validation loss so far.';

CREATE TABLE lab_training.model (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT DEFAULT '0' NOT NULL, 
	algorithm VARCHAR(8) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	version VARCHAR(32) NOT NULL, 
	job_id BIGINT, 
	metrics JSONB, 
	file_path VARCHAR(255) NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_model PRIMARY KEY (id), 
	CONSTRAINT uq_model_algorithm_name_version UNIQUE (algorithm, name, version), 
	CONSTRAINT ck_model_algorithm CHECK (algorithm IN ('baseline', 'bilstm', 'deephpm')), 
	CONSTRAINT fk_model_job_id FOREIGN KEY(job_id) REFERENCES service.job (id)
);

CREATE INDEX ix_model_job_id ON lab_training.model (job_id);

CREATE INDEX ix_model_user_id ON lab_training.model (user_id);

COMMENT ON TABLE lab_training.model IS 'Trained models: where their weights are, and how they scored on cells that they did not see.';

COMMENT ON COLUMN lab_training.model.id IS 'Number of the model.';

COMMENT ON COLUMN lab_training.model.user_id IS 'Who asked.';

COMMENT ON COLUMN lab_training.model.algorithm IS 'Algorithm.';

COMMENT ON COLUMN lab_training.model.name IS 'Name.';

COMMENT ON COLUMN lab_training.model.version IS 'Version in MLflow''s registry.';

COMMENT ON COLUMN lab_training.model.job_id IS 'Training that made it.';

COMMENT ON COLUMN lab_training.model.metrics IS 'Scores by row and by cell, beside those of rules without a model.';

COMMENT ON COLUMN lab_training.model.file_path IS 'Address of the weights.';

COMMENT ON COLUMN lab_training.model.created_at IS 'When it was made.';

CREATE TABLE lab_training.prediction (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT DEFAULT '0' NOT NULL, 
	model_id BIGINT NOT NULL, 
	battery_id INTEGER, 
	input_source VARCHAR(7) NOT NULL, 
	input_payload JSONB, 
	soh DOUBLE PRECISION, 
	rul DOUBLE PRECISION, 
	result JSONB, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_prediction PRIMARY KEY (id), 
	CONSTRAINT ck_prediction_input_source CHECK (input_source IN ('battery', 'payload')), 
	CONSTRAINT fk_prediction_model_id FOREIGN KEY(model_id) REFERENCES lab_training.model (id)
);

CREATE INDEX ix_prediction_battery_id ON lab_training.prediction (battery_id);

CREATE INDEX ix_prediction_model_id ON lab_training.prediction (model_id);

CREATE INDEX ix_prediction_user_id ON lab_training.prediction (user_id);

COMMENT ON TABLE lab_training.prediction IS 'What a model says of a cell, or of features that were given.';

COMMENT ON COLUMN lab_training.prediction.id IS 'Number of the prediction.';

COMMENT ON COLUMN lab_training.prediction.user_id IS 'Who asked.';

COMMENT ON COLUMN lab_training.prediction.model_id IS 'Model.';

COMMENT ON COLUMN lab_training.prediction.battery_id IS 'battery_unit.id.';

COMMENT ON COLUMN lab_training.prediction.input_source IS 'Where the features came from.';

COMMENT ON COLUMN lab_training.prediction.input_payload IS 'The features that were given.';

COMMENT ON COLUMN lab_training.prediction.soh IS 'State of health, a share.';

COMMENT ON COLUMN lab_training.prediction.rul IS 'Cycles left.';

COMMENT ON COLUMN lab_training.prediction.result IS 'Cycle that it is of, and all else.';

COMMENT ON COLUMN lab_training.prediction.created_at IS 'When it was made.';

CREATE TABLE lab_training.model_ensemble (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT DEFAULT '0' NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	strategy VARCHAR(12) NOT NULL, 
	config JSONB, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_model_ensemble PRIMARY KEY (id), 
	CONSTRAINT ck_model_ensemble_strategy CHECK (strategy IN ('compare', 'avg', 'weighted_avg', 'stacking'))
);

CREATE INDEX ix_model_ensemble_user_id ON lab_training.model_ensemble (user_id);

COMMENT ON TABLE lab_training.model_ensemble IS 'Models that speak together.';

COMMENT ON COLUMN lab_training.model_ensemble.id IS 'Number of the ensemble.';

COMMENT ON COLUMN lab_training.model_ensemble.user_id IS 'Who asked.';

COMMENT ON COLUMN lab_training.model_ensemble.name IS 'Name.';

COMMENT ON COLUMN lab_training.model_ensemble.strategy IS 'How they speak together.';

COMMENT ON COLUMN lab_training.model_ensemble.config IS 'Terms of the strategy, and the scores beside the best single member.';

COMMENT ON COLUMN lab_training.model_ensemble.created_at IS 'When it was made.';

CREATE TABLE lab_training.model_ensemble_member (
	ensemble_id BIGINT NOT NULL, 
	model_id BIGINT NOT NULL, 
	weight NUMERIC(8, 6), 
	CONSTRAINT pk_model_ensemble_member PRIMARY KEY (ensemble_id, model_id), 
	CONSTRAINT fk_model_ensemble_member_ensemble_id FOREIGN KEY(ensemble_id) REFERENCES lab_training.model_ensemble (id), 
	CONSTRAINT fk_model_ensemble_member_model_id FOREIGN KEY(model_id) REFERENCES lab_training.model (id)
);

COMMENT ON TABLE lab_training.model_ensemble_member IS 'The members of ensembles with their weights.';

COMMENT ON COLUMN lab_training.model_ensemble_member.ensemble_id IS 'Ensemble.';

COMMENT ON COLUMN lab_training.model_ensemble_member.model_id IS 'Model.';

COMMENT ON COLUMN lab_training.model_ensemble_member.weight IS 'Weight, from the validation cells.';

CREATE TABLE lab_training.ensemble_prediction (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT DEFAULT '0' NOT NULL, 
	ensemble_id BIGINT NOT NULL, 
	battery_id INTEGER, 
	input_payload JSONB, 
	soh DOUBLE PRECISION, 
	rul DOUBLE PRECISION, 
	result JSONB, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_ensemble_prediction PRIMARY KEY (id), 
	CONSTRAINT fk_ensemble_prediction_ensemble_id FOREIGN KEY(ensemble_id) REFERENCES lab_training.model_ensemble (id)
);

CREATE INDEX ix_ensemble_prediction_battery_id ON lab_training.ensemble_prediction (battery_id);

CREATE INDEX ix_ensemble_prediction_ensemble_id ON lab_training.ensemble_prediction (ensemble_id);

CREATE INDEX ix_ensemble_prediction_user_id ON lab_training.ensemble_prediction (user_id);

COMMENT ON TABLE lab_training.ensemble_prediction IS 'What an ensemble says of a cell, or of features that were given.';

COMMENT ON COLUMN lab_training.ensemble_prediction.id IS 'Number of the prediction.';

COMMENT ON COLUMN lab_training.ensemble_prediction.user_id IS 'Who asked.';

COMMENT ON COLUMN lab_training.ensemble_prediction.ensemble_id IS 'Ensemble.';

COMMENT ON COLUMN lab_training.ensemble_prediction.battery_id IS 'battery_unit.id.';

COMMENT ON COLUMN lab_training.ensemble_prediction.input_payload IS 'The features that were given.';

COMMENT ON COLUMN lab_training.ensemble_prediction.soh IS 'State of health, a share.';

COMMENT ON COLUMN lab_training.ensemble_prediction.rul IS 'Cycles left.';

COMMENT ON COLUMN lab_training.ensemble_prediction.result IS 'Cycle that it is of, and all else.';

COMMENT ON COLUMN lab_training.ensemble_prediction.created_at IS 'When it was made.';

CREATE TABLE lab_training.ensemble_prediction_detail (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	ensemble_prediction_id BIGINT NOT NULL, 
	model_id BIGINT NOT NULL, 
	soh DOUBLE PRECISION, 
	rul DOUBLE PRECISION, 
	result JSONB, 
	CONSTRAINT pk_ensemble_prediction_detail PRIMARY KEY (id), 
	CONSTRAINT fk_ensemble_prediction_detail_ensemble_prediction_id FOREIGN KEY(ensemble_prediction_id) REFERENCES lab_training.ensemble_prediction (id), 
	CONSTRAINT fk_ensemble_prediction_detail_model_id FOREIGN KEY(model_id) REFERENCES lab_training.model (id)
);

CREATE INDEX ix_ensemble_prediction_detail_ensemble_prediction_id ON lab_training.ensemble_prediction_detail (ensemble_prediction_id);

COMMENT ON TABLE lab_training.ensemble_prediction_detail IS 'What each member said.';

COMMENT ON COLUMN lab_training.ensemble_prediction_detail.id IS 'Number of the row.';

COMMENT ON COLUMN lab_training.ensemble_prediction_detail.ensemble_prediction_id IS 'Prediction.';

COMMENT ON COLUMN lab_training.ensemble_prediction_detail.model_id IS 'Member.';

COMMENT ON COLUMN lab_training.ensemble_prediction_detail.soh IS 'State of health, a share.';

COMMENT ON COLUMN lab_training.ensemble_prediction_detail.rul IS 'Cycles left.';

COMMENT ON COLUMN lab_training.ensemble_prediction_detail.result IS 'Cycle that it is of, and all else.';

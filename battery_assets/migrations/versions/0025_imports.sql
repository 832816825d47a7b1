CREATE TABLE experiments.import_files (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	dataset_id BIGINT NOT NULL, 
	path TEXT, 
	sha256 VARCHAR(64) NOT NULL, 
	bytes BIGINT NOT NULL, 
	rows_read INTEGER NOT NULL, 
	rows_loaded INTEGER NOT NULL, 
	rows_quarantined INTEGER NOT NULL, 
	rows_exact_duplicate INTEGER NOT NULL, 
	reason TEXT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_import_files PRIMARY KEY (id), 
	CONSTRAINT ck_import_files_balance CHECK (rows_read = rows_loaded + rows_quarantined + rows_exact_duplicate), 
	CONSTRAINT fk_import_files_dataset_id FOREIGN KEY(dataset_id) REFERENCES experiments.datasets (id) ON DELETE CASCADE
);

CREATE INDEX ix_import_files_dataset_id ON experiments.import_files (dataset_id);

COMMENT ON TABLE experiments.import_files IS 'Files of imported datasets, and what became of every row of them.';

COMMENT ON COLUMN experiments.import_files.id IS 'Number of the row.';

COMMENT ON COLUMN experiments.import_files.dataset_id IS 'Dataset.';

COMMENT ON COLUMN experiments.import_files.path IS 'Path within the folder that was imported.';

COMMENT ON COLUMN experiments.import_files.sha256 IS 'Checksum of the file.';

COMMENT ON COLUMN experiments.import_files.bytes IS 'Size of the file.';

COMMENT ON COLUMN experiments.import_files.rows_read IS 'Rows of the file.';

COMMENT ON COLUMN experiments.import_files.rows_loaded IS 'Rows that stand in signals.';

COMMENT ON COLUMN experiments.import_files.rows_quarantined IS 'Rows that stand in quarantine.';

COMMENT ON COLUMN experiments.import_files.rows_exact_duplicate IS 'Rows of bursts that stand in another place to the bit.';

COMMENT ON COLUMN experiments.import_files.reason IS 'Why it was refused, and what to do; empty for one that was read.';

COMMENT ON COLUMN experiments.import_files.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.import_files.updated_at IS 'When it changed.';

CREATE TABLE experiments.import_quarantine (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	file_id BIGINT NOT NULL, 
	line INTEGER, 
	"column" VARCHAR(255), 
	reason VARCHAR(40) NOT NULL, 
	value TEXT, 
	rows INTEGER NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_import_quarantine PRIMARY KEY (id), 
	CONSTRAINT fk_import_quarantine_file_id FOREIGN KEY(file_id) REFERENCES experiments.import_files (id) ON DELETE CASCADE
);

CREATE INDEX ix_import_quarantine_file_id ON experiments.import_quarantine (file_id);

COMMENT ON TABLE experiments.import_quarantine IS 'Rows of imported files that stand in no signal: a row each, or one for a burst or a file.';

COMMENT ON COLUMN experiments.import_quarantine.id IS 'Number of the row.';

COMMENT ON COLUMN experiments.import_quarantine.file_id IS 'File.';

COMMENT ON COLUMN experiments.import_quarantine.line IS 'Line of the unpacked file, from 1; of Parquet the row.';

COMMENT ON COLUMN experiments.import_quarantine."column" IS 'Column at fault.';

COMMENT ON COLUMN experiments.import_quarantine.reason IS 'Code of the reason.';

COMMENT ON COLUMN experiments.import_quarantine.value IS 'What stood there, or the burst.';

COMMENT ON COLUMN experiments.import_quarantine.rows IS 'How many rows it stands for.';

COMMENT ON COLUMN experiments.import_quarantine.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.import_quarantine.updated_at IS 'When it changed.';

-- The product's diagnosis that names every fault is an experiment's model too.
ALTER TABLE experiments.experiment DROP CONSTRAINT ck_experiment_model_type;

ALTER TABLE experiments.experiment ADD CONSTRAINT ck_experiment_model_type CHECK (model_type IN ('rule', 'rule_own', 'rule_labels', 'forest_moments', 'forest_lines', 'forest_own_lines', 'cnn1d', 'index_only'));

CREATE TABLE experiments.capacitor_weeks (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	dataset_id BIGINT NOT NULL, 
	system VARCHAR(120) NOT NULL, 
	week_from DATE NOT NULL, 
	loss DOUBLE PRECISION, 
	loss_low DOUBLE PRECISION, 
	loss_high DOUBLE PRECISION, 
	days INTEGER NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_capacitor_weeks PRIMARY KEY (id), 
	CONSTRAINT uq_capacitor_weeks_dataset_id_system_week_from UNIQUE (dataset_id, system, week_from), 
	CONSTRAINT fk_capacitor_weeks_dataset_id FOREIGN KEY(dataset_id) REFERENCES experiments.datasets (id) ON DELETE CASCADE
);

CREATE INDEX ix_capacitor_weeks_dataset_id ON experiments.capacitor_weeks (dataset_id);

COMMENT ON TABLE experiments.capacitor_weeks IS 'Share of its capacitance that a system''s rectifier lost, week by week.';

COMMENT ON COLUMN experiments.capacitor_weeks.id IS 'Number of the row.';

COMMENT ON COLUMN experiments.capacitor_weeks.dataset_id IS 'Dataset of dated bursts.';

COMMENT ON COLUMN experiments.capacitor_weeks.system IS 'System.';

COMMENT ON COLUMN experiments.capacitor_weeks.week_from IS 'First day of the week.';

COMMENT ON COLUMN experiments.capacitor_weeks.loss IS 'Share lost; under 0 it is noise.';

COMMENT ON COLUMN experiments.capacitor_weeks.loss_low IS '5 % quantile.';

COMMENT ON COLUMN experiments.capacitor_weeks.loss_high IS '95 % quantile.';

COMMENT ON COLUMN experiments.capacitor_weeks.days IS 'Days with bursts.';

COMMENT ON COLUMN experiments.capacitor_weeks.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.capacitor_weeks.updated_at IS 'When it changed.';

CREATE TABLE experiments.capacitor_exchange (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	dataset_id BIGINT NOT NULL, 
	system VARCHAR(120) NOT NULL, 
	seen_until DATE NOT NULL, 
	loss DOUBLE PRECISION, 
	loss_a_year DOUBLE PRECISION, 
	due_early DATE, 
	due DATE, 
	due_late DATE, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_capacitor_exchange PRIMARY KEY (id), 
	CONSTRAINT uq_capacitor_exchange_dataset_id_system UNIQUE (dataset_id, system), 
	CONSTRAINT fk_capacitor_exchange_dataset_id FOREIGN KEY(dataset_id) REFERENCES experiments.datasets (id) ON DELETE CASCADE
);

CREATE INDEX ix_capacitor_exchange_dataset_id ON experiments.capacitor_exchange (dataset_id);

COMMENT ON TABLE experiments.capacitor_exchange IS 'When a system''s capacitor has lost a fifth, by the trend of its weeks.';

COMMENT ON COLUMN experiments.capacitor_exchange.id IS 'Number of the row.';

COMMENT ON COLUMN experiments.capacitor_exchange.dataset_id IS 'Dataset of dated bursts.';

COMMENT ON COLUMN experiments.capacitor_exchange.system IS 'System.';

COMMENT ON COLUMN experiments.capacitor_exchange.seen_until IS 'First day of the last week.';

COMMENT ON COLUMN experiments.capacitor_exchange.loss IS 'Share lost in the last week.';

COMMENT ON COLUMN experiments.capacitor_exchange.loss_a_year IS 'Share lost in a year, by the trend.';

COMMENT ON COLUMN experiments.capacitor_exchange.due_early IS '5 % quantile of the day; empty where no trend stands out.';

COMMENT ON COLUMN experiments.capacitor_exchange.due IS 'Median.';

COMMENT ON COLUMN experiments.capacitor_exchange.due_late IS '95 % quantile.';

COMMENT ON COLUMN experiments.capacitor_exchange.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.capacitor_exchange.updated_at IS 'When it changed.';

-- Work that the capacitor calendar proposes: a rectifier's capacitor before it has lost a fifth. People open the
-- order; the newest dataset of a system speaks.
CREATE VIEW fleet.capacitor_exchange AS
SELECT DISTINCT ON (plan.system)
       own.site, plan.system AS system_code,
       'Exchange the filter capacitor of ' || plan.system AS title,
       format('Lost %s %% by %s, %s %% a year; a fifth is gone between %s and %s.', round(100 * plan.loss::numeric),
              plan.seen_until, round(100 * plan.loss_a_year::numeric), plan.due_early, plan.due_late) AS description,
       CASE WHEN plan.due_early <= plan.seen_until + 31 THEN 'high'
            WHEN plan.due_early <= plan.seen_until + 183 THEN 'medium' ELSE 'low' END AS priority,
       'proposed' AS status, to_char(plan.due_early, 'YYYY-MM') AS due_month, plan.due_early, plan.due AS due_date,
       plan.due_late, plan.loss, plan.loss_a_year, plan.seen_until, data.name AS dataset
FROM experiments.capacitor_exchange AS plan
JOIN experiments.datasets AS data ON data.id = plan.dataset_id
LEFT JOIN fleet.battery_system AS own ON own.system_code = plan.system
WHERE plan.due IS NOT NULL
ORDER BY plan.system, plan.seen_until DESC, plan.id DESC;

GRANT SELECT ON fleet.capacitor_exchange TO battery_analyst;

ALTER TABLE experiments.hpo_campaign ADD COLUMN front JSONB;

COMMENT ON COLUMN experiments.hpo_campaign.front IS 'Of alert rules: those that no other one beats in missed failures and truck rolls.';

CREATE OR REPLACE VIEW experiments.hpo_campaigns AS
SELECT one.id, one.name, one.method, experiments.status(job.state, job.lease_until) AS status, one.base_model_type,
       one.dataset_id, one.search_space, one.budget,
       (SELECT count(*)::int FROM experiments.hpo_trial AS trial
        WHERE trial.campaign_id = one.id AND trial.state IN ('completed', 'pruned')) AS trials_completed,
       one.trials_total, one.best_experiment_id, one.best_accuracy, one.created_by, one.created_at, one.updated_at,
       job.reason, one.front
FROM experiments.hpo_campaign AS one
LEFT JOIN service.job AS job ON job.id = one.job_id;

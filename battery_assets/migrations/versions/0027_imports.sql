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

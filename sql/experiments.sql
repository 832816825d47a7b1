-- Generated from battery_assets/tables by `python -m battery_assets.tables.write_sql`. Do not edit.

CREATE TABLE experiments.datasets (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	name VARCHAR(63) NOT NULL, 
	description TEXT, 
	num_signals INTEGER DEFAULT '0' NOT NULL, 
	fault_types JSONB, 
	severity_levels JSONB, 
	file_path VARCHAR(255), 
	meta_data JSONB, 
	created_by BIGINT DEFAULT '0' NOT NULL, 
	job_id BIGINT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_datasets PRIMARY KEY (id), 
	CONSTRAINT uq_datasets_name UNIQUE (name), 
	CONSTRAINT fk_datasets_job_id FOREIGN KEY(job_id) REFERENCES service.job (id) ON DELETE SET NULL
);

CREATE INDEX ix_datasets_job_id ON experiments.datasets (job_id);

COMMENT ON TABLE experiments.datasets IS 'Datasets of labelled signals.';

COMMENT ON COLUMN experiments.datasets.id IS 'Number of the dataset.';

COMMENT ON COLUMN experiments.datasets.name IS 'Name; the partition of its assets.';

COMMENT ON COLUMN experiments.datasets.description IS 'What it is for.';

COMMENT ON COLUMN experiments.datasets.num_signals IS 'How many signals it has.';

COMMENT ON COLUMN experiments.datasets.fault_types IS 'Fault classes that occur, and how often.';

COMMENT ON COLUMN experiments.datasets.severity_levels IS 'Severities that occur, and how often.';

COMMENT ON COLUMN experiments.datasets.file_path IS 'Folder of its files in the lake; empty where they lie among the captures.';

COMMENT ON COLUMN experiments.datasets.meta_data IS 'Its version (a checksum), how it was made, and its leak certificate.';

COMMENT ON COLUMN experiments.datasets.created_by IS 'Who; 0: the command line.';

COMMENT ON COLUMN experiments.datasets.job_id IS 'Generation or import that made it.';

COMMENT ON COLUMN experiments.datasets.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.datasets.updated_at IS 'When it changed.';

CREATE TABLE experiments.signals (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	dataset_id BIGINT NOT NULL, 
	signal_id VARCHAR(120) NOT NULL, 
	fault_class VARCHAR(40) NOT NULL, 
	severity VARCHAR(20), 
	file_path VARCHAR(255) NOT NULL, 
	rms DOUBLE PRECISION, 
	kurtosis DOUBLE PRECISION, 
	dominant_frequency DOUBLE PRECISION, 
	labels JSONB, 
	capacitance_lost DOUBLE PRECISION, 
	phase_low DOUBLE PRECISION, 
	system VARCHAR(120) NOT NULL, 
	string VARCHAR(120), 
	month VARCHAR(7), 
	is_reference BOOLEAN NOT NULL, 
	is_simulated BOOLEAN NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	row_offset INTEGER NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_signals PRIMARY KEY (id), 
	CONSTRAINT uq_signals_dataset_id_signal_id UNIQUE (dataset_id, signal_id), 
	CONSTRAINT ck_signals_fault_class CHECK (fault_class IN ('sound', 'capacitor_loss', 'phase_unbalance', 'open_diode', 'lost_phase', 'ends_string', 'end_of_life')), 
	CONSTRAINT ck_signals_severity CHECK (severity IN ('', 'incipient', 'mild', 'moderate', 'severe')), 
	CONSTRAINT fk_signals_dataset_id FOREIGN KEY(dataset_id) REFERENCES experiments.datasets (id) ON DELETE CASCADE
);

CREATE INDEX ix_signals_dataset_id ON experiments.signals (dataset_id);

COMMENT ON TABLE experiments.signals IS 'Signals of datasets: bursts of ripple with what is wrong in them; their bytes stay in files.';

COMMENT ON COLUMN experiments.signals.id IS 'Number of the signal.';

COMMENT ON COLUMN experiments.signals.dataset_id IS 'Dataset.';

COMMENT ON COLUMN experiments.signals.signal_id IS 'Name within the dataset.';

COMMENT ON COLUMN experiments.signals.fault_class IS 'The gravest fault; sound where there is none.';

COMMENT ON COLUMN experiments.signals.severity IS 'How grave: incipient, mild, moderate, severe; empty for a sound one.';

COMMENT ON COLUMN experiments.signals.file_path IS 'File of the lake that holds it.';

COMMENT ON COLUMN experiments.signals.rms IS 'Ripple voltage, rms without its mean, V.';

COMMENT ON COLUMN experiments.signals.kurtosis IS 'Excess kurtosis of the voltage; -1.5 for a sine.';

COMMENT ON COLUMN experiments.signals.dominant_frequency IS 'Strongest line of the voltage, 50 Hz to 2 kHz, in Hz.';

COMMENT ON COLUMN experiments.signals.labels IS 'Every fault that it shows, a list; empty for a sound one.';

COMMENT ON COLUMN experiments.signals.capacitance_lost IS 'Share of the capacitance lost, where it is known.';

COMMENT ON COLUMN experiments.signals.phase_low IS 'Share by which a phase is low, where it is known.';

COMMENT ON COLUMN experiments.signals.system IS 'Whose rectifier it was; a split never parts one.';

COMMENT ON COLUMN experiments.signals.string IS 'String at whose terminals it was taken.';

COMMENT ON COLUMN experiments.signals.month IS 'UTC month, YYYY-MM.';

COMMENT ON COLUMN experiments.signals.is_reference IS 'A sound burst that others are held against.';

COMMENT ON COLUMN experiments.signals.is_simulated IS 'Made by the generator; labels are its truth.';

COMMENT ON COLUMN experiments.signals.sha256 IS 'Checksum of the file.';

COMMENT ON COLUMN experiments.signals.row_offset IS 'Its row in the file, from 0.';

COMMENT ON COLUMN experiments.signals.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.signals.updated_at IS 'When it changed.';

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

CREATE TABLE experiments.experiment (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	name VARCHAR(120) NOT NULL, 
	model_type VARCHAR(40) NOT NULL, 
	dataset_id BIGINT NOT NULL, 
	config JSONB, 
	hyperparameters JSONB, 
	metrics JSONB, 
	best_epoch INTEGER, 
	total_epochs INTEGER, 
	duration_seconds DOUBLE PRECISION, 
	model_path VARCHAR(255), 
	onnx_path VARCHAR(255), 
	results_dir VARCHAR(255), 
	notes TEXT, 
	search_vector TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple', coalesce(name, '') || ' ' || coalesce(model_type, '') || ' ' || coalesce(notes, ''))) STORED, 
	created_by BIGINT DEFAULT '0' NOT NULL, 
	hpo_campaign_id BIGINT, 
	mlflow_run_id VARCHAR(32), 
	job_id BIGINT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_experiment PRIMARY KEY (id), 
	CONSTRAINT ck_experiment_model_type CHECK (model_type IN ('rule', 'rule_own', 'rule_labels', 'forest_moments', 'forest_lines', 'forest_own_lines', 'cnn1d', 'index_only', 'end_drop', 'forest_curve', 'forest_own_curve')), 
	CONSTRAINT uq_experiment_name UNIQUE (name), 
	CONSTRAINT fk_experiment_dataset_id FOREIGN KEY(dataset_id) REFERENCES experiments.datasets (id) ON DELETE CASCADE, 
	CONSTRAINT uq_experiment_mlflow_run_id UNIQUE (mlflow_run_id), 
	CONSTRAINT fk_experiment_job_id FOREIGN KEY(job_id) REFERENCES service.job (id) ON DELETE SET NULL
);

CREATE INDEX ix_experiment_dataset_id ON experiments.experiment (dataset_id);

CREATE INDEX ix_experiment_hpo_campaign_id ON experiments.experiment (hpo_campaign_id);

CREATE INDEX ix_experiment_job_id ON experiments.experiment (job_id);

CREATE INDEX ix_experiment_model_type ON experiments.experiment (model_type);

CREATE INDEX ix_experiment_search_vector ON experiments.experiment USING gin (search_vector);

COMMENT ON TABLE experiments.experiment IS 'A model on a version of a dataset with a split and a seed, and its scores on systems that it never saw.';

COMMENT ON COLUMN experiments.experiment.id IS 'Number of the experiment.';

COMMENT ON COLUMN experiments.experiment.name IS 'Name; the partition of its asset.';

COMMENT ON COLUMN experiments.experiment.model_type IS 'What was tried.';

COMMENT ON COLUMN experiments.experiment.dataset_id IS 'Dataset.';

COMMENT ON COLUMN experiments.experiment.config IS 'Split, seed, control, version of the dataset.';

COMMENT ON COLUMN experiments.experiment.hyperparameters IS 'Numbers of the model.';

COMMENT ON COLUMN experiments.experiment.metrics IS 'Scores with their intervals over systems.';

COMMENT ON COLUMN experiments.experiment.best_epoch IS 'Epoch whose weights were kept.';

COMMENT ON COLUMN experiments.experiment.total_epochs IS 'Epochs that were trained.';

COMMENT ON COLUMN experiments.experiment.duration_seconds IS 'How long it took, s.';

COMMENT ON COLUMN experiments.experiment.model_path IS 'Address of the weights: safetensors, or the forest''s own numbers.';

COMMENT ON COLUMN experiments.experiment.onnx_path IS 'Address of the network as ONNX.';

COMMENT ON COLUMN experiments.experiment.results_dir IS 'Address of its MLflow run''s files.';

COMMENT ON COLUMN experiments.experiment.notes IS 'What people note of it.';

COMMENT ON COLUMN experiments.experiment.search_vector IS 'Words of name, model type and notes.';

COMMENT ON COLUMN experiments.experiment.created_by IS 'Who; 0: the command line.';

COMMENT ON COLUMN experiments.experiment.hpo_campaign_id IS 'Campaign that it is a trial of.';

COMMENT ON COLUMN experiments.experiment.mlflow_run_id IS 'MLflow''s run of it.';

COMMENT ON COLUMN experiments.experiment.job_id IS 'Its job.';

COMMENT ON COLUMN experiments.experiment.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.experiment.updated_at IS 'When it changed.';

CREATE TABLE experiments.training_runs (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	experiment_id BIGINT NOT NULL, 
	epoch INTEGER NOT NULL, 
	train_loss DOUBLE PRECISION, 
	val_loss DOUBLE PRECISION, 
	train_accuracy DOUBLE PRECISION, 
	val_accuracy DOUBLE PRECISION, 
	learning_rate DOUBLE PRECISION, 
	duration_seconds DOUBLE PRECISION, 
	checkpoint_path VARCHAR(255), 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_training_runs PRIMARY KEY (id), 
	CONSTRAINT uq_training_runs_experiment_id_epoch UNIQUE (experiment_id, epoch), 
	CONSTRAINT fk_training_runs_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments.experiment (id) ON DELETE CASCADE
);

CREATE INDEX ix_training_runs_experiment_id ON experiments.training_runs (experiment_id);

COMMENT ON TABLE experiments.training_runs IS 'Epochs of experiments, written while they train.';

COMMENT ON COLUMN experiments.training_runs.id IS 'Number of the row.';

COMMENT ON COLUMN experiments.training_runs.experiment_id IS 'Experiment.';

COMMENT ON COLUMN experiments.training_runs.epoch IS 'Epoch, from 1.';

COMMENT ON COLUMN experiments.training_runs.train_loss IS 'Mean loss of training.';

COMMENT ON COLUMN experiments.training_runs.val_loss IS 'Loss of the validation side.';

COMMENT ON COLUMN experiments.training_runs.train_accuracy IS 'Share of training bursts of which every label is right.';

COMMENT ON COLUMN experiments.training_runs.val_accuracy IS 'Share of validation bursts of which every label is right.';

COMMENT ON COLUMN experiments.training_runs.learning_rate IS 'Learning rate as used.';

COMMENT ON COLUMN experiments.training_runs.duration_seconds IS 'How long the epoch took, s.';

COMMENT ON COLUMN experiments.training_runs.checkpoint_path IS 'Address of the weights of this epoch, where they were kept.';

COMMENT ON COLUMN experiments.training_runs.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.training_runs.updated_at IS 'When it changed.';

CREATE TABLE experiments.tags (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	name VARCHAR(60) NOT NULL, 
	slug VARCHAR(60) NOT NULL, 
	color VARCHAR(7), 
	created_by BIGINT DEFAULT '0' NOT NULL, 
	usage_count INTEGER DEFAULT '0' NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_tags PRIMARY KEY (id), 
	CONSTRAINT uq_tags_name UNIQUE (name), 
	CONSTRAINT uq_tags_slug UNIQUE (slug)
);

COMMENT ON TABLE experiments.tags IS 'Words by which people group experiments.';

COMMENT ON COLUMN experiments.tags.id IS 'Number of the tag.';

COMMENT ON COLUMN experiments.tags.name IS 'Name.';

COMMENT ON COLUMN experiments.tags.slug IS 'Name in small letters and dashes.';

COMMENT ON COLUMN experiments.tags.color IS 'Colour, #rrggbb.';

COMMENT ON COLUMN experiments.tags.created_by IS 'Who; 0: the command line.';

COMMENT ON COLUMN experiments.tags.usage_count IS 'Experiments that carry it.';

COMMENT ON COLUMN experiments.tags.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.tags.updated_at IS 'When it changed.';

CREATE TABLE experiments.experiment_tags (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	experiment_id BIGINT NOT NULL, 
	tag_id BIGINT NOT NULL, 
	added_by BIGINT DEFAULT '0' NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_experiment_tags PRIMARY KEY (id), 
	CONSTRAINT uq_experiment_tags_experiment_id_tag_id UNIQUE (experiment_id, tag_id), 
	CONSTRAINT fk_experiment_tags_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments.experiment (id) ON DELETE CASCADE, 
	CONSTRAINT fk_experiment_tags_tag_id FOREIGN KEY(tag_id) REFERENCES experiments.tags (id) ON DELETE CASCADE
);

CREATE INDEX ix_experiment_tags_experiment_id ON experiments.experiment_tags (experiment_id);

CREATE INDEX ix_experiment_tags_tag_id ON experiments.experiment_tags (tag_id);

COMMENT ON TABLE experiments.experiment_tags IS 'Which experiment carries which tag.';

COMMENT ON COLUMN experiments.experiment_tags.id IS 'Number of the row.';

COMMENT ON COLUMN experiments.experiment_tags.experiment_id IS 'Experiment.';

COMMENT ON COLUMN experiments.experiment_tags.tag_id IS 'Tag.';

COMMENT ON COLUMN experiments.experiment_tags.added_by IS 'Who; 0: the command line.';

COMMENT ON COLUMN experiments.experiment_tags.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.experiment_tags.updated_at IS 'When it changed.';

CREATE TABLE experiments.saved_searches (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT DEFAULT '0' NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	query TEXT, 
	is_pinned BOOLEAN DEFAULT 'false' NOT NULL, 
	usage_count INTEGER DEFAULT '0' NOT NULL, 
	last_used_at TIMESTAMP WITH TIME ZONE, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_saved_searches PRIMARY KEY (id), 
	CONSTRAINT uq_saved_searches_user_id_name UNIQUE (user_id, name)
);

COMMENT ON TABLE experiments.saved_searches IS 'Searches of experiments that a person keeps.';

COMMENT ON COLUMN experiments.saved_searches.id IS 'Number of the search.';

COMMENT ON COLUMN experiments.saved_searches.user_id IS 'Who; 0: the command line.';

COMMENT ON COLUMN experiments.saved_searches.name IS 'Name.';

COMMENT ON COLUMN experiments.saved_searches.query IS 'As `model_type:cnn1d split:system macro_auroc>0.95 words`.';

COMMENT ON COLUMN experiments.saved_searches.is_pinned IS 'Stands on top.';

COMMENT ON COLUMN experiments.saved_searches.usage_count IS 'How often it was used.';

COMMENT ON COLUMN experiments.saved_searches.last_used_at IS 'When it was used last.';

COMMENT ON COLUMN experiments.saved_searches.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.saved_searches.updated_at IS 'When it changed.';

CREATE TABLE experiments.explanations (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	experiment_id BIGINT NOT NULL, 
	signal_id VARCHAR(120) NOT NULL, 
	method VARCHAR(40) NOT NULL, 
	explanation_data JSONB, 
	file_path VARCHAR(255), 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_explanations PRIMARY KEY (id), 
	CONSTRAINT fk_explanations_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments.experiment (id) ON DELETE CASCADE
);

CREATE INDEX ix_explanations_experiment_id ON experiments.explanations (experiment_id);

COMMENT ON TABLE experiments.explanations IS 'What an experiment''s model saw in a signal, with the scores of the method that says so.';

COMMENT ON COLUMN experiments.explanations.id IS 'Number of the explanation.';

COMMENT ON COLUMN experiments.explanations.experiment_id IS 'Experiment.';

COMMENT ON COLUMN experiments.explanations.signal_id IS 'Signal of the experiment''s dataset.';

COMMENT ON COLUMN experiments.explanations.method IS 'Method: integrated_gradients or occlusion.';

COMMENT ON COLUMN experiments.explanations.explanation_data IS 'Share of each line, and the method''s decoy, deletion and randomization scores.';

COMMENT ON COLUMN experiments.explanations.file_path IS 'Address of its picture.';

COMMENT ON COLUMN experiments.explanations.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.explanations.updated_at IS 'When it changed.';

CREATE TABLE experiments.hpo_campaign (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	name VARCHAR(120) NOT NULL, 
	method VARCHAR(20) NOT NULL, 
	base_model_type VARCHAR(40) NOT NULL, 
	dataset_id BIGINT, 
	search_space JSONB, 
	budget JSONB, 
	trials_total INTEGER DEFAULT '0' NOT NULL, 
	best_experiment_id BIGINT, 
	best_accuracy DOUBLE PRECISION, 
	created_by BIGINT DEFAULT '0' NOT NULL, 
	job_id BIGINT, 
	front JSONB, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_hpo_campaign PRIMARY KEY (id), 
	CONSTRAINT ck_hpo_campaign_method CHECK (method IN ('grid_search', 'random_search', 'bayesian', 'hyperband')), 
	CONSTRAINT uq_hpo_campaign_name UNIQUE (name), 
	CONSTRAINT fk_hpo_campaign_dataset_id FOREIGN KEY(dataset_id) REFERENCES experiments.datasets (id) ON DELETE SET NULL, 
	CONSTRAINT fk_hpo_campaign_best_experiment_id FOREIGN KEY(best_experiment_id) REFERENCES experiments.experiment (id) ON DELETE SET NULL, 
	CONSTRAINT fk_hpo_campaign_job_id FOREIGN KEY(job_id) REFERENCES service.job (id) ON DELETE SET NULL
);

CREATE INDEX ix_hpo_campaign_best_experiment_id ON experiments.hpo_campaign (best_experiment_id);

CREATE INDEX ix_hpo_campaign_dataset_id ON experiments.hpo_campaign (dataset_id);

CREATE INDEX ix_hpo_campaign_job_id ON experiments.hpo_campaign (job_id);

COMMENT ON TABLE experiments.hpo_campaign IS 'Searches for settings: method, space, budget, and the best that was found.';

COMMENT ON COLUMN experiments.hpo_campaign.id IS 'Number of the campaign.';

COMMENT ON COLUMN experiments.hpo_campaign.name IS 'Name; the partition of its asset.';

COMMENT ON COLUMN experiments.hpo_campaign.method IS 'How points are chosen.';

COMMENT ON COLUMN experiments.hpo_campaign.base_model_type IS 'What is tuned.';

COMMENT ON COLUMN experiments.hpo_campaign.dataset_id IS 'Dataset.';

COMMENT ON COLUMN experiments.hpo_campaign.search_space IS 'What may vary, and within which bounds.';

COMMENT ON COLUMN experiments.hpo_campaign.budget IS 'Trials, epochs, seed.';

COMMENT ON COLUMN experiments.hpo_campaign.trials_total IS 'Trials of the budget.';

COMMENT ON COLUMN experiments.hpo_campaign.best_experiment_id IS 'Experiment of the best trial.';

COMMENT ON COLUMN experiments.hpo_campaign.best_accuracy IS 'Its macro AUROC on the validation systems.';

COMMENT ON COLUMN experiments.hpo_campaign.created_by IS 'Who; 0: the command line.';

COMMENT ON COLUMN experiments.hpo_campaign.job_id IS 'Its job.';

COMMENT ON COLUMN experiments.hpo_campaign.front IS 'Of alert rules: those that no other one beats in missed failures and truck rolls.';

COMMENT ON COLUMN experiments.hpo_campaign.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.hpo_campaign.updated_at IS 'When it changed.';

CREATE TABLE experiments.hpo_trial (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	campaign_id BIGINT NOT NULL, 
	trial_number INTEGER NOT NULL, 
	params JSONB, 
	params_hash VARCHAR(64) NOT NULL, 
	state VARCHAR(10) DEFAULT 'waiting' NOT NULL, 
	worker VARCHAR(120), 
	lease_until TIMESTAMP WITH TIME ZONE, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	value DOUBLE PRECISION, 
	metrics JSONB, 
	reason TEXT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_hpo_trial PRIMARY KEY (id), 
	CONSTRAINT uq_hpo_trial_campaign_id_params_hash UNIQUE (campaign_id, params_hash), 
	CONSTRAINT uq_hpo_trial_campaign_id_trial_number UNIQUE (campaign_id, trial_number), 
	CONSTRAINT ck_hpo_trial_state CHECK (state IN ('waiting', 'running', 'completed', 'pruned', 'failed')), 
	CONSTRAINT fk_hpo_trial_campaign_id FOREIGN KEY(campaign_id) REFERENCES experiments.hpo_campaign (id) ON DELETE CASCADE
);

CREATE INDEX ix_hpo_trial_campaign_id ON experiments.hpo_trial (campaign_id);

COMMENT ON TABLE experiments.hpo_trial IS 'Trials of searches for settings: claimed by a worker under a lease, done once.';

COMMENT ON COLUMN experiments.hpo_trial.id IS 'Number of the trial.';

COMMENT ON COLUMN experiments.hpo_trial.campaign_id IS 'Campaign.';

COMMENT ON COLUMN experiments.hpo_trial.trial_number IS 'Number within the campaign, from 1.';

COMMENT ON COLUMN experiments.hpo_trial.params IS 'The point that is tried.';

COMMENT ON COLUMN experiments.hpo_trial.params_hash IS 'Checksum of the point.';

COMMENT ON COLUMN experiments.hpo_trial.state IS 'waiting, running, completed, pruned or failed.';

COMMENT ON COLUMN experiments.hpo_trial.worker IS 'Who works on it, or did.';

COMMENT ON COLUMN experiments.hpo_trial.lease_until IS 'The worker is gone when this has passed and it still runs.';

COMMENT ON COLUMN experiments.hpo_trial.attempts IS 'How often it was begun.';

COMMENT ON COLUMN experiments.hpo_trial.value IS 'What it came to on the validation systems.';

COMMENT ON COLUMN experiments.hpo_trial.metrics IS 'Value by epoch, epochs, seconds.';

COMMENT ON COLUMN experiments.hpo_trial.reason IS 'Why it failed.';

COMMENT ON COLUMN experiments.hpo_trial.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.hpo_trial.updated_at IS 'When it changed.';

CREATE TABLE experiments.nas_campaign (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	name VARCHAR(120) NOT NULL, 
	dataset_id BIGINT NOT NULL, 
	search_algorithm VARCHAR(40) NOT NULL, 
	num_trials INTEGER NOT NULL, 
	max_epochs_per_trial INTEGER NOT NULL, 
	search_space_config JSONB, 
	best_trial_id BIGINT, 
	best_accuracy DOUBLE PRECISION, 
	verdict JSONB, 
	created_by BIGINT DEFAULT '0' NOT NULL, 
	job_id BIGINT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_nas_campaign PRIMARY KEY (id), 
	CONSTRAINT uq_nas_campaign_name UNIQUE (name), 
	CONSTRAINT fk_nas_campaign_dataset_id FOREIGN KEY(dataset_id) REFERENCES experiments.datasets (id) ON DELETE CASCADE, 
	CONSTRAINT fk_nas_campaign_job_id FOREIGN KEY(job_id) REFERENCES service.job (id) ON DELETE SET NULL
);

CREATE INDEX ix_nas_campaign_dataset_id ON experiments.nas_campaign (dataset_id);

CREATE INDEX ix_nas_campaign_job_id ON experiments.nas_campaign (job_id);

COMMENT ON TABLE experiments.nas_campaign IS 'Searches for a network that fits a gateway.';

COMMENT ON COLUMN experiments.nas_campaign.id IS 'Number of the campaign.';

COMMENT ON COLUMN experiments.nas_campaign.name IS 'Name; the partition of its asset.';

COMMENT ON COLUMN experiments.nas_campaign.dataset_id IS 'Dataset.';

COMMENT ON COLUMN experiments.nas_campaign.search_algorithm IS 'How architectures are chosen.';

COMMENT ON COLUMN experiments.nas_campaign.num_trials IS 'Architectures of the budget.';

COMMENT ON COLUMN experiments.nas_campaign.max_epochs_per_trial IS 'Most epochs of each.';

COMMENT ON COLUMN experiments.nas_campaign.search_space_config IS 'Stages, widths, kernels, strides, pools, and the gateway''s limits.';

COMMENT ON COLUMN experiments.nas_campaign.best_trial_id IS 'Trial that was chosen on the validation systems.';

COMMENT ON COLUMN experiments.nas_campaign.best_accuracy IS 'Its macro AUROC on the validation systems.';

COMMENT ON COLUMN experiments.nas_campaign.verdict IS 'Best and median trained again with fresh seeds: whether noise decides.';

COMMENT ON COLUMN experiments.nas_campaign.created_by IS 'Who; 0: the command line.';

COMMENT ON COLUMN experiments.nas_campaign.job_id IS 'Its job.';

COMMENT ON COLUMN experiments.nas_campaign.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.nas_campaign.updated_at IS 'When it changed.';

CREATE TABLE experiments.nas_trials (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	campaign_id BIGINT NOT NULL, 
	trial_number INTEGER NOT NULL, 
	architecture JSONB, 
	architecture_hash VARCHAR(64) NOT NULL, 
	validation_accuracy DOUBLE PRECISION, 
	validation_loss DOUBLE PRECISION, 
	training_time DOUBLE PRECISION, 
	num_parameters INTEGER, 
	flops BIGINT, 
	model_size_mb DOUBLE PRECISION, 
	metrics JSONB, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_nas_trials PRIMARY KEY (id), 
	CONSTRAINT uq_nas_trials_campaign_id_architecture_hash UNIQUE (campaign_id, architecture_hash), 
	CONSTRAINT fk_nas_trials_campaign_id FOREIGN KEY(campaign_id) REFERENCES experiments.nas_campaign (id) ON DELETE CASCADE
);

CREATE INDEX ix_nas_trials_campaign_id ON experiments.nas_trials (campaign_id);

CREATE INDEX ix_nas_trials_campaign_trial ON experiments.nas_trials (campaign_id, trial_number);

COMMENT ON TABLE experiments.nas_trials IS 'Networks that were trained in a campaign.';

COMMENT ON COLUMN experiments.nas_trials.id IS 'Number of the trial.';

COMMENT ON COLUMN experiments.nas_trials.campaign_id IS 'Campaign.';

COMMENT ON COLUMN experiments.nas_trials.trial_number IS 'Number within the campaign, from 1.';

COMMENT ON COLUMN experiments.nas_trials.architecture IS 'Stages and pool.';

COMMENT ON COLUMN experiments.nas_trials.architecture_hash IS 'Checksum of the canonical form: what computes alike has one.';

COMMENT ON COLUMN experiments.nas_trials.validation_accuracy IS 'Macro AUROC on the validation systems.';

COMMENT ON COLUMN experiments.nas_trials.validation_loss IS 'Loss of the validation systems.';

COMMENT ON COLUMN experiments.nas_trials.training_time IS 'How long training took, s.';

COMMENT ON COLUMN experiments.nas_trials.num_parameters IS 'Weights.';

COMMENT ON COLUMN experiments.nas_trials.flops IS 'Twice the multiplications of one burst.';

COMMENT ON COLUMN experiments.nas_trials.model_size_mb IS 'Size of its file, MB.';

COMMENT ON COLUMN experiments.nas_trials.metrics IS 'Seed, threads, epochs, checksum of the state.';

COMMENT ON COLUMN experiments.nas_trials.created_at IS 'When it was made.';

COMMENT ON COLUMN experiments.nas_trials.updated_at IS 'When it changed.';

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

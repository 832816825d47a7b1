-- Generated from battery_assets/tables by `python -m battery_assets.tables.write_sql`. Do not edit.

CREATE TABLE ml.ml_model (
	model_id UUID NOT NULL, 
	model_name VARCHAR(100) NOT NULL, 
	model_type VARCHAR(15) NOT NULL, 
	version VARCHAR(20) NOT NULL, 
	status VARCHAR(10) NOT NULL, 
	trained_at TIMESTAMP WITH TIME ZONE, 
	promoted_at TIMESTAMP WITH TIME ZONE, 
	retired_at TIMESTAMP WITH TIME ZONE, 
	artifact_url VARCHAR(500), 
	hyperparameters_json JSONB, 
	metrics_json JSONB, 
	feature_list JSONB, 
	training_data_start TIMESTAMP WITH TIME ZONE, 
	training_data_end TIMESTAMP WITH TIME ZONE, 
	created_by UUID, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_ml_model PRIMARY KEY (model_id), 
	CONSTRAINT fk_ml_model_created_by FOREIGN KEY(created_by) REFERENCES service."user" (user_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_ml_model_model_type CHECK (model_type IN ('catboost_rul', 'anomaly_iforest', 'anomaly_ae', 'survival')), 
	CONSTRAINT ck_ml_model_status CHECK (status IN ('training', 'staging', 'production', 'retired'))
);

COMMENT ON TABLE ml.ml_model IS 'Trained models: a mirror of the model registry.';

COMMENT ON COLUMN ml.ml_model.model_id IS 'Unique identifier.';

COMMENT ON COLUMN ml.ml_model.model_name IS 'Model name.';

COMMENT ON COLUMN ml.ml_model.model_type IS 'Kind of model.';

COMMENT ON COLUMN ml.ml_model.version IS 'Semantic version.';

COMMENT ON COLUMN ml.ml_model.status IS 'State.';

COMMENT ON COLUMN ml.ml_model.trained_at IS 'Training completion.';

COMMENT ON COLUMN ml.ml_model.promoted_at IS 'Promotion to production.';

COMMENT ON COLUMN ml.ml_model.retired_at IS 'Retirement from production.';

COMMENT ON COLUMN ml.ml_model.artifact_url IS 'Object store URL.';

COMMENT ON COLUMN ml.ml_model.hyperparameters_json IS 'Training hyperparameters.';

COMMENT ON COLUMN ml.ml_model.metrics_json IS 'Validation metrics (AUROC, precision, etc.).';

COMMENT ON COLUMN ml.ml_model.feature_list IS 'Features used.';

COMMENT ON COLUMN ml.ml_model.training_data_start IS 'Training data range start.';

COMMENT ON COLUMN ml.ml_model.training_data_end IS 'Training data range end.';

COMMENT ON COLUMN ml.ml_model.created_by IS 'Who trained it.';

COMMENT ON COLUMN ml.ml_model.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.digital_twin_state (
	state_id UUID NOT NULL, 
	battery_id UUID, 
	captured_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	soc_pct NUMERIC(5, 2), 
	soh_pct NUMERIC(5, 2), 
	r0_mohm NUMERIC(8, 3), 
	r1_mohm NUMERIC(8, 3), 
	c1_f NUMERIC(10, 4), 
	r2_mohm NUMERIC(8, 3), 
	c2_f NUMERIC(10, 4), 
	ocv_params_json JSONB, 
	sei_thickness_nm NUMERIC(8, 3), 
	capacity_fade_pct NUMERIC(5, 2), 
	power_fade_pct NUMERIC(5, 2), 
	calibration_rmse_v NUMERIC(6, 4), 
	last_calibrated_at TIMESTAMP WITH TIME ZONE, 
	soc_std_pct NUMERIC(5, 2), 
	soh_std_pct NUMERIC(5, 2), 
	soh_lower_pct NUMERIC(5, 2), 
	soh_upper_pct NUMERIC(5, 2), 
	wear_out_lower_days NUMERIC(6, 1), 
	wear_out_days NUMERIC(6, 1), 
	wear_out_upper_days NUMERIC(6, 1), 
	evidence VARCHAR(60), 
	evidence_age_days NUMERIC(7, 1), 
	filter_json JSONB, 
	fault VARCHAR(17), 
	lost_v NUMERIC(5, 3), 
	working_soh_pct NUMERIC(5, 2), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_digital_twin_state PRIMARY KEY (state_id, month), 
	CONSTRAINT fk_digital_twin_state_battery_id FOREIGN KEY(battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_digital_twin_state_soc_pct CHECK (soc_pct BETWEEN 0 AND 100), 
	CONSTRAINT ck_digital_twin_state_soh_pct CHECK (soh_pct BETWEEN 0 AND 130), 
	CONSTRAINT ck_digital_twin_state_r0_mohm CHECK (r0_mohm BETWEEN 0 AND 100000), 
	CONSTRAINT ck_digital_twin_state_r1_mohm CHECK (r1_mohm BETWEEN 0 AND 100000), 
	CONSTRAINT ck_digital_twin_state_c1_f CHECK (c1_f BETWEEN 0 AND 1000000), 
	CONSTRAINT ck_digital_twin_state_r2_mohm CHECK (r2_mohm BETWEEN 0 AND 100000), 
	CONSTRAINT ck_digital_twin_state_c2_f CHECK (c2_f BETWEEN 0 AND 1000000), 
	CONSTRAINT ck_digital_twin_state_sei_thickness_nm CHECK (sei_thickness_nm BETWEEN 0 AND 100000), 
	CONSTRAINT ck_digital_twin_state_capacity_fade_pct CHECK (capacity_fade_pct BETWEEN -30 AND 100), 
	CONSTRAINT ck_digital_twin_state_calibration_rmse_v CHECK (calibration_rmse_v BETWEEN 0 AND 100), 
	CONSTRAINT ck_digital_twin_state_soc_std_pct CHECK (soc_std_pct BETWEEN 0 AND 100), 
	CONSTRAINT ck_digital_twin_state_soh_std_pct CHECK (soh_std_pct BETWEEN 0 AND 100), 
	CONSTRAINT ck_digital_twin_state_soh_lower_pct CHECK (soh_lower_pct BETWEEN 0 AND 131), 
	CONSTRAINT ck_digital_twin_state_soh_upper_pct CHECK (soh_upper_pct BETWEEN 0 AND 131), 
	CONSTRAINT ck_digital_twin_state_wear_out_lower_days CHECK (wear_out_lower_days BETWEEN 0 AND 100000), 
	CONSTRAINT ck_digital_twin_state_wear_out_days CHECK (wear_out_days BETWEEN 0 AND 100000), 
	CONSTRAINT ck_digital_twin_state_wear_out_upper_days CHECK (wear_out_upper_days BETWEEN 0 AND 100000), 
	CONSTRAINT ck_digital_twin_state_evidence_age_days CHECK (evidence_age_days BETWEEN 0 AND 100000), 
	CONSTRAINT ck_digital_twin_state_fault CHECK (fault IN ('shorted_cell', 'broken_connection', 'open_connection')), 
	CONSTRAINT ck_digital_twin_state_lost_v CHECK (lost_v BETWEEN 0 AND 20), 
	CONSTRAINT ck_digital_twin_state_working_soh_pct CHECK (working_soh_pct BETWEEN 0 AND 130)
)
 PARTITION BY LIST (month);

CREATE INDEX idx_digital_twin_state_battery_ts ON fleet.digital_twin_state (battery_id, captured_at DESC);

CREATE INDEX ix_digital_twin_state_site_month ON fleet.digital_twin_state (site, month);

COMMENT ON TABLE fleet.digital_twin_state IS 'Parameters of the digital twin of a jar.';

COMMENT ON COLUMN fleet.digital_twin_state.state_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.digital_twin_state.battery_id IS 'Battery reference.';

COMMENT ON COLUMN fleet.digital_twin_state.captured_at IS 'State capture time.';

COMMENT ON COLUMN fleet.digital_twin_state.soc_pct IS 'Estimated state of charge, of the present capacity. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.soh_pct IS 'Estimated state of health: capacity at the jar''s terminals to 1.80 V a cell at the 10 h current, of the rated C10 at 25 °C. A shorted cell takes its voltage from it, an open connection leaves 0. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.r0_mohm IS 'Equivalent circuit R₀ at 5 s. [mΩ]';

COMMENT ON COLUMN fleet.digital_twin_state.r1_mohm IS 'Equivalent circuit R₁. [mΩ]';

COMMENT ON COLUMN fleet.digital_twin_state.c1_f IS 'Equivalent circuit C₁. [F]';

COMMENT ON COLUMN fleet.digital_twin_state.r2_mohm IS 'Equivalent circuit R₂. [mΩ]';

COMMENT ON COLUMN fleet.digital_twin_state.c2_f IS 'Equivalent circuit C₂. [F]';

COMMENT ON COLUMN fleet.digital_twin_state.ocv_params_json IS 'OCV curve parameters.';

COMMENT ON COLUMN fleet.digital_twin_state.sei_thickness_nm IS 'Equivalent positive-grid corrosion layer (model state, not measured). [nm]';

COMMENT ON COLUMN fleet.digital_twin_state.capacity_fade_pct IS 'Capacity fade from initial. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.power_fade_pct IS 'Power fade from initial. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.calibration_rmse_v IS 'Last calibration RMSE. [V]';

COMMENT ON COLUMN fleet.digital_twin_state.last_calibrated_at IS 'Last calibration time.';

COMMENT ON COLUMN fleet.digital_twin_state.soc_std_pct IS 'Standard deviation of soc_pct. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.soh_std_pct IS 'Standard deviation of soh_pct; 5 points at least unless a test of the last year measured this jar. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.soh_lower_pct IS '5 % quantile of the state of health: lower end of 90 %. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.soh_upper_pct IS '95 % quantile of the state of health: upper end of 90 %. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.wear_out_lower_days IS 'Days until 80 %: lower end of 95 %. [d]';

COMMENT ON COLUMN fleet.digital_twin_state.wear_out_days IS 'Median of the days until wear brings soh_pct to 80, by the same posterior. [d]';

COMMENT ON COLUMN fleet.digital_twin_state.wear_out_upper_days IS 'Days until 80 %: upper end of 95 %, the posterior''s 95 to 97.5 % quantile. [d]';

COMMENT ON COLUMN fleet.digital_twin_state.evidence IS 'What soh_pct rests on: age, resistance, discharge, capacity_test, fault, joined by +.';

COMMENT ON COLUMN fleet.digital_twin_state.evidence_age_days IS 'Age of the newest measured evidence. [d]';

COMMENT ON COLUMN fleet.digital_twin_state.filter_json IS 'State of the filter and identified parameters at the end of the month, where the next month begins.';

COMMENT ON COLUMN fleet.digital_twin_state.fault IS 'What ended the jar''s duty: a cell shorted in whole or in part, a connection of twice the resistance or more, or one that carries no load. Its remaining life is 0.';

COMMENT ON COLUMN fleet.digital_twin_state.lost_v IS 'Voltage by which a shorted cell keeps the jar below its string on float. [V]';

COMMENT ON COLUMN fleet.digital_twin_state.working_soh_pct IS 'State of health of the cells that still work, with which ride-through computes; soh_pct without a fault. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.digital_twin_state.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.string_runtime (
	runtime_id UUID NOT NULL, 
	string_id UUID NOT NULL, 
	captured_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	load_basis VARCHAR(13) NOT NULL, 
	load_measured_at TIMESTAMP WITH TIME ZONE, 
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
	weakest_json JSONB, 
	weakest_margin_min NUMERIC(7, 2), 
	repair_gain_min NUMERIC(7, 2), 
	load_lost_days NUMERIC(6, 1), 
	load_lost_lower_days NUMERIC(6, 1), 
	load_lost_upper_days NUMERIC(6, 1), 
	load_lost_365d NUMERIC(5, 4), 
	change_first_battery_id UUID, 
	change_first_gain_days NUMERIC(6, 1), 
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
	CONSTRAINT fk_string_runtime_change_first_battery_id FOREIGN KEY(change_first_battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
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
	CONSTRAINT ck_string_runtime_load_lost_days CHECK (load_lost_days BETWEEN 0 AND 3652), 
	CONSTRAINT ck_string_runtime_load_lost_lower_days CHECK (load_lost_lower_days BETWEEN 0 AND 3652), 
	CONSTRAINT ck_string_runtime_load_lost_upper_days CHECK (load_lost_upper_days BETWEEN 0 AND 3652), 
	CONSTRAINT ck_string_runtime_load_lost_365d CHECK (load_lost_365d BETWEEN 0 AND 1), 
	CONSTRAINT ck_string_runtime_change_first_gain_days CHECK (change_first_gain_days BETWEEN 0 AND 3652), 
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

COMMENT ON COLUMN fleet.string_runtime.load_measured_at IS 'Newest discharge that a measured load was seen in; it stays until a newer one.';

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

COMMENT ON COLUMN fleet.string_runtime.weakest_json IS 'Every jar that may be the lowest at the end, by battery_id, with its probability.';

COMMENT ON COLUMN fleet.string_runtime.weakest_margin_min IS 'How much sooner that jar is at the end voltage than the string''s median jar. [min]';

COMMENT ON COLUMN fleet.string_runtime.repair_gain_min IS 'Minutes more if that jar were as the median. [min]';

COMMENT ON COLUMN fleet.string_runtime.load_lost_days IS 'Median of the days until wear leaves less than required_min, if no jar is changed and none fails at once; NULL beyond ten years. [d]';

COMMENT ON COLUMN fleet.string_runtime.load_lost_lower_days IS '5 % quantile of these days; NULL as there. [d]';

COMMENT ON COLUMN fleet.string_runtime.load_lost_upper_days IS '95 % quantile of these days; NULL as there. [d]';

COMMENT ON COLUMN fleet.string_runtime.load_lost_365d IS 'P(wear leaves less than required_min within a year). [1]';

COMMENT ON COLUMN fleet.string_runtime.change_first_battery_id IS 'Jar whose renewal puts load_lost_days off most.';

COMMENT ON COLUMN fleet.string_runtime.change_first_gain_days IS 'By how much it puts them off, in the mean; what lies beyond ten years counts as ten. [d]';

COMMENT ON COLUMN fleet.string_runtime.limited_by IS 'What makes the weakest jar weak; whole_string where no single jar costs time.';

COMMENT ON COLUMN fleet.string_runtime.soc_pct IS 'Mean state of charge of the jars that was used. [%]';

COMMENT ON COLUMN fleet.string_runtime.soh_pct IS 'Mean state of health of the jars that was used. [%]';

COMMENT ON COLUMN fleet.string_runtime.temperature_c IS 'Mean temperature of the jars that was used. [°C]';

COMMENT ON COLUMN fleet.string_runtime.jars_assumed IS 'Jars without a twin, taken as the string''s median.';

COMMENT ON COLUMN fleet.string_runtime.note IS 'Why there is no runtime, or why it is 0.';

COMMENT ON COLUMN fleet.string_runtime.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.string_runtime.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.rul_prediction (
	prediction_id UUID NOT NULL, 
	battery_id UUID, 
	model_id UUID, 
	predicted_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	rul_days NUMERIC(6, 1) NOT NULL, 
	rul_lower_ci_days NUMERIC(6, 1), 
	rul_upper_ci_days NUMERIC(6, 1), 
	failure_probability_30d NUMERIC(5, 4), 
	failure_probability_90d NUMERIC(5, 4), 
	failure_probability_365d NUMERIC(5, 4), 
	confidence_score NUMERIC(5, 4), 
	source VARCHAR(12) NOT NULL, 
	feature_snapshot_json JSONB, 
	explanation_json JSONB, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_rul_prediction PRIMARY KEY (prediction_id, month), 
	CONSTRAINT fk_rul_prediction_battery_id FOREIGN KEY(battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_rul_prediction_rul_days CHECK (rul_days BETWEEN 0 AND 100000), 
	CONSTRAINT ck_rul_prediction_rul_lower_ci_days CHECK (rul_lower_ci_days BETWEEN 0 AND 100000), 
	CONSTRAINT ck_rul_prediction_rul_upper_ci_days CHECK (rul_upper_ci_days BETWEEN 0 AND 100000), 
	CONSTRAINT ck_rul_prediction_failure_probability_30d CHECK (failure_probability_30d BETWEEN 0 AND 1), 
	CONSTRAINT ck_rul_prediction_failure_probability_90d CHECK (failure_probability_90d BETWEEN 0 AND 1), 
	CONSTRAINT ck_rul_prediction_failure_probability_365d CHECK (failure_probability_365d BETWEEN 0 AND 1), 
	CONSTRAINT ck_rul_prediction_confidence_score CHECK (confidence_score BETWEEN 0 AND 1), 
	CONSTRAINT ck_rul_prediction_source CHECK (source IN ('ml_model', 'digital_twin', 'fused'))
)
 PARTITION BY LIST (month);

CREATE INDEX idx_rul_prediction_battery_ts ON fleet.rul_prediction (battery_id, predicted_at DESC);

CREATE INDEX ix_rul_prediction_site_month ON fleet.rul_prediction (site, month);

COMMENT ON TABLE fleet.rul_prediction IS 'Predicted remaining useful life of a jar.';

COMMENT ON COLUMN fleet.rul_prediction.prediction_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.rul_prediction.battery_id IS 'Battery reference.';

COMMENT ON COLUMN fleet.rul_prediction.model_id IS 'Model used.';

COMMENT ON COLUMN fleet.rul_prediction.predicted_at IS 'Prediction timestamp.';

COMMENT ON COLUMN fleet.rul_prediction.rul_days IS 'Predicted RUL: geometric mean of the remaining life; 0 for a jar whose twin knows a fault. [d]';

COMMENT ON COLUMN fleet.rul_prediction.rul_lower_ci_days IS 'Lower 95% CI. [d]';

COMMENT ON COLUMN fleet.rul_prediction.rul_upper_ci_days IS 'Upper 95% CI. [d]';

COMMENT ON COLUMN fleet.rul_prediction.failure_probability_30d IS 'P(failure within 30 days); 1 with a known fault. [1]';

COMMENT ON COLUMN fleet.rul_prediction.failure_probability_90d IS 'P(failure within 90 days); 1 with a known fault. [1]';

COMMENT ON COLUMN fleet.rul_prediction.failure_probability_365d IS 'P(failure within a year); 1 with a known fault. [1]';

COMMENT ON COLUMN fleet.rul_prediction.confidence_score IS 'Model confidence. [1]';

COMMENT ON COLUMN fleet.rul_prediction.source IS 'What produced it; the twin for jars with a known fault, and where a week of features is not known.';

COMMENT ON COLUMN fleet.rul_prediction.feature_snapshot_json IS 'Input features at prediction time.';

COMMENT ON COLUMN fleet.rul_prediction.explanation_json IS 'SHAP/feature importance.';

COMMENT ON COLUMN fleet.rul_prediction.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.rul_prediction.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.model_run (
	run_id UUID NOT NULL, 
	task VARCHAR(3) NOT NULL, 
	model_name VARCHAR(100) NOT NULL, 
	dataset_version VARCHAR(64) NOT NULL, 
	trained_until TIMESTAMP WITH TIME ZONE NOT NULL, 
	train_cells INTEGER NOT NULL, 
	held_out_cells INTEGER NOT NULL, 
	hyperparameters_json JSONB, 
	parameters_json JSONB, 
	metrics_json JSONB, 
	mlflow_run_id VARCHAR(64), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_model_run PRIMARY KEY (run_id), 
	CONSTRAINT ck_model_run_task CHECK (task IN ('soc', 'soh', 'rul')), 
	CONSTRAINT ck_model_run_train_cells CHECK (train_cells BETWEEN 0 AND 1000000), 
	CONSTRAINT ck_model_run_held_out_cells CHECK (held_out_cells BETWEEN 0 AND 1000000)
);

CREATE INDEX ix_model_run_site_month ON lab.model_run (site, month);

COMMENT ON TABLE lab.model_run IS 'Runs of training on cells under test, with their scores on cells they did not see.';

COMMENT ON COLUMN lab.model_run.run_id IS 'Unique identifier.';

COMMENT ON COLUMN lab.model_run.task IS 'What is predicted.';

COMMENT ON COLUMN lab.model_run.model_name IS 'Name of the model.';

COMMENT ON COLUMN lab.model_run.dataset_version IS 'sha256 over the checksums of the partitions it saw.';

COMMENT ON COLUMN lab.model_run.trained_until IS 'First instant after the months whose tests it saw.';

COMMENT ON COLUMN lab.model_run.train_cells IS 'Cells it was fitted on.';

COMMENT ON COLUMN lab.model_run.held_out_cells IS 'Cells it was scored on.';

COMMENT ON COLUMN lab.model_run.hyperparameters_json IS 'The recipe that ran.';

COMMENT ON COLUMN lab.model_run.parameters_json IS 'The fitted model: standardisation, coefficients.';

COMMENT ON COLUMN lab.model_run.metrics_json IS 'Scores, beside those of a constant.';

COMMENT ON COLUMN lab.model_run.mlflow_run_id IS 'Run in MLflow.';

COMMENT ON COLUMN lab.model_run.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.model_run.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE lab.prediction (
	prediction_id UUID NOT NULL, 
	run_id UUID NOT NULL, 
	cycle_id UUID, 
	cell_id UUID NOT NULL, 
	task VARCHAR(3) NOT NULL, 
	cycle_num INTEGER NOT NULL, 
	predicted NUMERIC(14, 6) NOT NULL, 
	true_value NUMERIC(14, 6), 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_prediction PRIMARY KEY (prediction_id), 
	CONSTRAINT fk_prediction_cell_id FOREIGN KEY(cell_id) REFERENCES lab.battery_cell (cell_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_prediction_task CHECK (task IN ('soc', 'soh', 'rul')), 
	CONSTRAINT ck_prediction_cycle_num CHECK (cycle_num BETWEEN 1 AND 10000000), 
	CONSTRAINT ck_prediction_predicted CHECK (predicted BETWEEN -99999999 AND 99999999), 
	CONSTRAINT ck_prediction_true_value CHECK (true_value BETWEEN -99999999 AND 99999999)
);

CREATE INDEX ix_prediction_site_month ON lab.prediction (site, month);

COMMENT ON TABLE lab.prediction IS 'Predictions for cycles of cells that were held out, beside what was true.';

COMMENT ON COLUMN lab.prediction.prediction_id IS 'Unique identifier.';

COMMENT ON COLUMN lab.prediction.run_id IS 'Run that made the model.';

COMMENT ON COLUMN lab.prediction.cycle_id IS 'Cycle; NULL where it came as a table of cycles.';

COMMENT ON COLUMN lab.prediction.cell_id IS 'Cell.';

COMMENT ON COLUMN lab.prediction.task IS 'What is predicted.';

COMMENT ON COLUMN lab.prediction.cycle_num IS 'Number within the cell''s life.';

COMMENT ON COLUMN lab.prediction.predicted IS 'Prediction: %, or cycles. [1]';

COMMENT ON COLUMN lab.prediction.true_value IS 'What came out; NULL where it was not seen. [1]';

COMMENT ON COLUMN lab.prediction.site IS 'Site the row belongs to.';

COMMENT ON COLUMN lab.prediction.month IS 'UTC month of the partition, YYYY-MM.';

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
	evidence VARCHAR(60), 
	evidence_age_days NUMERIC(7, 1), 
	filter_json JSONB, 
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
	CONSTRAINT ck_digital_twin_state_evidence_age_days CHECK (evidence_age_days BETWEEN 0 AND 100000)
)
 PARTITION BY LIST (month);

CREATE INDEX ix_digital_twin_state_site_month ON fleet.digital_twin_state (site, month);

COMMENT ON TABLE fleet.digital_twin_state IS 'Parameters of the digital twin of a jar.';

COMMENT ON COLUMN fleet.digital_twin_state.state_id IS 'Unique identifier.';

COMMENT ON COLUMN fleet.digital_twin_state.battery_id IS 'Battery reference.';

COMMENT ON COLUMN fleet.digital_twin_state.captured_at IS 'State capture time.';

COMMENT ON COLUMN fleet.digital_twin_state.soc_pct IS 'Estimated state of charge, of the present capacity. [%]';

COMMENT ON COLUMN fleet.digital_twin_state.soh_pct IS 'Estimated state of health, of the rated C10 at 25 °C. [%]';

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

COMMENT ON COLUMN fleet.digital_twin_state.evidence IS 'What soh_pct rests on: age, resistance, discharge, capacity_test, joined by +.';

COMMENT ON COLUMN fleet.digital_twin_state.evidence_age_days IS 'Age of the newest measured evidence. [d]';

COMMENT ON COLUMN fleet.digital_twin_state.filter_json IS 'State of the filter and identified parameters at the end of the month, where the next month begins.';

COMMENT ON COLUMN fleet.digital_twin_state.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.digital_twin_state.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.digital_twin_state_default PARTITION OF fleet.digital_twin_state DEFAULT;

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
	confidence_score NUMERIC(5, 4), 
	source VARCHAR(12) NOT NULL, 
	feature_snapshot_json JSONB, 
	explanation_json JSONB, 
	site VARCHAR(31) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	CONSTRAINT pk_rul_prediction PRIMARY KEY (prediction_id, month), 
	CONSTRAINT fk_rul_prediction_battery_id FOREIGN KEY(battery_id) REFERENCES fleet.battery (battery_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT fk_rul_prediction_model_id FOREIGN KEY(model_id) REFERENCES ml.ml_model (model_id) DEFERRABLE INITIALLY DEFERRED, 
	CONSTRAINT ck_rul_prediction_rul_days CHECK (rul_days BETWEEN 0 AND 100000), 
	CONSTRAINT ck_rul_prediction_rul_lower_ci_days CHECK (rul_lower_ci_days BETWEEN 0 AND 100000), 
	CONSTRAINT ck_rul_prediction_rul_upper_ci_days CHECK (rul_upper_ci_days BETWEEN 0 AND 100000), 
	CONSTRAINT ck_rul_prediction_failure_probability_30d CHECK (failure_probability_30d BETWEEN 0 AND 1), 
	CONSTRAINT ck_rul_prediction_failure_probability_90d CHECK (failure_probability_90d BETWEEN 0 AND 1), 
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

COMMENT ON COLUMN fleet.rul_prediction.rul_days IS 'Predicted RUL. [d]';

COMMENT ON COLUMN fleet.rul_prediction.rul_lower_ci_days IS 'Lower 95% CI. [d]';

COMMENT ON COLUMN fleet.rul_prediction.rul_upper_ci_days IS 'Upper 95% CI. [d]';

COMMENT ON COLUMN fleet.rul_prediction.failure_probability_30d IS 'P(failure within 30 days). [1]';

COMMENT ON COLUMN fleet.rul_prediction.failure_probability_90d IS 'P(failure within 90 days). [1]';

COMMENT ON COLUMN fleet.rul_prediction.confidence_score IS 'Model confidence. [1]';

COMMENT ON COLUMN fleet.rul_prediction.source IS 'What produced it.';

COMMENT ON COLUMN fleet.rul_prediction.feature_snapshot_json IS 'Input features at prediction time.';

COMMENT ON COLUMN fleet.rul_prediction.explanation_json IS 'SHAP/feature importance.';

COMMENT ON COLUMN fleet.rul_prediction.site IS 'Site the row belongs to.';

COMMENT ON COLUMN fleet.rul_prediction.month IS 'UTC month of the partition, YYYY-MM.';

CREATE TABLE fleet.rul_prediction_default PARTITION OF fleet.rul_prediction DEFAULT;

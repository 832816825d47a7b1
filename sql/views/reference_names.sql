-- `ml_model` lives in a schema of its own; in `fleet` it carries its reference name.
CREATE VIEW fleet.ml_model AS
SELECT model_id, model_name, model_type, version, status, trained_at, promoted_at, retired_at, artifact_url,
       hyperparameters_json, metrics_json, feature_list, training_data_start, training_data_end, created_by, month
FROM ml.ml_model;

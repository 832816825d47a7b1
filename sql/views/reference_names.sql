-- `user` and `ml_model` live in schemas of their own; in `fleet` they carry their reference names.
CREATE VIEW fleet."user" AS
SELECT user_id, email, name, role, location_ids, is_active, created_at, updated_at, site
FROM service."user";

CREATE VIEW fleet.ml_model AS
SELECT model_id, model_name, model_type, version, status, trained_at, promoted_at, retired_at, artifact_url,
       hyperparameters_json, metrics_json, feature_list, training_data_start, training_data_end, created_by, month
FROM ml.ml_model;

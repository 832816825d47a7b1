-- Experiments, campaigns and jobs that make datasets, with the state of their job in the reference's words.
-- A job whose worker let its lease pass has failed, whether or not that was noted. Nothing is ever paused.
CREATE FUNCTION experiments.status(state text, lease_until timestamptz) RETURNS text LANGUAGE sql STABLE
RETURN CASE
    WHEN state = 'queued' THEN 'pending'
    WHEN state = 'running' AND lease_until < now() THEN 'failed'
    WHEN state = 'succeeded' THEN 'completed'
    WHEN state = 'stopped' THEN 'cancelled'
    ELSE state
END;

CREATE VIEW experiments.experiments AS
SELECT one.id, one.name, one.model_type, one.dataset_id, experiments.status(job.state, job.lease_until) AS status,
       one.config, one.hyperparameters, one.metrics, one.best_epoch, one.total_epochs, one.duration_seconds,
       one.model_path, one.onnx_path, one.results_dir, one.notes, one.search_vector, one.created_by,
       one.hpo_campaign_id, one.created_at, one.updated_at, job.reason, one.mlflow_run_id
FROM experiments.experiment AS one
LEFT JOIN service.job AS job ON job.id = one.job_id;

CREATE VIEW experiments.hpo_campaigns AS
SELECT one.id, one.name, one.method, experiments.status(job.state, job.lease_until) AS status, one.base_model_type,
       one.dataset_id, one.search_space, one.budget,
       (SELECT count(*)::int FROM experiments.hpo_trial AS trial
        WHERE trial.campaign_id = one.id AND trial.state IN ('completed', 'pruned')) AS trials_completed,
       one.trials_total, one.best_experiment_id, one.best_accuracy, one.created_by, one.created_at, one.updated_at,
       job.reason, one.front
FROM experiments.hpo_campaign AS one
LEFT JOIN service.job AS job ON job.id = one.job_id;

CREATE VIEW experiments.nas_campaigns AS
SELECT one.id, one.name, one.dataset_id, one.search_algorithm, one.num_trials, one.max_epochs_per_trial,
       one.search_space_config, experiments.status(job.state, job.lease_until) AS status, one.best_trial_id,
       one.best_accuracy, job.run_id AS task_id, job.reason AS error_message, one.created_at, one.updated_at,
       one.verdict
FROM experiments.nas_campaign AS one
LEFT JOIN service.job AS job ON job.id = one.job_id;

CREATE VIEW experiments.dataset_generations AS
SELECT job.id, job.facts ->> 'name' AS name, job.facts AS config,
       experiments.status(job.state, job.lease_until) AS status, made.num_signals,
       (SELECT count(*)::int FROM experiments.signals AS one
        WHERE one.dataset_id = made.id AND one.fault_class <> 'sound') AS num_faults,
       made.file_path AS output_path, round(100 * job.progress)::int AS progress, job.run_id AS celery_task_id,
       extract(epoch FROM job.finished_at - job.started_at)::double precision AS duration_seconds, job.created_at,
       coalesce(job.finished_at, job.started_at, job.created_at) AS updated_at, job.reason
FROM service.job AS job
LEFT JOIN experiments.datasets AS made ON made.job_id = job.id
WHERE job.kind = 'dataset_generation';

CREATE VIEW experiments.dataset_imports AS
SELECT job.id, job.facts ->> 'name' AS name, job.facts AS config,
       experiments.status(job.state, job.lease_until) AS status, jsonb_array_length(job.facts -> 'files') AS num_files,
       made.num_signals, made.file_path AS output_path, round(100 * job.progress)::int AS progress,
       job.run_id AS celery_task_id,
       extract(epoch FROM job.finished_at - job.started_at)::double precision AS duration_seconds, job.created_at,
       coalesce(job.finished_at, job.started_at, job.created_at) AS updated_at, job.reason
FROM service.job AS job
LEFT JOIN experiments.datasets AS made ON made.job_id = job.id
WHERE job.kind = 'dataset_import';

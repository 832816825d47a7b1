-- The dataset and job schema: the same datasets, jobs, models and results, with identifiers as it has them.
CREATE FUNCTION dataset_job.identity(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN md5(kind || ' ' || number)::uuid;

CREATE VIEW dataset_job.users AS
SELECT user_id AS id, email, NULL::varchar(255) AS password_hash, role, created_at, updated_at
FROM service.users;

CREATE VIEW dataset_job.datasets AS
SELECT dataset_job.identity('dataset', one.id) AS id, service.person(one.created_by) AS user_id, one.name, 'parquet' AS format,
       one.num_signals AS traces, (one.meta_data ->> 'samples')::int AS samples,
       (one.meta_data ->> 'sample_rate')::double precision AS sample_rate,
       (one.meta_data ->> 'size_bytes')::bigint AS size_bytes,
       CASE WHEN job.state = 'queued' THEN 'uploading'
            WHEN job.state = 'running' AND job.lease_until >= now() THEN 'processing'
            WHEN job.state = 'succeeded' THEN 'ready'
            ELSE 'error' END AS status,
       one.file_path AS storage_path, one.meta_data AS metadata, one.created_at
FROM experiments.datasets AS one
LEFT JOIN service.job AS job ON job.id = one.job_id;

CREATE VIEW dataset_job.models AS
SELECT dataset_job.identity('model', id) AS id, name, left(mlflow_run_id, 50) AS version, model_type AS architecture,
       CASE WHEN model_type = 'cnn1d' THEN 'network' WHEN model_type LIKE 'forest%' THEN 'forest' ELSE 'rule' END
           AS type,
       model_path AS storage_path, hyperparameters AS config, metrics, created_at
FROM experiments.experiment
WHERE metrics IS NOT NULL;

CREATE VIEW dataset_job.jobs AS
SELECT dataset_job.identity('job', job.id) AS id, service.person((job.facts ->> 'user_id')::bigint) AS user_id,
       dataset_job.identity('dataset', coalesce(tried.dataset_id, made.id, tuned.dataset_id, built.dataset_id))
           AS dataset_id,
       CASE WHEN tried.metrics IS NOT NULL THEN dataset_job.identity('model', tried.id) END AS model_id,
       job.kind AS type, experiments.status(job.state, job.lease_until) AS status,
       round(100 * job.progress)::int AS progress, job.facts AS parameters, job.reason AS error_message,
       job.started_at, job.finished_at AS completed_at, job.created_at
FROM service.job AS job
LEFT JOIN experiments.experiment AS tried ON tried.job_id = job.id
LEFT JOIN experiments.datasets AS made ON made.job_id = job.id
LEFT JOIN experiments.hpo_campaign AS tuned ON tuned.job_id = job.id
LEFT JOIN experiments.nas_campaign AS built ON built.job_id = job.id;

CREATE VIEW dataset_job.results AS
SELECT dataset_job.identity('result', job_id) AS id, dataset_job.identity('job', job_id) AS job_id,
       NULL::uuid AS output_dataset_id, metrics, results_dir AS storage_path, created_at
FROM experiments.experiment
WHERE metrics IS NOT NULL
UNION ALL
SELECT dataset_job.identity('result', job_id), dataset_job.identity('job', job_id),
       dataset_job.identity('dataset', id), meta_data -> 'leak', file_path, created_at
FROM experiments.datasets
WHERE job_id IS NOT NULL;

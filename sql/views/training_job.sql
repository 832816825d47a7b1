-- Trainings on cells, a view of the job core: whose worker is gone has failed, whether or not it was noted.
CREATE VIEW lab_training.training_job AS
SELECT id,
       coalesce((facts ->> 'user_id')::bigint, 0) AS user_id,
       facts ->> 'algorithm' AS algorithm,
       CASE WHEN state = 'running' AND lease_until < now() THEN 'failed' ELSE state END AS status,
       facts ->> 'model_name' AS model_name,
       facts -> 'hyperparams' AS hyperparams,
       progress,
       step AS current_epoch,
       steps AS total_epochs,
       created_at,
       started_at,
       CASE WHEN state = 'running' AND lease_until < now() THEN lease_until ELSE finished_at END AS finished_at,
       reason
FROM service.job
WHERE kind = 'cell_training';

CREATE VIEW lab_training.training_job_log AS
SELECT line.id, line.job_id, line.level, line.message, line.created_at
FROM service.job_log AS line
JOIN service.job AS job ON job.id = line.job_id
WHERE job.kind = 'cell_training';

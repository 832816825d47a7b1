"""Whose a dataset, an experiment or a campaign is: the person who asked for its job."""

import sqlalchemy as sa

from battery_assets.tables.experiments.campaigns import hpo_campaign, nas_campaign
from battery_assets.tables.experiments.signals import datasets
from battery_assets.tables.experiments.trainings import experiment
from battery_assets.tables.service.jobs import job

OWNED = (datasets, experiment, hpo_campaign, nas_campaign)


def belongs(connection: sa.Connection, number: int, user_id: int) -> None:
    """Say of a job, and of what it makes, who asked for it; 0 is the command line, and changes nothing."""
    if not user_id:
        return
    who = job.c.facts.op("||")(sa.cast({"user_id": user_id}, job.c.facts.type))
    connection.execute(sa.update(job).where(job.c.id == number).values(facts=who))
    for table in OWNED:
        connection.execute(sa.update(table).where(table.c.job_id == number).values(created_by=user_id))

"""Searches for settings and for networks: asked for, carried out, joined, shown. One door for every face."""

from typing import Any

import sqlalchemy as sa

from battery_assets.actions.session import Session, run_here
from battery_assets.actions.signals.experiments import plainly
from battery_assets.actions.signals.owners import belongs
from battery_assets.errors import UserError
from battery_assets.experiments import said
from battery_assets.experiments.searching import books, networks, rules, settings
from battery_assets.platform.jobs import core
from battery_assets.tables.experiments.campaigns import HPO_KIND, NAS_KIND, hpo_campaign, nas_campaign

KINDS = {
    HPO_KIND: (hpo_campaign, "hpo_campaigns", settings.ask),
    NAS_KIND: (nas_campaign, "nas_campaigns", networks.ask),
}


def ask_campaign(at: Session, kind: str, name: str, terms: dict[str, Any], user_id: int = 0) -> int:
    """Put a campaign into the queue. Returns its job's number. UserError with the reason."""
    ask = rules.ask if "signal" in terms else KINDS[kind][2]
    number = plainly(lambda: ask(at.warehouse, name, terms))
    with at.warehouse.transaction() as connection:
        belongs(connection, number, user_id)
    return number


def run_campaign(
    at: Session, kind: str, name: str, terms: dict[str, Any], user_id: int = 0
) -> dict[str, Any]:
    """Carry out a campaign in this process. Returns its row of the view. UserError with the reason."""
    return _carry_out(at, kind, name, ask_campaign(at, kind, name, terms, user_id))


def search_rule(at: Session, name: str, terms: dict[str, Any], user_id: int = 0) -> dict[str, Any]:
    """Search an alert rule on months that are over. Returns the front, and the rule as it is, beside it."""
    run_campaign(at, HPO_KIND, name, terms, user_id)
    return dict(books.campaign(at.warehouse, hpo_campaign, name).front or {})


def resume_campaign(at: Session, name: str) -> dict[str, Any]:
    """Go on with a campaign that failed or was stopped; trials that ended stay."""
    kind = _kind(at, name)
    return _carry_out(at, kind, name, books.resume(at.warehouse, KINDS[kind][0], kind, name))


def join_campaign(at: Session, name: str) -> int:
    """Do trials of a search for settings beside its other workers. Returns how many."""
    if _kind(at, name) != HPO_KIND:
        raise UserError(f"{name} is a search for networks: one worker does it", "wait for it")
    return int(plainly(lambda: settings.share(at.warehouse, name, lambda _: None))["trials"])


def stop_campaign(at: Session, name: str) -> str:
    """Ask a campaign to end with its next trial. Returns how its job stands now."""
    row = books.campaign(at.warehouse, KINDS[_kind(at, name)][0], name)
    with at.warehouse.transaction() as connection:
        return core.stop(connection, int(row.job_id))


def campaigns(at: Session) -> list[dict[str, Any]]:
    """Every campaign with its state and best value, in the order of their making."""
    query = sa.text(
        "SELECT name, method, base_model_type AS what, status, trials_completed AS done, trials_total AS of, "
        "best_accuracy, dataset_id, created_at FROM experiments.hpo_campaigns UNION ALL "
        "SELECT name, search_algorithm, 'network', status, (SELECT count(*) FROM experiments.nas_trials AS "
        "one WHERE one.campaign_id = campaign.id), num_trials, best_accuracy, dataset_id, created_at "
        "FROM experiments.nas_campaigns AS campaign ORDER BY created_at"
    )
    with at.warehouse.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def without_random(rows: list[dict[str, Any]]) -> list[str]:
    """Campaigns beside which no random search of the same data stands: nobody knows what they are worth."""
    plain = {(row["what"], row["dataset_id"]) for row in rows if row["method"] in ("random_search", "random")}
    return [row["name"] for row in rows if (row["what"], row["dataset_id"]) not in plain]


def verdict_of(at: Session, name: str) -> dict[str, Any]:
    """What a search for networks came to; empty for others, and before it has ended."""
    if _kind(at, name) == HPO_KIND:
        return {}
    return dict(books.campaign(at.warehouse, nas_campaign, name).verdict or {})


def _kind(at: Session, name: str) -> str:
    with at.warehouse.reading() as connection:
        for kind, (table, *_) in KINDS.items():
            if connection.execute(sa.select(table.c.id).where(table.c.name == name)).one_or_none():
                return kind
    raise UserError(f"there is no campaign {name!r}", "battery-assets campaign list")


def _carry_out(at: Session, kind: str, name: str, number: int) -> dict[str, Any]:
    said.know(at.instance, said.campaigns, name)
    run_here(kind, name, ops={KINDS[kind][1]: {"config": {"job_id": number}}})
    return next(row for row in campaigns(at) if row["name"] == name)

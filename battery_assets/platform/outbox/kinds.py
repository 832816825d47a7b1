"""The kinds of events that people and programs can hear of, to whom each goes, and how by default.

A person's own preference, a row of notification_preferences, takes the place of the default. What is critical
goes at once, unless the person wants no mail of that kind at all.
"""

from dataclasses import dataclass

IMMEDIATE, HOURLY, DAILY, WEEKLY, NEVER = "immediate", "hourly", "daily", "weekly", "never"
INFO, WARNING, CRITICAL = "info", "warning", "critical"
EVERYONE = ("admin", "engineer", "operator", "viewer")
FIELD = ("admin", "engineer", "operator")
DESK = ("admin", "engineer")
# Nobody by role: the person whose key or webhook it is.
OWNER: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A kind of event. `roles` hear of it where they see its site; `email` is the default frequency."""

    name: str
    words: str
    roles: tuple[str, ...]
    email: str


RUN_FAILED = Kind("run.failed", "A run of the pipeline failed.", DESK, HOURLY)
DATA_STALE = Kind("data.stale", "A site has sent nothing for days.", FIELD, DAILY)
DATA_QUARANTINED = Kind("data.quarantined", "More rows of a site were refused than usual.", FIELD, DAILY)
ALERT_RAISED = Kind("alert.raised", "A rule, the twin or a model raised a warning.", EVERYONE, NEVER)
ALERT_CRITICAL = Kind("alert.critical", "A rule, the twin or a model says critical.", EVERYONE, IMMEDIATE)
INCIDENT_OPENED = Kind("incident.opened", "A fault has an incident.", EVERYONE, DAILY)
INCIDENT_ESCALATED = Kind("incident.escalated", "An incident became more severe.", EVERYONE, DAILY)
INCIDENT_RESOLVED = Kind("incident.resolved", "An incident is over.", EVERYONE, DAILY)
WORK_ORDER_DUE = Kind("work_order.due", "A work order is due within a day, or overdue.", FIELD, DAILY)
MODEL_PROMOTED = Kind("model.promoted", "A model serves from now on.", DESK, DAILY)
MODEL_REFUSED = Kind("model.refused", "The gate refused a model.", DESK, DAILY)
CAMPAIGN_DONE = Kind("campaign.done", "A campaign, a training or an import has ended.", DESK, HOURLY)
KEY_EXPIRING = Kind("key.expiring", "A key of yours ends within two weeks.", OWNER, IMMEDIATE)
WEBHOOK_FAILING = Kind("webhook.failing", "A webhook of yours will be disabled in a day.", OWNER, IMMEDIATE)
WEBHOOK_DISABLED = Kind("webhook.disabled", "A webhook of yours was disabled.", OWNER, IMMEDIATE)
TEST = Kind("notification.test", "A test that you asked for.", OWNER, IMMEDIATE)
PROOF_OF_LIFE = Kind(
    "proof_of_life", "Each week: what was judged, so that silence means something.", EVERYONE, WEEKLY
)

KINDS = {
    kind.name: kind
    for kind in (
        RUN_FAILED,
        DATA_STALE,
        DATA_QUARANTINED,
        ALERT_RAISED,
        ALERT_CRITICAL,
        INCIDENT_OPENED,
        INCIDENT_ESCALATED,
        INCIDENT_RESOLVED,
        WORK_ORDER_DUE,
        MODEL_PROMOTED,
        MODEL_REFUSED,
        CAMPAIGN_DONE,
        KEY_EXPIRING,
        WEBHOOK_FAILING,
        WEBHOOK_DISABLED,
        TEST,
        PROOF_OF_LIFE,
    )
}

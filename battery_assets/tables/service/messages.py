"""Events on their way to people and programs, how each wants to be told, and what became of it."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import CIDR

from battery_assets.tables.service.columns import (
    count,
    document,
    flag,
    instant,
    kept,
    of,
    own_uuid,
    prose,
    tally,
    words,
)
from battery_assets.tables.service.jobs import NOW, numbered
from battery_assets.tables.service.people import users

FREQUENCIES = ("immediate", "hourly", "daily", "weekly", "never")
SEVERITIES = ("info", "warning", "critical")
CHANNELS = ("email", "in_app", "slack", "webhook")

notification_preferences = kept(
    "notification_preferences",
    "How a person wants to be told of a kind of event.",
    numbered("Number of the row."),
    of("user_id", users, "Whose it is.", "CASCADE", nullable=False),
    words("event_type", "Kind of event.", 60, nullable=False),
    flag("email_enabled", "By mail.", True),
    flag("in_app_enabled", "In the console.", True),
    flag("slack_enabled", "In the chat that an admin set up.", False),
    flag("webhook_enabled", "By the person's webhooks.", True),
    words("email_frequency", "When mail goes.", 10, nullable=False, server_default="immediate"),
    sa.CheckConstraint(sa.column("email_frequency").in_(FREQUENCIES), name="email_frequency"),
    sa.UniqueConstraint("user_id", "event_type", name="uq_user_event_type"),
)

event_mute = kept(
    "event_mute",
    "Objects that a person does not want to hear of.",
    numbered("Number of the row."),
    of("user_id", users, "Whose it is.", "CASCADE", nullable=False),
    words("object_kind", "Kind of object, such as incident or string.", 40, nullable=False),
    words("object_id", "Which one.", 120, nullable=False),
    words("event_type", "Kind of event; NULL: all.", 60),
    words("reason", "Why.", 500),
    instant("until", "It ends then; NULL: never."),
    sa.Index("ix_event_mute_user_id", "user_id", "object_kind", "object_id"),
)

outbox = kept(
    "outbox",
    "Events to be told, written in the transaction of what happened.",
    numbered("Number of the event."),
    own_uuid("event_id", "Identifier that every message of it carries."),
    words("event_type", "Kind of event, such as alert.critical.", 60, nullable=False),
    words("severity", "Critical goes at once.", 8, nullable=False, server_default="info"),
    words("site", "Site that it is about; NULL: none.", 31),
    words("object_kind", "Kind of object that it is about.", 40),
    words("object_id", "Which one.", 120),
    words("group_key", "What digests put together: the incident, where there is one.", 160),
    words("dedupe_key", "The same event is not told twice.", 255, unique=True),
    document("payload", "What happened.", nullable=False),
    instant("next_at", "A worker takes it from then on.", nullable=False, server_default=NOW),
    tally("attempts", "How often a worker took it."),
    instant("delivered_at", "When a delivery was written for everyone who is to be told."),
    prose("last_error", "Why the last attempt failed."),
    sa.CheckConstraint(sa.column("severity").in_(SEVERITIES), name="severity"),
    sa.Index("ix_outbox_next_at", "next_at", postgresql_where=sa.text("delivered_at IS NULL")),
    sa.Index("ix_outbox_object", "object_kind", "object_id"),
)

webhook_configurations = kept(
    "webhook_configurations",
    "Addresses that are told of events.",
    numbered("Number of the address."),
    of("user_id", users, "Whose it is.", "CASCADE", nullable=False),
    words("provider_type", "standard, slack or teams.", 20, nullable=False, index=True),
    prose("webhook_url", "Address.", nullable=False),
    words("name", "What it is for.", 120, nullable=False),
    prose("description", "In words."),
    sa.Column(
        "is_active", sa.Boolean, nullable=False, server_default="true", index=True, comment="It is told."
    ),
    document("enabled_events", "Kinds of events that it is told of.", nullable=False, server_default="[]"),
    document("settings", "What the provider needs; nothing secret.", nullable=False, server_default="{}"),
    instant("last_used_at", "When it was told last."),
    prose("last_error", "Why the last attempt failed."),
    tally("consecutive_failures", "Attempts that failed since the last that did not."),
    prose("secret", "Secret of its signatures, encrypted."),
    prose("previous_secret", "The secret before it, encrypted."),
    instant("previous_until", "Messages are signed with both until then."),
    instant("failing_since", "When the attempts began to fail."),
    instant("warned_at", "When its owner was told that it will be switched off."),
    instant("disabled_at", "When it was switched off."),
    words("disabled_reason", "Why.", 255),
    sa.UniqueConstraint("user_id", "webhook_url", name="uq_user_webhook_url"),
)

delivery = kept(
    "delivery",
    "One event to one person or address by one channel; the lease is how it is taken up again.",
    numbered("Number of the delivery."),
    of("outbox_id", outbox, "Event.", "CASCADE", nullable=False),
    words("channel", "email, in_app, slack or webhook.", 10, nullable=False),
    of("user_id", users, "Person.", "CASCADE"),
    of("webhook_config_id", webhook_configurations, "Address.", "CASCADE", index=True),
    own_uuid("message_id", "Identifier of the message, the same at each attempt."),
    instant("next_at", "A worker takes it from then on.", nullable=False, server_default=NOW),
    tally("attempts", "How often a worker took it."),
    instant("delivered_at", "When it was delivered."),
    instant("given_up_at", "When no more attempts were made."),
    prose("last_error", "Why the last attempt failed."),
    instant("read_at", "When the person read it in the console."),
    sa.CheckConstraint(sa.column("channel").in_(CHANNELS), name="channel"),
    sa.UniqueConstraint(
        "outbox_id", "channel", "user_id", "webhook_config_id", postgresql_nulls_not_distinct=True
    ),
    sa.Index(
        "ix_delivery_next_at",
        "next_at",
        postgresql_where=sa.text("delivered_at IS NULL AND given_up_at IS NULL"),
    ),
    sa.Index("ix_delivery_user_id", "user_id", "channel", "read_at"),
)

email_logs = kept(
    "email_logs",
    "Mails, and what the mail server said of them.",
    numbered("Number of the mail."),
    of("user_id", users, "Whom it was for.", "SET NULL", index=True),
    words("recipient_email", "Address it went to.", nullable=False),
    words("event_type", "Kind of event, or digest.", 60, nullable=False),
    words("subject", "Subject.", nullable=False),
    words("template_name", "How it was written.", 60),
    document("event_data", "What it said."),
    words("provider", "How it went: smtp.", 20),
    words("message_id", "Message-ID.", 255, unique=True),
    words("status", "queued, sent, failed or bounced.", 20, nullable=False),
    prose("error_message", "Why it failed."),
    instant("sent_at", "When the server took it."),
    instant("delivered_at", "NULL unless the server reports it."),
    instant("opened_at", "Always NULL: that would need a picture that tells on its reader."),
    instant("clicked_at", "Always NULL: that would need links that tell on their reader."),
    tally("retry_count", "Attempts after the first."),
    of("delivery_id", delivery, "Delivery it is part of.", "SET NULL"),
)

email_digest_queue = kept(
    "email_digest_queue",
    "Events that wait for a person's next digest.",
    numbered("Number of the row."),
    of("user_id", users, "Whose it is.", "CASCADE", nullable=False),
    words("event_type", "Kind of event.", 60, nullable=False),
    document("event_data", "What happened."),
    instant("scheduled_for", "When the digest goes.", nullable=False),
    flag("included_in_digest", "It went.", False),
    of("outbox_id", outbox, "Event.", "CASCADE"),
    words("group_key", "What the digest puts together.", 160),
    instant("taken_until", "A worker has it until then."),
    of("email_log_id", email_logs, "Mail that it went in.", "SET NULL"),
    sa.UniqueConstraint("user_id", "outbox_id"),
    sa.Index("idx_digest_queue_user_scheduled", "user_id", "scheduled_for"),
    sa.Index("idx_digest_queue_included", "included_in_digest", "scheduled_for"),
    sa.Index("idx_digest_queue_event_scheduled", "event_type", "scheduled_for"),
)

webhook_logs = kept(
    "webhook_logs",
    "Attempts to tell an address, each with what it answered.",
    numbered("Number of the attempt."),
    of("webhook_config_id", webhook_configurations, "Address.", "CASCADE", nullable=False, index=True),
    of("user_id", users, "Whose address it is.", "SET NULL"),
    words("event_type", "Kind of event.", 60, nullable=False),
    words("provider_type", "Provider.", 20, nullable=False),
    prose("webhook_url", "Address it went to.", nullable=False),
    document("payload", "What was sent."),
    words("status", "sent, failed, refused or disabled.", 20, nullable=False),
    count("http_status_code", "Status that it answered."),
    prose("response_body", "First part of what it answered, for admins."),
    prose("error_message", "Why it failed."),
    tally("retry_count", "Attempts before this one."),
    instant("sent_at", "When it was sent."),
    words("message_id", "webhook-id that it carried.", 64, index=True),
    of("delivery_id", delivery, "Delivery it is part of.", "SET NULL"),
)

webhook_network = kept(
    "webhook_network",
    "Networks inside which an admin allows webhooks.",
    numbered("Number of the row."),
    sa.Column("network", CIDR, nullable=False, comment="Network."),
    count("port", "Port; NULL: those that are allowed everywhere."),
    words("comment", "What stands there.", 255),
    of("created_by", users, "Who allowed it.", "SET NULL"),
    sa.UniqueConstraint("network", "port", postgresql_nulls_not_distinct=True),
)

MESSAGE_TABLES = (
    notification_preferences,
    event_mute,
    outbox,
    webhook_configurations,
    delivery,
    email_logs,
    email_digest_queue,
    webhook_logs,
    webhook_network,
)

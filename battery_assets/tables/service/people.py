"""Accounts of people, how they sign in, and what they did.

Nothing here is a secret that could be used: passwords are argon2id, the second factor's secret is encrypted
under the key of the home, tokens and codes are kept as checksums.
"""

import sqlalchemy as sa

from battery_assets.tables.service.columns import (
    document,
    flag,
    instant,
    kept,
    of,
    own_uuid,
    prose,
    several,
    words,
)
from battery_assets.tables.service.jobs import NOW, numbered

ROLES = ("admin", "engineer", "operator", "viewer")
PURPOSES = ("invitation", "password_reset", "acknowledge")

users = kept(
    "users",
    "Accounts: the one store of who may sign in.",
    numbered("Number of the account; 0, which has no row, is the command line."),
    words("username", "Name to sign in with, in lower case.", 60, nullable=False, unique=True),
    words("email", "Where mail goes, in lower case.", nullable=False, unique=True),
    words("password_hash", "Argon2id of the password; NULL: no password yet."),
    words("role", "What the person may do.", 8, nullable=False),
    flag("is_active", "May sign in.", True),
    prose("totp_secret", "Secret of the second factor, encrypted."),
    flag("totp_enabled", "A second factor is asked for.", False),
    own_uuid("user_id", "The same person as the fleet's tables name them."),
    words("name", "Full name.", 100, nullable=False),
    several("sites", "Sites that the person sees; *: all."),
    sa.Column("totp_last_step", sa.BigInteger, comment="Newest step of the second factor that was used."),
    instant("password_changed_at", "When the password was set."),
    sa.CheckConstraint(sa.column("role").in_(ROLES), name="role"),
    sa.CheckConstraint("username = lower(username) AND email = lower(email)", name="lower"),
)

session_logs = kept(
    "session_logs",
    "Sessions of people who signed in.",
    numbered("Number of the session."),
    of("user_id", users, "Whose it is.", nullable=False, index=True),
    words("session_token", "SHA-256 of the token.", 64, nullable=False, unique=True),
    words("ip_address", "Address it began from.", 45),
    words("user_agent", "Program it began from, as that says.", 400),
    words("device_type", "desktop, phone, tablet or program.", 20),
    words("browser", "Name of the program.", 60),
    words("location", "Place, where a proxy says it."),
    instant("last_active", "When it was used last.", nullable=False, server_default=NOW),
    flag("is_active", "It has not ended.", True),
    instant("logged_out_at", "When it ended."),
    instant("expires_at", "It ends then at the latest.", nullable=False),
    instant("authenticated_at", "When the person proved who they are, last.", nullable=False),
    flag("second_factor", "A second factor was given.", False),
    words("end_reason", "Why it ended.", 40),
)

login_history = kept(
    "login_history",
    "Attempts to sign in.",
    numbered("Number of the attempt."),
    of("user_id", users, "Account; NULL where there is none of that name."),
    words("ip_address", "Address it came from.", 45),
    words("user_agent", "Program it came from, as that says.", 400),
    words("location", "Place, where a proxy says it."),
    words("login_method", "password, totp, backup_code, link or reauthentication.", 20, nullable=False),
    sa.Column("success", sa.Boolean, nullable=False, comment="It succeeded."),
    words("failure_reason", "Why it did not.", 60),
    instant("timestamp", "When.", nullable=False, server_default=sa.text("clock_timestamp()")),
    words("account", "Keyed checksum of the name that was given, known or not.", 64),
    sa.Index("ix_login_history_account", "account", "timestamp"),
    sa.Index("ix_login_history_ip_address", "ip_address", "timestamp"),
    sa.Index("ix_login_history_user_id", "user_id", "timestamp"),
)

backup_codes = kept(
    "backup_codes",
    "Codes that stand in for a second factor, once each.",
    numbered("Number of the code."),
    of("user_id", users, "Whose it is.", "CASCADE", nullable=False),
    words("code_hash", "SHA-256 of the code.", 64, nullable=False, unique=True),
    flag("is_used", "It was used.", False),
    instant("used_at", "When it was used."),
    words("ip_address", "Address it was used from.", 45),
    sa.Index("ix_backup_codes_user_unused", "user_id", "is_used"),
)

one_time_link = kept(
    "one_time_link",
    "Links that may be followed once: to set a password, to acknowledge from a message.",
    numbered("Number of the link."),
    of("user_id", users, "Whose it is.", "CASCADE", nullable=False, index=True),
    words("purpose", "What it is for.", 20, nullable=False),
    words("token_hash", "SHA-256 of the token.", 64, nullable=False, unique=True),
    document("details", "What it is about."),
    instant("expires_at", "It may be followed until then.", nullable=False),
    instant("used_at", "When it was followed."),
    sa.CheckConstraint(sa.column("purpose").in_(PURPOSES), name="purpose"),
)

system_logs = kept(
    "system_logs",
    "What people, keys and the service did: rows are added, never changed.",
    numbered("Number of the line."),
    of("user_id", users, "Who did it; NULL: the service itself."),
    words("action", "What was done, such as key.revoke.", 100, nullable=False),
    words("status", "success, failure or refused.", 20, nullable=False),
    document("details", "About what, and from what to what; nothing secret."),
    words("error_message", "Why it did not succeed.", 2000),
    words("request_id", "Request that it was part of.", 64),
    words("ip_address", "Address it came from.", 45),
    sa.Column("api_key_id", sa.BigInteger, comment="Key that it was done with."),
    words("site", "Site that it was about.", 31),
    sa.Index("idx_system_log_time_status", "created_at", "status"),
    sa.Index("idx_system_log_user_time", "user_id", "created_at"),
)

PEOPLE_TABLES = (users, session_logs, login_history, backup_codes, one_time_link, system_logs)

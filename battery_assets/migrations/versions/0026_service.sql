CREATE TABLE service.users (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	username VARCHAR(60) NOT NULL, 
	email VARCHAR(255) NOT NULL, 
	password_hash VARCHAR(255), 
	role VARCHAR(8) NOT NULL, 
	is_active BOOLEAN DEFAULT 'true' NOT NULL, 
	totp_secret TEXT, 
	totp_enabled BOOLEAN DEFAULT 'false' NOT NULL, 
	user_id UUID DEFAULT gen_random_uuid() NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	sites VARCHAR(60)[] DEFAULT '{}' NOT NULL, 
	totp_last_step BIGINT, 
	password_changed_at TIMESTAMP WITH TIME ZONE, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_users PRIMARY KEY (id), 
	CONSTRAINT ck_users_role CHECK (role IN ('admin', 'engineer', 'operator', 'viewer')), 
	CONSTRAINT ck_users_lower CHECK (username = lower(username) AND email = lower(email)), 
	CONSTRAINT uq_users_username UNIQUE (username), 
	CONSTRAINT uq_users_email UNIQUE (email), 
	CONSTRAINT uq_users_user_id UNIQUE (user_id)
);

COMMENT ON TABLE service.users IS 'Accounts: the one store of who may sign in.';

COMMENT ON COLUMN service.users.id IS 'Number of the account; 0, which has no row, is the command line.';

COMMENT ON COLUMN service.users.username IS 'Name to sign in with, in lower case.';

COMMENT ON COLUMN service.users.email IS 'Where mail goes, in lower case.';

COMMENT ON COLUMN service.users.password_hash IS 'Argon2id of the password; NULL: no password yet.';

COMMENT ON COLUMN service.users.role IS 'What the person may do.';

COMMENT ON COLUMN service.users.is_active IS 'May sign in.';

COMMENT ON COLUMN service.users.totp_secret IS 'Secret of the second factor, encrypted.';

COMMENT ON COLUMN service.users.totp_enabled IS 'A second factor is asked for.';

COMMENT ON COLUMN service.users.user_id IS 'The same person as the fleet''s tables name them.';

COMMENT ON COLUMN service.users.name IS 'Full name.';

COMMENT ON COLUMN service.users.sites IS 'Sites that the person sees; *: all.';

COMMENT ON COLUMN service.users.totp_last_step IS 'Newest step of the second factor that was used.';

COMMENT ON COLUMN service.users.password_changed_at IS 'When the password was set.';

COMMENT ON COLUMN service.users.created_at IS 'When it was made.';

COMMENT ON COLUMN service.users.updated_at IS 'When it changed.';

CREATE TABLE service.session_logs (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT NOT NULL, 
	session_token VARCHAR(64) NOT NULL, 
	ip_address VARCHAR(45), 
	user_agent VARCHAR(400), 
	device_type VARCHAR(20), 
	browser VARCHAR(60), 
	location VARCHAR(255), 
	last_active TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	is_active BOOLEAN DEFAULT 'true' NOT NULL, 
	logged_out_at TIMESTAMP WITH TIME ZONE, 
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	authenticated_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	second_factor BOOLEAN DEFAULT 'false' NOT NULL, 
	end_reason VARCHAR(40), 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_session_logs PRIMARY KEY (id), 
	CONSTRAINT fk_session_logs_user_id FOREIGN KEY(user_id) REFERENCES service.users (id), 
	CONSTRAINT uq_session_logs_session_token UNIQUE (session_token)
);

CREATE INDEX ix_session_logs_user_id ON service.session_logs (user_id);

COMMENT ON TABLE service.session_logs IS 'Sessions of people who signed in.';

COMMENT ON COLUMN service.session_logs.id IS 'Number of the session.';

COMMENT ON COLUMN service.session_logs.user_id IS 'Whose it is.';

COMMENT ON COLUMN service.session_logs.session_token IS 'SHA-256 of the token.';

COMMENT ON COLUMN service.session_logs.ip_address IS 'Address it began from.';

COMMENT ON COLUMN service.session_logs.user_agent IS 'Program it began from, as that says.';

COMMENT ON COLUMN service.session_logs.device_type IS 'desktop, phone, tablet or program.';

COMMENT ON COLUMN service.session_logs.browser IS 'Name of the program.';

COMMENT ON COLUMN service.session_logs.location IS 'Place, where a proxy says it.';

COMMENT ON COLUMN service.session_logs.last_active IS 'When it was used last.';

COMMENT ON COLUMN service.session_logs.is_active IS 'It has not ended.';

COMMENT ON COLUMN service.session_logs.logged_out_at IS 'When it ended.';

COMMENT ON COLUMN service.session_logs.expires_at IS 'It ends then at the latest.';

COMMENT ON COLUMN service.session_logs.authenticated_at IS 'When the person proved who they are, last.';

COMMENT ON COLUMN service.session_logs.second_factor IS 'A second factor was given.';

COMMENT ON COLUMN service.session_logs.end_reason IS 'Why it ended.';

COMMENT ON COLUMN service.session_logs.created_at IS 'When it was made.';

COMMENT ON COLUMN service.session_logs.updated_at IS 'When it changed.';

CREATE TABLE service.login_history (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT, 
	ip_address VARCHAR(45), 
	user_agent VARCHAR(400), 
	location VARCHAR(255), 
	login_method VARCHAR(20) NOT NULL, 
	success BOOLEAN NOT NULL, 
	failure_reason VARCHAR(60), 
	timestamp TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL, 
	account VARCHAR(64), 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_login_history PRIMARY KEY (id), 
	CONSTRAINT fk_login_history_user_id FOREIGN KEY(user_id) REFERENCES service.users (id)
);

CREATE INDEX ix_login_history_account ON service.login_history (account, timestamp);

CREATE INDEX ix_login_history_ip_address ON service.login_history (ip_address, timestamp);

CREATE INDEX ix_login_history_user_id ON service.login_history (user_id, timestamp);

COMMENT ON TABLE service.login_history IS 'Attempts to sign in.';

COMMENT ON COLUMN service.login_history.id IS 'Number of the attempt.';

COMMENT ON COLUMN service.login_history.user_id IS 'Account; NULL where there is none of that name.';

COMMENT ON COLUMN service.login_history.ip_address IS 'Address it came from.';

COMMENT ON COLUMN service.login_history.user_agent IS 'Program it came from, as that says.';

COMMENT ON COLUMN service.login_history.location IS 'Place, where a proxy says it.';

COMMENT ON COLUMN service.login_history.login_method IS 'password, totp, backup_code, link or reauthentication.';

COMMENT ON COLUMN service.login_history.success IS 'It succeeded.';

COMMENT ON COLUMN service.login_history.failure_reason IS 'Why it did not.';

COMMENT ON COLUMN service.login_history.timestamp IS 'When.';

COMMENT ON COLUMN service.login_history.account IS 'Keyed checksum of the name that was given, known or not.';

COMMENT ON COLUMN service.login_history.created_at IS 'When it was made.';

COMMENT ON COLUMN service.login_history.updated_at IS 'When it changed.';

CREATE TABLE service.backup_codes (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT NOT NULL, 
	code_hash VARCHAR(64) NOT NULL, 
	is_used BOOLEAN DEFAULT 'false' NOT NULL, 
	used_at TIMESTAMP WITH TIME ZONE, 
	ip_address VARCHAR(45), 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_backup_codes PRIMARY KEY (id), 
	CONSTRAINT fk_backup_codes_user_id FOREIGN KEY(user_id) REFERENCES service.users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_backup_codes_code_hash UNIQUE (code_hash)
);

CREATE INDEX ix_backup_codes_user_unused ON service.backup_codes (user_id, is_used);

COMMENT ON TABLE service.backup_codes IS 'Codes that stand in for a second factor, once each.';

COMMENT ON COLUMN service.backup_codes.id IS 'Number of the code.';

COMMENT ON COLUMN service.backup_codes.user_id IS 'Whose it is.';

COMMENT ON COLUMN service.backup_codes.code_hash IS 'SHA-256 of the code.';

COMMENT ON COLUMN service.backup_codes.is_used IS 'It was used.';

COMMENT ON COLUMN service.backup_codes.used_at IS 'When it was used.';

COMMENT ON COLUMN service.backup_codes.ip_address IS 'Address it was used from.';

COMMENT ON COLUMN service.backup_codes.created_at IS 'When it was made.';

COMMENT ON COLUMN service.backup_codes.updated_at IS 'When it changed.';

CREATE TABLE service.one_time_link (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT NOT NULL, 
	purpose VARCHAR(20) NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	details JSONB, 
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	used_at TIMESTAMP WITH TIME ZONE, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_one_time_link PRIMARY KEY (id), 
	CONSTRAINT ck_one_time_link_purpose CHECK (purpose IN ('invitation', 'password_reset', 'acknowledge')), 
	CONSTRAINT fk_one_time_link_user_id FOREIGN KEY(user_id) REFERENCES service.users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_one_time_link_token_hash UNIQUE (token_hash)
);

CREATE INDEX ix_one_time_link_user_id ON service.one_time_link (user_id);

COMMENT ON TABLE service.one_time_link IS 'Links that may be followed once: to set a password, to acknowledge from a message.';

COMMENT ON COLUMN service.one_time_link.id IS 'Number of the link.';

COMMENT ON COLUMN service.one_time_link.user_id IS 'Whose it is.';

COMMENT ON COLUMN service.one_time_link.purpose IS 'What it is for.';

COMMENT ON COLUMN service.one_time_link.token_hash IS 'SHA-256 of the token.';

COMMENT ON COLUMN service.one_time_link.details IS 'What it is about.';

COMMENT ON COLUMN service.one_time_link.expires_at IS 'It may be followed until then.';

COMMENT ON COLUMN service.one_time_link.used_at IS 'When it was followed.';

COMMENT ON COLUMN service.one_time_link.created_at IS 'When it was made.';

COMMENT ON COLUMN service.one_time_link.updated_at IS 'When it changed.';

CREATE TABLE service.system_logs (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT, 
	action VARCHAR(100) NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	details JSONB, 
	error_message VARCHAR(2000), 
	request_id VARCHAR(64), 
	ip_address VARCHAR(45), 
	api_key_id BIGINT, 
	site VARCHAR(31), 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_system_logs PRIMARY KEY (id), 
	CONSTRAINT fk_system_logs_user_id FOREIGN KEY(user_id) REFERENCES service.users (id)
);

CREATE INDEX idx_system_log_time_status ON service.system_logs (created_at, status);

CREATE INDEX idx_system_log_user_time ON service.system_logs (user_id, created_at);

COMMENT ON TABLE service.system_logs IS 'What people, keys and the service did: rows are added, never changed.';

COMMENT ON COLUMN service.system_logs.id IS 'Number of the line.';

COMMENT ON COLUMN service.system_logs.user_id IS 'Who did it; NULL: the service itself.';

COMMENT ON COLUMN service.system_logs.action IS 'What was done, such as key.revoke.';

COMMENT ON COLUMN service.system_logs.status IS 'success, failure or refused.';

COMMENT ON COLUMN service.system_logs.details IS 'About what, and from what to what; nothing secret.';

COMMENT ON COLUMN service.system_logs.error_message IS 'Why it did not succeed.';

COMMENT ON COLUMN service.system_logs.request_id IS 'Request that it was part of.';

COMMENT ON COLUMN service.system_logs.ip_address IS 'Address it came from.';

COMMENT ON COLUMN service.system_logs.api_key_id IS 'Key that it was done with.';

COMMENT ON COLUMN service.system_logs.site IS 'Site that it was about.';

COMMENT ON COLUMN service.system_logs.created_at IS 'When it was made.';

COMMENT ON COLUMN service.system_logs.updated_at IS 'When it changed.';

CREATE TABLE service.api_keys (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT NOT NULL, 
	key_hash VARCHAR(64) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	prefix VARCHAR(12) NOT NULL, 
	scopes VARCHAR(60)[] DEFAULT '{}' NOT NULL, 
	rate_limit INTEGER DEFAULT '600' NOT NULL, 
	last_used_at TIMESTAMP WITH TIME ZONE, 
	is_active BOOLEAN DEFAULT 'true' NOT NULL, 
	expires_at TIMESTAMP WITH TIME ZONE, 
	sites VARCHAR(60)[] DEFAULT '{}' NOT NULL, 
	knowledge_ceiling TIMESTAMP WITH TIME ZONE, 
	revoked_at TIMESTAMP WITH TIME ZONE, 
	warned_at TIMESTAMP WITH TIME ZONE, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_api_keys PRIMARY KEY (id), 
	CONSTRAINT ck_api_keys_rate_limit CHECK (rate_limit > 0), 
	CONSTRAINT fk_api_keys_user_id FOREIGN KEY(user_id) REFERENCES service.users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_api_keys_key_hash UNIQUE (key_hash), 
	CONSTRAINT uq_api_keys_prefix UNIQUE (prefix)
);

CREATE INDEX ix_api_keys_is_active ON service.api_keys (is_active);

CREATE INDEX ix_api_keys_user_id ON service.api_keys (user_id);

COMMENT ON TABLE service.api_keys IS 'Keys of programs; the secret was shown once.';

COMMENT ON COLUMN service.api_keys.id IS 'Number of the key.';

COMMENT ON COLUMN service.api_keys.user_id IS 'Whose it is.';

COMMENT ON COLUMN service.api_keys.key_hash IS 'Keyed checksum of the secret.';

COMMENT ON COLUMN service.api_keys.name IS 'What it is for.';

COMMENT ON COLUMN service.api_keys.prefix IS 'The key''s own identifier, which it begins with.';

COMMENT ON COLUMN service.api_keys.scopes IS 'What it may do.';

COMMENT ON COLUMN service.api_keys.rate_limit IS 'Requests a minute.';

COMMENT ON COLUMN service.api_keys.last_used_at IS 'When it was used last, to the second.';

COMMENT ON COLUMN service.api_keys.is_active IS 'It has not been revoked.';

COMMENT ON COLUMN service.api_keys.expires_at IS 'It ends then.';

COMMENT ON COLUMN service.api_keys.sites IS 'Sites that it sees, of those that its owner sees; *: all of them.';

COMMENT ON COLUMN service.api_keys.knowledge_ceiling IS 'It sees what was known then, and nothing that became known later.';

COMMENT ON COLUMN service.api_keys.revoked_at IS 'When it was revoked.';

COMMENT ON COLUMN service.api_keys.warned_at IS 'When its owner was told that it ends soon.';

COMMENT ON COLUMN service.api_keys.created_at IS 'When it was made.';

COMMENT ON COLUMN service.api_keys.updated_at IS 'When it changed.';

CREATE TABLE service.api_request_logs (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	endpoint VARCHAR(255) NOT NULL, 
	method VARCHAR(10) NOT NULL, 
	status_code INTEGER NOT NULL, 
	request_time TIMESTAMP WITH TIME ZONE NOT NULL, 
	response_time_ms DOUBLE PRECISION NOT NULL, 
	request_size_bytes INTEGER, 
	response_size_bytes INTEGER, 
	ip_address VARCHAR(45), 
	user_agent TEXT, 
	api_key_id BIGINT, 
	error_message TEXT, 
	request_payload_sample JSONB, 
	response_payload_sample JSONB, 
	request_id VARCHAR(64), 
	user_id BIGINT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_api_request_logs PRIMARY KEY (id, request_time), 
	CONSTRAINT fk_api_request_logs_api_key_id FOREIGN KEY(api_key_id) REFERENCES service.api_keys (id)
)
 PARTITION BY RANGE (request_time);

CREATE INDEX ix_api_request_logs_api_key_id ON service.api_request_logs (api_key_id, request_time);

CREATE INDEX ix_api_request_logs_request_id ON service.api_request_logs (request_id);

COMMENT ON TABLE service.api_request_logs IS 'Requests to the service, a part for each day.';

COMMENT ON COLUMN service.api_request_logs.id IS 'Number.';

COMMENT ON COLUMN service.api_request_logs.endpoint IS 'Route, as the service names it.';

COMMENT ON COLUMN service.api_request_logs.method IS 'Method.';

COMMENT ON COLUMN service.api_request_logs.status_code IS 'Status of the answer.';

COMMENT ON COLUMN service.api_request_logs.request_time IS 'When it came.';

COMMENT ON COLUMN service.api_request_logs.response_time_ms IS 'How long it took.';

COMMENT ON COLUMN service.api_request_logs.request_size_bytes IS 'Bytes of the body that came.';

COMMENT ON COLUMN service.api_request_logs.response_size_bytes IS 'Bytes of the body that was sent.';

COMMENT ON COLUMN service.api_request_logs.ip_address IS 'Address it came from.';

COMMENT ON COLUMN service.api_request_logs.user_agent IS 'Program it came from, as that says.';

COMMENT ON COLUMN service.api_request_logs.api_key_id IS 'Key it came with.';

COMMENT ON COLUMN service.api_request_logs.error_message IS 'What was wrong, in the service''s own words.';

COMMENT ON COLUMN service.api_request_logs.request_payload_sample IS 'Always NULL: bodies are not kept.';

COMMENT ON COLUMN service.api_request_logs.response_payload_sample IS 'Always NULL: bodies are not kept.';

COMMENT ON COLUMN service.api_request_logs.request_id IS 'Number of the request, in all logs.';

COMMENT ON COLUMN service.api_request_logs.user_id IS 'Person it came from.';

COMMENT ON COLUMN service.api_request_logs.created_at IS 'When it was made.';

COMMENT ON COLUMN service.api_request_logs.updated_at IS 'When it changed.';

CREATE TABLE service.api_metrics_summary (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	period_start TIMESTAMP WITH TIME ZONE NOT NULL, 
	period_end TIMESTAMP WITH TIME ZONE NOT NULL, 
	aggregation_type VARCHAR(10) NOT NULL, 
	total_requests INTEGER DEFAULT '0' NOT NULL, 
	successful_requests INTEGER DEFAULT '0' NOT NULL, 
	failed_requests INTEGER DEFAULT '0' NOT NULL, 
	avg_response_time_ms DOUBLE PRECISION, 
	p50_response_time_ms DOUBLE PRECISION, 
	p95_response_time_ms DOUBLE PRECISION, 
	p99_response_time_ms DOUBLE PRECISION, 
	requests_per_second DOUBLE PRECISION, 
	error_rate DOUBLE PRECISION, 
	endpoint_metrics JSONB, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_api_metrics_summary PRIMARY KEY (id), 
	CONSTRAINT ck_api_metrics_summary_aggregation_type CHECK (aggregation_type IN ('minute', 'hour', 'day'))
);

CREATE UNIQUE INDEX ix_api_metrics_summary_period_type ON service.api_metrics_summary (period_start, aggregation_type);

COMMENT ON TABLE service.api_metrics_summary IS 'Requests by minute, hour and day; figures of a longer period come from its shorter ones'' histograms.';

COMMENT ON COLUMN service.api_metrics_summary.id IS 'Number of the row.';

COMMENT ON COLUMN service.api_metrics_summary.period_start IS 'First instant.';

COMMENT ON COLUMN service.api_metrics_summary.period_end IS 'First instant after it.';

COMMENT ON COLUMN service.api_metrics_summary.aggregation_type IS 'minute, hour or day.';

COMMENT ON COLUMN service.api_metrics_summary.total_requests IS 'Requests.';

COMMENT ON COLUMN service.api_metrics_summary.successful_requests IS 'Requests with a status below 400.';

COMMENT ON COLUMN service.api_metrics_summary.failed_requests IS 'The others.';

COMMENT ON COLUMN service.api_metrics_summary.avg_response_time_ms IS 'Mean time.';

COMMENT ON COLUMN service.api_metrics_summary.p50_response_time_ms IS 'Half were quicker.';

COMMENT ON COLUMN service.api_metrics_summary.p95_response_time_ms IS '95 of 100 were quicker.';

COMMENT ON COLUMN service.api_metrics_summary.p99_response_time_ms IS '99 of 100 were quicker.';

COMMENT ON COLUMN service.api_metrics_summary.requests_per_second IS 'Requests a second, over the whole period.';

COMMENT ON COLUMN service.api_metrics_summary.error_rate IS 'Share that failed.';

COMMENT ON COLUMN service.api_metrics_summary.endpoint_metrics IS 'Of each endpoint: requests, failures, sum, histogram of times.';

COMMENT ON COLUMN service.api_metrics_summary.created_at IS 'When it was made.';

COMMENT ON COLUMN service.api_metrics_summary.updated_at IS 'When it changed.';

CREATE TABLE service.idempotency_key (
	caller VARCHAR(40) NOT NULL, 
	route VARCHAR(200) NOT NULL, 
	key VARCHAR(255) NOT NULL, 
	request_hash VARCHAR(64) NOT NULL, 
	status_code INTEGER, 
	headers JSONB, 
	body BYTEA, 
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_idempotency_key PRIMARY KEY (caller, route, key)
);

CREATE INDEX ix_idempotency_key_expires_at ON service.idempotency_key (expires_at);

COMMENT ON TABLE service.idempotency_key IS 'Answers that a repeated request gets again: written in the transaction of what it did.';

COMMENT ON COLUMN service.idempotency_key.caller IS 'Whose request it was, such as key:12 or user:3.';

COMMENT ON COLUMN service.idempotency_key.route IS 'Method and route.';

COMMENT ON COLUMN service.idempotency_key.key IS 'Idempotency-Key of the request.';

COMMENT ON COLUMN service.idempotency_key.request_hash IS 'SHA-256 of the body.';

COMMENT ON COLUMN service.idempotency_key.status_code IS 'Status of the answer; NULL while the first is under way.';

COMMENT ON COLUMN service.idempotency_key.headers IS 'Headers of the answer that are repeated.';

COMMENT ON COLUMN service.idempotency_key.body IS 'Body of the answer.';

COMMENT ON COLUMN service.idempotency_key.expires_at IS 'It is forgotten then.';

COMMENT ON COLUMN service.idempotency_key.created_at IS 'When it was made.';

COMMENT ON COLUMN service.idempotency_key.updated_at IS 'When it changed.';

CREATE TABLE service.notification_preferences (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT NOT NULL, 
	event_type VARCHAR(60) NOT NULL, 
	email_enabled BOOLEAN DEFAULT 'true' NOT NULL, 
	in_app_enabled BOOLEAN DEFAULT 'true' NOT NULL, 
	slack_enabled BOOLEAN DEFAULT 'false' NOT NULL, 
	webhook_enabled BOOLEAN DEFAULT 'true' NOT NULL, 
	email_frequency VARCHAR(10) DEFAULT 'immediate' NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_notification_preferences PRIMARY KEY (id), 
	CONSTRAINT ck_notification_preferences_email_frequency CHECK (email_frequency IN ('immediate', 'hourly', 'daily', 'weekly', 'never')), 
	CONSTRAINT uq_user_event_type UNIQUE (user_id, event_type), 
	CONSTRAINT fk_notification_preferences_user_id FOREIGN KEY(user_id) REFERENCES service.users (id) ON DELETE CASCADE
);

COMMENT ON TABLE service.notification_preferences IS 'How a person wants to be told of a kind of event.';

COMMENT ON COLUMN service.notification_preferences.id IS 'Number of the row.';

COMMENT ON COLUMN service.notification_preferences.user_id IS 'Whose it is.';

COMMENT ON COLUMN service.notification_preferences.event_type IS 'Kind of event.';

COMMENT ON COLUMN service.notification_preferences.email_enabled IS 'By mail.';

COMMENT ON COLUMN service.notification_preferences.in_app_enabled IS 'In the console.';

COMMENT ON COLUMN service.notification_preferences.slack_enabled IS 'In the chat that an admin set up.';

COMMENT ON COLUMN service.notification_preferences.webhook_enabled IS 'By the person''s webhooks.';

COMMENT ON COLUMN service.notification_preferences.email_frequency IS 'When mail goes.';

COMMENT ON COLUMN service.notification_preferences.created_at IS 'When it was made.';

COMMENT ON COLUMN service.notification_preferences.updated_at IS 'When it changed.';

CREATE TABLE service.event_mute (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT NOT NULL, 
	object_kind VARCHAR(40) NOT NULL, 
	object_id VARCHAR(120) NOT NULL, 
	event_type VARCHAR(60), 
	reason VARCHAR(500), 
	until TIMESTAMP WITH TIME ZONE, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_event_mute PRIMARY KEY (id), 
	CONSTRAINT fk_event_mute_user_id FOREIGN KEY(user_id) REFERENCES service.users (id) ON DELETE CASCADE
);

CREATE INDEX ix_event_mute_user_id ON service.event_mute (user_id, object_kind, object_id);

COMMENT ON TABLE service.event_mute IS 'Objects that a person does not want to hear of.';

COMMENT ON COLUMN service.event_mute.id IS 'Number of the row.';

COMMENT ON COLUMN service.event_mute.user_id IS 'Whose it is.';

COMMENT ON COLUMN service.event_mute.object_kind IS 'Kind of object, such as incident or string.';

COMMENT ON COLUMN service.event_mute.object_id IS 'Which one.';

COMMENT ON COLUMN service.event_mute.event_type IS 'Kind of event; NULL: all.';

COMMENT ON COLUMN service.event_mute.reason IS 'Why.';

COMMENT ON COLUMN service.event_mute.until IS 'It ends then; NULL: never.';

COMMENT ON COLUMN service.event_mute.created_at IS 'When it was made.';

COMMENT ON COLUMN service.event_mute.updated_at IS 'When it changed.';

CREATE TABLE service.outbox (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	event_id UUID DEFAULT gen_random_uuid() NOT NULL, 
	event_type VARCHAR(60) NOT NULL, 
	severity VARCHAR(8) DEFAULT 'info' NOT NULL, 
	site VARCHAR(31), 
	object_kind VARCHAR(40), 
	object_id VARCHAR(120), 
	group_key VARCHAR(160), 
	dedupe_key VARCHAR(255), 
	payload JSONB NOT NULL, 
	next_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	delivered_at TIMESTAMP WITH TIME ZONE, 
	last_error TEXT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_outbox PRIMARY KEY (id), 
	CONSTRAINT ck_outbox_severity CHECK (severity IN ('info', 'warning', 'critical')), 
	CONSTRAINT uq_outbox_event_id UNIQUE (event_id), 
	CONSTRAINT uq_outbox_dedupe_key UNIQUE (dedupe_key)
);

CREATE INDEX ix_outbox_next_at ON service.outbox (next_at) WHERE delivered_at IS NULL;

CREATE INDEX ix_outbox_object ON service.outbox (object_kind, object_id);

COMMENT ON TABLE service.outbox IS 'Events to be told, written in the transaction of what happened.';

COMMENT ON COLUMN service.outbox.id IS 'Number of the event.';

COMMENT ON COLUMN service.outbox.event_id IS 'Identifier that every message of it carries.';

COMMENT ON COLUMN service.outbox.event_type IS 'Kind of event, such as alert.critical.';

COMMENT ON COLUMN service.outbox.severity IS 'Critical goes at once.';

COMMENT ON COLUMN service.outbox.site IS 'Site that it is about; NULL: none.';

COMMENT ON COLUMN service.outbox.object_kind IS 'Kind of object that it is about.';

COMMENT ON COLUMN service.outbox.object_id IS 'Which one.';

COMMENT ON COLUMN service.outbox.group_key IS 'What digests put together: the incident, where there is one.';

COMMENT ON COLUMN service.outbox.dedupe_key IS 'The same event is not told twice.';

COMMENT ON COLUMN service.outbox.payload IS 'What happened.';

COMMENT ON COLUMN service.outbox.next_at IS 'A worker takes it from then on.';

COMMENT ON COLUMN service.outbox.attempts IS 'How often a worker took it.';

COMMENT ON COLUMN service.outbox.delivered_at IS 'When a delivery was written for everyone who is to be told.';

COMMENT ON COLUMN service.outbox.last_error IS 'Why the last attempt failed.';

COMMENT ON COLUMN service.outbox.created_at IS 'When it was made.';

COMMENT ON COLUMN service.outbox.updated_at IS 'When it changed.';

CREATE TABLE service.webhook_configurations (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT NOT NULL, 
	provider_type VARCHAR(20) NOT NULL, 
	webhook_url TEXT NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	description TEXT, 
	is_active BOOLEAN DEFAULT 'true' NOT NULL, 
	enabled_events JSONB DEFAULT '[]' NOT NULL, 
	settings JSONB DEFAULT '{}' NOT NULL, 
	last_used_at TIMESTAMP WITH TIME ZONE, 
	last_error TEXT, 
	consecutive_failures INTEGER DEFAULT '0' NOT NULL, 
	secret TEXT, 
	previous_secret TEXT, 
	previous_until TIMESTAMP WITH TIME ZONE, 
	failing_since TIMESTAMP WITH TIME ZONE, 
	warned_at TIMESTAMP WITH TIME ZONE, 
	disabled_at TIMESTAMP WITH TIME ZONE, 
	disabled_reason VARCHAR(255), 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_webhook_configurations PRIMARY KEY (id), 
	CONSTRAINT uq_user_webhook_url UNIQUE (user_id, webhook_url), 
	CONSTRAINT fk_webhook_configurations_user_id FOREIGN KEY(user_id) REFERENCES service.users (id) ON DELETE CASCADE
);

CREATE INDEX ix_webhook_configurations_is_active ON service.webhook_configurations (is_active);

CREATE INDEX ix_webhook_configurations_provider_type ON service.webhook_configurations (provider_type);

COMMENT ON TABLE service.webhook_configurations IS 'Addresses that are told of events.';

COMMENT ON COLUMN service.webhook_configurations.id IS 'Number of the address.';

COMMENT ON COLUMN service.webhook_configurations.user_id IS 'Whose it is.';

COMMENT ON COLUMN service.webhook_configurations.provider_type IS 'standard, slack or teams.';

COMMENT ON COLUMN service.webhook_configurations.webhook_url IS 'Address.';

COMMENT ON COLUMN service.webhook_configurations.name IS 'What it is for.';

COMMENT ON COLUMN service.webhook_configurations.description IS 'In words.';

COMMENT ON COLUMN service.webhook_configurations.is_active IS 'It is told.';

COMMENT ON COLUMN service.webhook_configurations.enabled_events IS 'Kinds of events that it is told of.';

COMMENT ON COLUMN service.webhook_configurations.settings IS 'What the provider needs; nothing secret.';

COMMENT ON COLUMN service.webhook_configurations.last_used_at IS 'When it was told last.';

COMMENT ON COLUMN service.webhook_configurations.last_error IS 'Why the last attempt failed.';

COMMENT ON COLUMN service.webhook_configurations.consecutive_failures IS 'Attempts that failed since the last that did not.';

COMMENT ON COLUMN service.webhook_configurations.secret IS 'Secret of its signatures, encrypted.';

COMMENT ON COLUMN service.webhook_configurations.previous_secret IS 'The secret before it, encrypted.';

COMMENT ON COLUMN service.webhook_configurations.previous_until IS 'Messages are signed with both until then.';

COMMENT ON COLUMN service.webhook_configurations.failing_since IS 'When the attempts began to fail.';

COMMENT ON COLUMN service.webhook_configurations.warned_at IS 'When its owner was told that it will be switched off.';

COMMENT ON COLUMN service.webhook_configurations.disabled_at IS 'When it was switched off.';

COMMENT ON COLUMN service.webhook_configurations.disabled_reason IS 'Why.';

COMMENT ON COLUMN service.webhook_configurations.created_at IS 'When it was made.';

COMMENT ON COLUMN service.webhook_configurations.updated_at IS 'When it changed.';

CREATE TABLE service.delivery (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	outbox_id BIGINT NOT NULL, 
	channel VARCHAR(10) NOT NULL, 
	user_id BIGINT, 
	webhook_config_id BIGINT, 
	message_id UUID DEFAULT gen_random_uuid() NOT NULL, 
	next_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	delivered_at TIMESTAMP WITH TIME ZONE, 
	given_up_at TIMESTAMP WITH TIME ZONE, 
	last_error TEXT, 
	read_at TIMESTAMP WITH TIME ZONE, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_delivery PRIMARY KEY (id), 
	CONSTRAINT ck_delivery_channel CHECK (channel IN ('email', 'in_app', 'slack', 'webhook')), 
	CONSTRAINT uq_delivery_outbox_id_channel_user_id_webhook_config_id UNIQUE NULLS NOT DISTINCT (outbox_id, channel, user_id, webhook_config_id), 
	CONSTRAINT fk_delivery_outbox_id FOREIGN KEY(outbox_id) REFERENCES service.outbox (id) ON DELETE CASCADE, 
	CONSTRAINT fk_delivery_user_id FOREIGN KEY(user_id) REFERENCES service.users (id) ON DELETE CASCADE, 
	CONSTRAINT fk_delivery_webhook_config_id FOREIGN KEY(webhook_config_id) REFERENCES service.webhook_configurations (id) ON DELETE CASCADE, 
	CONSTRAINT uq_delivery_message_id UNIQUE (message_id)
);

CREATE INDEX ix_delivery_next_at ON service.delivery (next_at) WHERE delivered_at IS NULL AND given_up_at IS NULL;

CREATE INDEX ix_delivery_user_id ON service.delivery (user_id, channel, read_at);

CREATE INDEX ix_delivery_webhook_config_id ON service.delivery (webhook_config_id);

COMMENT ON TABLE service.delivery IS 'One event to one person or address by one channel; the lease is how it is taken up again.';

COMMENT ON COLUMN service.delivery.id IS 'Number of the delivery.';

COMMENT ON COLUMN service.delivery.outbox_id IS 'Event.';

COMMENT ON COLUMN service.delivery.channel IS 'email, in_app, slack or webhook.';

COMMENT ON COLUMN service.delivery.user_id IS 'Person.';

COMMENT ON COLUMN service.delivery.webhook_config_id IS 'Address.';

COMMENT ON COLUMN service.delivery.message_id IS 'Identifier of the message, the same at each attempt.';

COMMENT ON COLUMN service.delivery.next_at IS 'A worker takes it from then on.';

COMMENT ON COLUMN service.delivery.attempts IS 'How often a worker took it.';

COMMENT ON COLUMN service.delivery.delivered_at IS 'When it was delivered.';

COMMENT ON COLUMN service.delivery.given_up_at IS 'When no more attempts were made.';

COMMENT ON COLUMN service.delivery.last_error IS 'Why the last attempt failed.';

COMMENT ON COLUMN service.delivery.read_at IS 'When the person read it in the console.';

COMMENT ON COLUMN service.delivery.created_at IS 'When it was made.';

COMMENT ON COLUMN service.delivery.updated_at IS 'When it changed.';

CREATE TABLE service.email_logs (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT, 
	recipient_email VARCHAR(255) NOT NULL, 
	event_type VARCHAR(60) NOT NULL, 
	subject VARCHAR(255) NOT NULL, 
	template_name VARCHAR(60), 
	event_data JSONB, 
	provider VARCHAR(20), 
	message_id VARCHAR(255), 
	status VARCHAR(20) NOT NULL, 
	error_message TEXT, 
	sent_at TIMESTAMP WITH TIME ZONE, 
	delivered_at TIMESTAMP WITH TIME ZONE, 
	opened_at TIMESTAMP WITH TIME ZONE, 
	clicked_at TIMESTAMP WITH TIME ZONE, 
	retry_count INTEGER DEFAULT '0' NOT NULL, 
	delivery_id BIGINT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_email_logs PRIMARY KEY (id), 
	CONSTRAINT fk_email_logs_user_id FOREIGN KEY(user_id) REFERENCES service.users (id) ON DELETE SET NULL, 
	CONSTRAINT uq_email_logs_message_id UNIQUE (message_id), 
	CONSTRAINT fk_email_logs_delivery_id FOREIGN KEY(delivery_id) REFERENCES service.delivery (id) ON DELETE SET NULL
);

CREATE INDEX ix_email_logs_user_id ON service.email_logs (user_id);

COMMENT ON TABLE service.email_logs IS 'Mails, and what the mail server said of them.';

COMMENT ON COLUMN service.email_logs.id IS 'Number of the mail.';

COMMENT ON COLUMN service.email_logs.user_id IS 'Whom it was for.';

COMMENT ON COLUMN service.email_logs.recipient_email IS 'Address it went to.';

COMMENT ON COLUMN service.email_logs.event_type IS 'Kind of event, or digest.';

COMMENT ON COLUMN service.email_logs.subject IS 'Subject.';

COMMENT ON COLUMN service.email_logs.template_name IS 'How it was written.';

COMMENT ON COLUMN service.email_logs.event_data IS 'What it said.';

COMMENT ON COLUMN service.email_logs.provider IS 'How it went: smtp.';

COMMENT ON COLUMN service.email_logs.message_id IS 'Message-ID.';

COMMENT ON COLUMN service.email_logs.status IS 'queued, sent, failed or bounced.';

COMMENT ON COLUMN service.email_logs.error_message IS 'Why it failed.';

COMMENT ON COLUMN service.email_logs.sent_at IS 'When the server took it.';

COMMENT ON COLUMN service.email_logs.delivered_at IS 'NULL unless the server reports it.';

COMMENT ON COLUMN service.email_logs.opened_at IS 'Always NULL: that would need a picture that tells on its reader.';

COMMENT ON COLUMN service.email_logs.clicked_at IS 'Always NULL: that would need links that tell on their reader.';

COMMENT ON COLUMN service.email_logs.retry_count IS 'Attempts after the first.';

COMMENT ON COLUMN service.email_logs.delivery_id IS 'Delivery it is part of.';

COMMENT ON COLUMN service.email_logs.created_at IS 'When it was made.';

COMMENT ON COLUMN service.email_logs.updated_at IS 'When it changed.';

CREATE TABLE service.email_digest_queue (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	user_id BIGINT NOT NULL, 
	event_type VARCHAR(60) NOT NULL, 
	event_data JSONB, 
	scheduled_for TIMESTAMP WITH TIME ZONE NOT NULL, 
	included_in_digest BOOLEAN DEFAULT 'false' NOT NULL, 
	outbox_id BIGINT, 
	group_key VARCHAR(160), 
	taken_until TIMESTAMP WITH TIME ZONE, 
	email_log_id BIGINT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_email_digest_queue PRIMARY KEY (id), 
	CONSTRAINT uq_email_digest_queue_user_id_outbox_id UNIQUE (user_id, outbox_id), 
	CONSTRAINT fk_email_digest_queue_user_id FOREIGN KEY(user_id) REFERENCES service.users (id) ON DELETE CASCADE, 
	CONSTRAINT fk_email_digest_queue_outbox_id FOREIGN KEY(outbox_id) REFERENCES service.outbox (id) ON DELETE CASCADE, 
	CONSTRAINT fk_email_digest_queue_email_log_id FOREIGN KEY(email_log_id) REFERENCES service.email_logs (id) ON DELETE SET NULL
);

CREATE INDEX idx_digest_queue_event_scheduled ON service.email_digest_queue (event_type, scheduled_for);

CREATE INDEX idx_digest_queue_included ON service.email_digest_queue (included_in_digest, scheduled_for);

CREATE INDEX idx_digest_queue_user_scheduled ON service.email_digest_queue (user_id, scheduled_for);

COMMENT ON TABLE service.email_digest_queue IS 'Events that wait for a person''s next digest.';

COMMENT ON COLUMN service.email_digest_queue.id IS 'Number of the row.';

COMMENT ON COLUMN service.email_digest_queue.user_id IS 'Whose it is.';

COMMENT ON COLUMN service.email_digest_queue.event_type IS 'Kind of event.';

COMMENT ON COLUMN service.email_digest_queue.event_data IS 'What happened.';

COMMENT ON COLUMN service.email_digest_queue.scheduled_for IS 'When the digest goes.';

COMMENT ON COLUMN service.email_digest_queue.included_in_digest IS 'It went.';

COMMENT ON COLUMN service.email_digest_queue.outbox_id IS 'Event.';

COMMENT ON COLUMN service.email_digest_queue.group_key IS 'What the digest puts together.';

COMMENT ON COLUMN service.email_digest_queue.taken_until IS 'A worker has it until then.';

COMMENT ON COLUMN service.email_digest_queue.email_log_id IS 'Mail that it went in.';

COMMENT ON COLUMN service.email_digest_queue.created_at IS 'When it was made.';

COMMENT ON COLUMN service.email_digest_queue.updated_at IS 'When it changed.';

CREATE TABLE service.webhook_logs (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	webhook_config_id BIGINT NOT NULL, 
	user_id BIGINT, 
	event_type VARCHAR(60) NOT NULL, 
	provider_type VARCHAR(20) NOT NULL, 
	webhook_url TEXT NOT NULL, 
	payload JSONB, 
	status VARCHAR(20) NOT NULL, 
	http_status_code INTEGER, 
	response_body TEXT, 
	error_message TEXT, 
	retry_count INTEGER DEFAULT '0' NOT NULL, 
	sent_at TIMESTAMP WITH TIME ZONE, 
	message_id VARCHAR(64), 
	delivery_id BIGINT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_webhook_logs PRIMARY KEY (id), 
	CONSTRAINT fk_webhook_logs_webhook_config_id FOREIGN KEY(webhook_config_id) REFERENCES service.webhook_configurations (id) ON DELETE CASCADE, 
	CONSTRAINT fk_webhook_logs_user_id FOREIGN KEY(user_id) REFERENCES service.users (id) ON DELETE SET NULL, 
	CONSTRAINT fk_webhook_logs_delivery_id FOREIGN KEY(delivery_id) REFERENCES service.delivery (id) ON DELETE SET NULL
);

CREATE INDEX ix_webhook_logs_message_id ON service.webhook_logs (message_id);

CREATE INDEX ix_webhook_logs_webhook_config_id ON service.webhook_logs (webhook_config_id);

COMMENT ON TABLE service.webhook_logs IS 'Attempts to tell an address, each with what it answered.';

COMMENT ON COLUMN service.webhook_logs.id IS 'Number of the attempt.';

COMMENT ON COLUMN service.webhook_logs.webhook_config_id IS 'Address.';

COMMENT ON COLUMN service.webhook_logs.user_id IS 'Whose address it is.';

COMMENT ON COLUMN service.webhook_logs.event_type IS 'Kind of event.';

COMMENT ON COLUMN service.webhook_logs.provider_type IS 'Provider.';

COMMENT ON COLUMN service.webhook_logs.webhook_url IS 'Address it went to.';

COMMENT ON COLUMN service.webhook_logs.payload IS 'What was sent.';

COMMENT ON COLUMN service.webhook_logs.status IS 'sent, failed, refused or disabled.';

COMMENT ON COLUMN service.webhook_logs.http_status_code IS 'Status that it answered.';

COMMENT ON COLUMN service.webhook_logs.response_body IS 'First part of what it answered, for admins.';

COMMENT ON COLUMN service.webhook_logs.error_message IS 'Why it failed.';

COMMENT ON COLUMN service.webhook_logs.retry_count IS 'Attempts before this one.';

COMMENT ON COLUMN service.webhook_logs.sent_at IS 'When it was sent.';

COMMENT ON COLUMN service.webhook_logs.message_id IS 'webhook-id that it carried.';

COMMENT ON COLUMN service.webhook_logs.delivery_id IS 'Delivery it is part of.';

COMMENT ON COLUMN service.webhook_logs.created_at IS 'When it was made.';

COMMENT ON COLUMN service.webhook_logs.updated_at IS 'When it changed.';

CREATE TABLE service.webhook_network (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	network CIDR NOT NULL, 
	port INTEGER, 
	comment VARCHAR(255), 
	created_by BIGINT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_webhook_network PRIMARY KEY (id), 
	CONSTRAINT uq_webhook_network_network_port UNIQUE NULLS NOT DISTINCT (network, port), 
	CONSTRAINT fk_webhook_network_created_by FOREIGN KEY(created_by) REFERENCES service.users (id) ON DELETE SET NULL
);

COMMENT ON TABLE service.webhook_network IS 'Networks inside which an admin allows webhooks.';

COMMENT ON COLUMN service.webhook_network.id IS 'Number of the row.';

COMMENT ON COLUMN service.webhook_network.network IS 'Network.';

COMMENT ON COLUMN service.webhook_network.port IS 'Port; NULL: those that are allowed everywhere.';

COMMENT ON COLUMN service.webhook_network.comment IS 'What stands there.';

COMMENT ON COLUMN service.webhook_network.created_by IS 'Who allowed it.';

COMMENT ON COLUMN service.webhook_network.created_at IS 'When it was made.';

COMMENT ON COLUMN service.webhook_network.updated_at IS 'When it changed.';

-- What each key asked for: the reference's columns, of the one log of requests.
CREATE VIEW service.api_usage AS
SELECT id, api_key_id, endpoint, method, status_code, round(response_time_ms)::int AS response_time_ms,
       request_time AS "timestamp"
FROM service.api_request_logs
WHERE api_key_id IS NOT NULL;

-- Accounts as the fleet's schema names people: accounts, and people of the sites' master data who have none.
CREATE OR REPLACE VIEW fleet."user" AS
SELECT a.user_id, a.email, a.name, a.role,
       (SELECT jsonb_agg(l.location_id ORDER BY l.location_code) FROM fleet.location l
        WHERE l.site = ANY (a.sites) OR '*' = ANY (a.sites)) AS location_ids,
       a.is_active, a.created_at, a.updated_at, NULL::varchar(31) AS site
FROM service.users a
UNION ALL
SELECT m.user_id, m.email, m.name, m.role, m.location_ids, m.is_active, m.created_at, m.updated_at, m.site
FROM service."user" m
WHERE NOT EXISTS (SELECT FROM service.users a WHERE a.user_id = m.user_id);

-- Accounts in the words of the lab training schema. A password's checksum is in no view.
CREATE VIEW lab_training."user" AS
SELECT id, username AS user_name, email, NULL::varchar(255) AS password, NULL::varchar(500) AS path
FROM service.users;

-- Who made it, where a person did.
CREATE FUNCTION service.person(number bigint) RETURNS uuid LANGUAGE sql STABLE
RETURN (SELECT user_id FROM service.users WHERE id = number);

CREATE OR REPLACE VIEW dataset_job.users AS
SELECT user_id AS id, email, NULL::varchar(255) AS password_hash, role, created_at, updated_at
FROM service.users;

CREATE OR REPLACE VIEW dataset_job.datasets AS
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

CREATE OR REPLACE VIEW dataset_job.jobs AS
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

-- What is refused to a key, or to its owner, is refused at once: whoever keeps the row in mind forgets it.
CREATE FUNCTION service.tell_key_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('NOTIFY key_revoked, %L', OLD.prefix);
    RETURN NULL;
END
$$;

CREATE TRIGGER tell_key_revoked
    AFTER DELETE OR UPDATE OF key_hash, scopes, rate_limit, is_active, expires_at, sites, knowledge_ceiling
    ON service.api_keys FOR EACH ROW EXECUTE FUNCTION service.tell_key_revoked();

CREATE FUNCTION service.tell_account_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one text;
BEGIN
    FOR one IN SELECT prefix FROM service.api_keys WHERE user_id = OLD.id
    LOOP
        EXECUTE format('NOTIFY key_revoked, %L', one);
    END LOOP;
    RETURN NULL;
END
$$;

CREATE TRIGGER tell_account_changed
    AFTER UPDATE OF role, is_active, sites ON service.users
    FOR EACH ROW EXECUTE FUNCTION service.tell_account_changed();

-- The log of what was done grows, and nothing else.
CREATE FUNCTION service.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is only added to', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE
    ON service.system_logs FOR EACH STATEMENT EXECUTE FUNCTION service.refuse_change();

REVOKE SELECT ON lab_training."user", dataset_job.users, fleet."user" FROM battery_analyst;

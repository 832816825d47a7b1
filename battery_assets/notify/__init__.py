"""Notifications: what the outbox holds goes out as mail, as a digest, to webhooks and to chats."""

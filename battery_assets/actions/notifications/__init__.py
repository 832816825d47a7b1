"""Notifications as people set them up: preferences, mutes, webhooks; and what time alone makes news."""

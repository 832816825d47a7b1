"""Webhooks: signed as Standard Webhooks says, sent only where the guard lets them."""

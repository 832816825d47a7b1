"""The outbox: events written in the transaction of what happened, and their way to people and programs."""

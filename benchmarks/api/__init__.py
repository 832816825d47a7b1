"""The API under load on this machine: a server in one process, who asks in another."""

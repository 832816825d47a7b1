"""How an embedded PostgreSQL is set up: written at each start."""

from battery_assets.hosting.postgres_placement import Cluster

# Sized for a laptop; locks because a query over all partitions takes one for each. No replica reads the log
# of changes, so that it holds what a restart needs and no more: a file that is kept for reuse stays for ever
# where a home rests, and a new one costs as much.
CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
cluster_name = '{name}'
unix_socket_directories = ''
max_connections = 100
max_locks_per_transaction = 512
shared_buffers = 256MB
maintenance_work_mem = 128MB
work_mem = 16MB
max_wal_size = 256MB
min_wal_size = 32MB
wal_recycle = off
wal_level = minimal
max_wal_senders = 0
fsync = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = off
update_process_title = on
"""
_FILE = "platform.conf"


def configure(cluster: Cluster, port: int) -> None:
    """Write what the next start reads."""
    (cluster.data / _FILE).write_text(CONFIGURATION.format(port=port, name=cluster.name))

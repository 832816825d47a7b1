"""Networks inside which admins allow webhooks."""

import sqlalchemy as sa

from battery_assets.tables.service.messages import webhook_network


def opened_networks(connection: sa.Connection) -> list[tuple[str, int | None]]:
    """Networks and ports; a port that is None stands for those of the internet."""
    n = webhook_network.c
    query = sa.select(sa.cast(n.network, sa.Text), n.port).order_by(n.id)
    return [(network, port) for network, port in connection.execute(query)]

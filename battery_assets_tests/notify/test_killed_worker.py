"""The worker is killed four times while it sends: everything arrives, and a double has the same id."""

from battery_assets.notify.webhooks.worker import MOST_ROOM
from battery_assets_tests.worlds.notices.killed_worker import sent_through_kills


def test_everything_arrives_through_four_kills(warehouse_url, tmp_path):
    """The full measure, 2,000 messages, is a benchmark."""
    arrived = sent_through_kills(warehouse_url, tmp_path, messages=300, kills=4)
    assert len(arrived.accepted) == 300
    assert len(arrived.events) == 300
    assert arrived.ghosts == 0
    # What was under way at a kill, and no more, came twice.
    assert arrived.doubles <= 4 * MOST_ROOM
    assert arrived.attempts > 300

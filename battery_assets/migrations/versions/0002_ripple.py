"""Ripple: the pulses of a rectifier, why a fast window was kept, how many waveform bursts it holds."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE fleet.battery_system
    ADD COLUMN rectifier_pulses INTEGER,
    ADD CONSTRAINT ck_battery_system_rectifier_pulses CHECK (rectifier_pulses BETWEEN 6 AND 24);
ALTER TABLE fleet.telemetry_event_window
    ADD COLUMN trigger VARCHAR(12),
    ADD COLUMN bursts_count INTEGER,
    ADD CONSTRAINT ck_telemetry_event_window_trigger
        CHECK (trigger IN ('event', 'ripple_limit', 'ripple_jump', 'schedule')),
    ADD CONSTRAINT ck_telemetry_event_window_bursts_count CHECK (bursts_count BETWEEN 0 AND 2147483647);
COMMENT ON COLUMN fleet.battery_system.rectifier_pulses IS
    'Pulses of the rectifier: its ripple''s first line is so many times 50 Hz; unknown counts as 6.';
COMMENT ON TABLE fleet.telemetry_event_window IS
    'Fast captures of discharges, transfers, ripple out of bounds, and one a day of each string.';
COMMENT ON COLUMN fleet.telemetry_event_window.event_type IS
    'Kind of event; surge: a ripple recording, see trigger.';
COMMENT ON COLUMN fleet.telemetry_event_window.trigger IS
    'Why it was recorded: an event, ripple over C/20, a jump of ripple, or the daily schedule.';
COMMENT ON COLUMN fleet.telemetry_event_window.sample_rate_ms IS
    'Interval of the slow trace (100-500 ms).';
COMMENT ON COLUMN fleet.telemetry_event_window.data_blob_url IS
    'Parquet file of the lake: ts, voltage_v, current_a each sample_rate_ms; on rows where a burst begins, '
    'waveform_v and waveform_a (lists, V and A, DC included) at waveform_hz, null elsewhere.';
COMMENT ON COLUMN fleet.telemetry_event_window.samples_count IS 'Number of slow samples captured.';
COMMENT ON COLUMN fleet.telemetry_event_window.bursts_count IS 'Number of waveform bursts inside.';
"""
DOWN = """
ALTER TABLE fleet.telemetry_event_window DROP COLUMN trigger, DROP COLUMN bursts_count;
ALTER TABLE fleet.battery_system DROP COLUMN rectifier_pulses;
"""


def upgrade() -> None:
    """Add the columns; what the tables hold stays."""
    op.execute(UP)


def downgrade() -> None:
    """Take the columns away."""
    op.execute(DOWN)

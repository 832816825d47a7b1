"""A view of the visits that avoid most failures."""

from contextlib import closing

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

VIEW = """
CREATE VIEW fleet.next_best_visit AS
WITH risk AS (
    SELECT site, string_code, battery_code, failure_probability_90d AS p, predicted_at
    FROM fleet.jar_health_now
    WHERE failure_probability_90d IS NOT NULL AND fault IS NULL)
SELECT site, 'string' AS kind, string_code AS unit, count(*) AS jars, sum(p) AS failures_avoided,
       (array_agg(battery_code ORDER BY p DESC, battery_code))[1] AS weakest_jar,
       max(predicted_at) AS predicted_at
FROM risk GROUP BY site, string_code
UNION ALL
SELECT site, 'jar', battery_code, 1, p, battery_code, predicted_at FROM risk;
COMMENT ON VIEW fleet.next_best_visit IS
    'Failures of the next 90 days that one visit avoids: a test of a string, or a retest of a jar.';
GRANT SELECT ON fleet.next_best_visit TO battery_analyst;
"""


def upgrade() -> None:
    """Make the view."""
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(VIEW)


def downgrade() -> None:
    """Take the view away."""
    op.execute("DROP VIEW fleet.next_best_visit")

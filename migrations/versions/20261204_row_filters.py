"""Row filters and matching: which rows of a table are synced, and whether it was matched with what Notion had.

The views tell of rows that began or ceased to fit.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

from sync_engine.adapters.postgres.statements import statement

revision = "20261204_row_filters"
down_revision = "20261203_rollbacks"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE sync_engine.sync_mappings
    ADD COLUMN row_filter TEXT DEFAULT ''::text NOT NULL,
    ADD COLUMN row_filter_sql TEXT DEFAULT ''::text NOT NULL,
    ADD COLUMN row_filter_due BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN matched BOOLEAN DEFAULT false NOT NULL
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(statement("audit_log_v2"))  # a file with a version in its name never changes


def downgrade() -> None:
    before = statement("audit_views_v1").split("COMMENT ON VIEW")[0]
    op.execute(before.replace("CREATE VIEW", "CREATE OR REPLACE VIEW"))
    op.execute(
        "ALTER TABLE sync_engine.sync_mappings"
        " DROP COLUMN row_filter, DROP COLUMN row_filter_sql, DROP COLUMN row_filter_due,"
        " DROP COLUMN matched"
    )

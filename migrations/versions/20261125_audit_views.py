"""The questions of `sync-engine audit` as SQL views; the index of the log also knows when a table was emptied.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

from sync_engine.adapters.postgres.statements import statement

revision = "20261125_audit_views"
down_revision = "20261124_brake"
branch_labels = None
depends_on = None

EMPTIED = """
INSERT INTO sync_engine.sync_history (name, mapping, seq)
SELECT '', e.mapping, e.seq FROM sync_engine.sync_events e WHERE e.op = 't' AND e.key = ''
    ON CONFLICT DO NOTHING
"""

DROP = """
DROP FUNCTION sync_engine.audit_at(text, text, timestamptz);
DROP VIEW sync_engine.audit_blame;
DROP VIEW sync_engine.audit_history;
DROP VIEW sync_engine.audit_log
"""


def upgrade() -> None:
    op.execute(EMPTIED)
    op.execute(statement("audit_views_v1"))  # a file with a version in its name never changes


def downgrade() -> None:
    op.execute(DROP)
    op.execute("DELETE FROM sync_engine.sync_history WHERE name = ''")

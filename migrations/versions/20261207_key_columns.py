"""Which columns the records of a table are known by, so that a changed primary key is noticed.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

revision = "20261207_key_columns"
down_revision = "20261206_redactions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE sync_engine.sync_mappings ADD COLUMN key_numbers SMALLINT[] DEFAULT '{}'::smallint[] NOT NULL"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE sync_engine.sync_mappings DROP COLUMN key_numbers")

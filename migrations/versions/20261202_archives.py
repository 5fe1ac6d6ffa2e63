"""Archives: old events in files, and which of them left the log.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

revision = "20261202_archives"
down_revision = "20261130_home"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE sync_engine.sync_archives (
    id BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1),
    at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    first_link BIGINT NOT NULL,
    last_link BIGINT NOT NULL,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    events BIGINT NOT NULL,
    dropped BIGINT NOT NULL,
    logged_seq BIGINT NOT NULL,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    digest TEXT NOT NULL,
    CONSTRAINT sync_archives_pkey PRIMARY KEY (id),
    CONSTRAINT sync_archives_first_link_key UNIQUE (first_link)
);
COMMENT ON TABLE sync_engine.sync_archives
    IS 'Files that hold old events, each some links of the chain as a whole';
CREATE TABLE sync_engine.sync_archived_links (
    link BIGINT NOT NULL,
    archive_id BIGINT NOT NULL,
    dropped BYTEA NOT NULL,
    CONSTRAINT sync_archived_links_pkey PRIMARY KEY (link)
);
COMMENT ON TABLE sync_engine.sync_archived_links
    IS 'Which events of an archived link left the log, a bit each; the others still tell what is'
"""

# See sync_engine/adapters/postgres/sql/engine_schema.sql for the reasons.
RIGHTS = """
REVOKE ALL ON sync_engine.sync_archives, sync_engine.sync_archived_links FROM PUBLIC;
REVOKE ALL ON SEQUENCE sync_engine.sync_archives_id_seq FROM PUBLIC;
ALTER TABLE sync_engine.sync_archives ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_archived_links ENABLE ROW LEVEL SECURITY
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP TABLE sync_engine.sync_archived_links")
    op.execute("DROP TABLE sync_engine.sync_archives")

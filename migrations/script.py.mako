"""${message}

Phase: expand | contract (choose one; an expand must work with the code before it, a contract comes a release later).

WARNING. This runs on a user's production database, next to tables that are being written.
* Locks are taken under a short lock_timeout: keep each migration to a few catalog changes.
* No table rewrite, no index without CONCURRENTLY on a table that can be large (sync_events, sync_changes).
* A capture function is never changed in place: make a new version and let `setup` replace the triggers.
* Do not import sync_engine.adapters.postgres.tables: a migration must mean the same for ever.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}

-- What SQLAlchemy's metadata cannot hold of the engine schema. Runs after the tables exist; safe to repeat.

-- Nobody but the owner: the schema must not become an API (Supabase exposes schemas by grant). The owner needs no
-- policy, because row-level security does not bind a table's owner; the capture functions are SECURITY DEFINER
-- and belong to the same owner, so an application role writes its own tables without any right in here.
REVOKE ALL ON SCHEMA sync_engine FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA sync_engine FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA sync_engine FROM PUBLIC;

ALTER TABLE sync_engine.sync_mappings ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_chain ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_cursors ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_records ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_conflicts ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_held ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_marks ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_leases ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_home ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_archives ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_archived_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_redactions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_hints ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_braked ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_inbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_inbox_rows ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_rollbacks ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_rollback_steps ENABLE ROW LEVEL SECURITY;

-- Compressing an image costs the user's write more than the image itself (130 us for 3 KB with the default):
-- images stay in the page, as they are, up to a page, and beyond that go out of line uncompressed.
ALTER TABLE sync_engine.sync_events SET (toast_tuple_target = 8160);
ALTER TABLE sync_engine.sync_events ALTER COLUMN before SET STORAGE EXTERNAL;
ALTER TABLE sync_engine.sync_events ALTER COLUMN after SET STORAGE EXTERNAL;

-- Hashes do not compress.
ALTER TABLE sync_engine.sync_chain ALTER COLUMN leaves SET STORAGE EXTERNAL;

-- Updated at every pass: room in each page keeps such updates off the indexes (HOT).
ALTER TABLE sync_engine.sync_records SET (fillfactor = 80);
ALTER TABLE sync_engine.sync_cursors SET (fillfactor = 50);
ALTER TABLE sync_engine.sync_mappings SET (fillfactor = 50);
ALTER TABLE sync_engine.sync_leases SET (fillfactor = 50);

-- This transaction's id, and what is visible now.
SELECT pg_current_xact_id()::text::bigint, pg_current_snapshot()::text

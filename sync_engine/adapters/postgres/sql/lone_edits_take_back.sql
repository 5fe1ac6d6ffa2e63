-- Takes back a batch of lone edits of the same fields: rows, records and journal in one statement. What `picked` has
-- beyond `id` and the key is composed for the fields. Parameters: those of lone_edits.sql, then the edited fields, the
-- record that all of them come after, how many, the run. Returns what was written, and last the last record looked at.
-- Nothing is joined to `picked` but by an index: the planner takes it for one row.
WITH picked AS MATERIALIZED (
    SELECT r.id, r.page_id, r.key AS k0, {fields}
      FROM sync_engine.sync_records r
     WHERE {lone} AND r.id > $6::bigint
       AND (SELECT array_agg(k ORDER BY k COLLATE "C") FROM jsonb_object_keys(r.postgres) k) = $5::text[]
     ORDER BY r.id LIMIT $7::bigint
), written AS (
    {put_back}
), moved AS (
    UPDATE sync_engine.sync_records r SET postgres = '{{}}', quiet = r.key_on_page FROM written w WHERE r.id = w.id
), noted AS (
    INSERT INTO sync_engine.sync_changes
           (at, record_id, mapping, side, run_id, key, page_id, op, status, cause, before, after)
    SELECT clock_timestamp(), w.id, $1::integer, 'p', $8::text, w.k0, w.page_id, 'update', 'done', 'forced', w.before, w.after
      FROM written w ORDER BY w.id
)
SELECT w.id, w.k0, w.held FROM written w
 UNION ALL
SELECT max(p.id), NULL, NULL FROM picked p

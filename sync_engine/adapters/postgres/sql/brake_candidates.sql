-- Open records of a table by what would be done to which side: p Postgres, n Notion; presence p present, g gone,
-- o outside of the row filter.
-- An update counts when it changes a field that both sides once agreed on: a row that is linked for the first time,
-- or a field that was just added to the mapping, is no mass change by anybody. Nor is what the engine itself wrote
-- (a rollback that goes on), nor a field that a person has to decide because both sides changed it.
WITH candidates AS (
    SELECT r.id, r.postgres_txid AS txid, k.side, k.kind
      FROM sync_engine.sync_records r
     CROSS JOIN LATERAL (VALUES
           ('n'::"char", 'delete', :row_deletes AND r.postgres_presence IN ('g', 'o') AND r.notion_presence = 'p'
                                   AND r.notion = '{}'::jsonb),
           ('p'::"char", 'delete', :page_deletes AND r.notion_presence = 'g' AND r.postgres_presence = 'p'
                                   AND r.postgres = '{}'::jsonb),
           ('n'::"char", 'update', CASE WHEN r.postgres_presence = 'p' AND r.notion_presence = 'p'
                                         AND r.base <> '{}'::jsonb
               THEN EXISTS (SELECT FROM jsonb_each(r.postgres) f
                             WHERE r.base ? f.key AND NOT r.notion ? f.key AND NOT f.value ? 'origin') END),
           ('p'::"char", 'update', CASE WHEN r.postgres_presence = 'p' AND r.notion_presence = 'p'
                                         AND r.base <> '{}'::jsonb
               THEN EXISTS (SELECT FROM jsonb_each(r.notion) f
                             WHERE r.base ? f.key AND NOT r.postgres ? f.key AND NOT f.value ? 'origin') END)
           ) AS k(side, kind, is_one)
     WHERE r.mapping = :mapping AND NOT r.quiet AND k.is_one
)

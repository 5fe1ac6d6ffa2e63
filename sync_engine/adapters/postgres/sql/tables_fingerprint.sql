-- One text for everything about these tables that mappings and capture depend on, our own triggers included. Parameter: table oids.
SELECT md5(coalesce(string_agg(part, E'\n' ORDER BY part COLLATE "C"), '')) FROM (
       SELECT concat_ws(' ', 'table', oid, relnamespace, relname) AS part
         FROM pg_catalog.pg_class WHERE oid = ANY ($1::oid[])
        UNION ALL
       SELECT concat_ws(' ', 'column', attrelid, attnum, atttypid, atttypmod, attname)
         FROM pg_catalog.pg_attribute WHERE attrelid = ANY ($1::oid[]) AND attnum > 0 AND NOT attisdropped
        UNION ALL
       SELECT concat_ws(' ', 'label', e.enumtypid, e.enumsortorder, e.enumlabel)
         FROM pg_catalog.pg_enum e
        WHERE e.enumtypid IN (SELECT unnest(ARRAY[t.oid, t.typelem, t.typbasetype])
                                FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                               WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped)
        UNION ALL
       SELECT concat_ws(' ', 'check', oid) FROM pg_catalog.pg_constraint
        WHERE conrelid = ANY ($1::oid[]) AND contype = 'c'
        UNION ALL
       SELECT concat_ws(' ', 'trigger', tgrelid, tgenabled, tgfoid, tgname)
         FROM pg_catalog.pg_trigger WHERE tgrelid = ANY ($1::oid[]) AND NOT tgisinternal
          AND tgname LIKE '00\_sync\_engine%'
       ) AS parts

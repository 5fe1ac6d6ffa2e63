        -- The table is no longer what this function was made for. Columns are looked for by name, then by number as
        -- long as the table is the one whose numbers those are, and are logged under the names that they had; what is
        -- gone is left out. Slow, and only until the engine has made the function anew.
        SELECT format('SELECT %s, %s FROM (SELECT %s) AS r', {key}, string_agg(c.image, ' || '),
                      string_agg(format('($1).%I AS %I', p.attname, c.name), ', '))
          INTO v_select
          FROM unnest({names}, {numbers}, {images}, {is_key}) AS c (name, number, image, is_key)
         CROSS JOIN LATERAL (
               SELECT a.attname FROM pg_attribute AS a
                WHERE NOT a.attisdropped AND a.attnum > 0
                  AND (a.attrelid = TG_RELID AND a.attname = c.name OR a.attrelid = {table} AND a.attnum = c.number)
                  AND (a.attrelid = TG_RELID OR a.attrelid IN (SELECT relid FROM pg_partition_ancestors(TG_RELID)))
                ORDER BY a.attname <> c.name LIMIT 1) AS p
        HAVING count(*) FILTER (WHERE c.is_key) = {key_size};
        IF v_select IS NULL THEN
            RETURN NULL;  -- without its key a row cannot be followed; the engine says so and starts the table anew
        END IF;
        v_before := NULL;
        v_after := NULL;
        IF TG_OP <> 'INSERT' THEN
            EXECUTE v_select INTO v_old_key, v_before USING OLD;
            v_key := v_old_key;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            EXECUTE v_select INTO v_key, v_after USING NEW;
        END IF;
        IF TG_OP = 'UPDATE' THEN
            SELECT jsonb_object_agg(n.key, v_before -> n.key), jsonb_object_agg(n.key, n.value)
              INTO v_before, v_after
              FROM jsonb_each(v_after) AS n WHERE n.value IS DISTINCT FROM v_before -> n.key;
            IF v_after IS NULL THEN
                RETURN NULL;
            END IF;
            v_old_key := nullif(v_old_key, v_key);
        END IF;

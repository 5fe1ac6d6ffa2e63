-- The shape of E-Maj's log (5.0): OLD and NEW rows as they are, in a typed table beside each table; no JSON; a counter of changes
-- for each table. Our own small re-implementation: log columns, one row trigger, always enabled, SECURITY DEFINER, key on
-- number and OLD/NEW.
CREATE TABLE log_{table} (LIKE {table});
ALTER TABLE log_{table}
    ADD emaj_verb varchar(3) NOT NULL,
    ADD emaj_tuple varchar(3) NOT NULL,
    ADD emaj_gid bigint NOT NULL DEFAULT nextval('emaj_gid_seq'),
    ADD emaj_changed timestamptz DEFAULT clock_timestamp(),
    ADD emaj_txid bigint DEFAULT txid_current(),
    ADD emaj_user varchar(32) DEFAULT session_user,
    ADD PRIMARY KEY (emaj_gid, emaj_tuple);
CREATE SEQUENCE log_{table}_seq;
CREATE FUNCTION capture_{table}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM nextval('public.log_{table}_seq');
    IF TG_OP = 'DELETE' THEN
        INSERT INTO public.log_{table} SELECT OLD.*, 'DEL', 'OLD';
        RETURN OLD;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO public.log_{table} SELECT OLD.*, 'UPD', 'OLD';
        INSERT INTO public.log_{table} SELECT NEW.*, 'UPD', 'NEW', lastval();
        RETURN NEW;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO public.log_{table} SELECT NEW.*, 'INS', 'NEW';
        RETURN NEW;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER capture AFTER INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION capture_{table}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER capture;

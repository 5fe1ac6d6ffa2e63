-- The usual audit trigger: OLD and NEW whole, as jsonb, with who and when.
CREATE TABLE log_{table} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, txid xid8 DEFAULT pg_current_xact_id(),
    at timestamptz DEFAULT clock_timestamp(), who text DEFAULT session_user, op text, old jsonb, new jsonb);
CREATE FUNCTION capture_{table}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.log_{table} (op, old, new) VALUES (TG_OP, to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
END $$;
CREATE TRIGGER capture AFTER INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION capture_{table}();

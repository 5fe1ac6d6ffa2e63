-- The actor of a session that is more than a log-in and an application. Never changed in place: a change is a
-- capture_actor_v2.
--
-- set_role: the role taken by SET ROLE, when it is another (Supabase's API logs in as authenticator).
-- name: what an application or a person set as sync_engine.actor.
-- sub: the subject of the request's JWT, from PostgREST's setting. It is whatever the client managed to put there, so a
-- malformed value must not fail the write; the rest of the claims is personal data and stays out of the log.
CREATE OR REPLACE FUNCTION sync_engine.capture_actor_v1() RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_claims text := nullif(current_setting('request.jwt.claims', true), '');
    v_subject text;
BEGIN
    IF v_claims IS NOT NULL THEN
        BEGIN
            v_subject := v_claims::jsonb ->> 'sub';
        EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
            v_subject := NULL;
        END;
    END IF;
    RETURN jsonb_strip_nulls(jsonb_build_object(
        'role', session_user,
        'app', current_setting('application_name'),
        'set_role', nullif(nullif(current_setting('role'), 'none'), session_user),
        'name', left(nullif(current_setting('sync_engine.actor', true), ''), 255),
        'sub', left(v_subject, 255)
    ));
END
$$;
REVOKE ALL ON FUNCTION sync_engine.capture_actor_v1() FROM PUBLIC;

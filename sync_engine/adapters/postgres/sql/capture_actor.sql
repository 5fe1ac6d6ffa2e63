    -- Who: the log-in, the application, and, only when one of them is set, more. `session_user` and not
    -- `current_user`, which in here is the owner of this function.
    v_actor := jsonb_build_object('role', session_user, 'app', current_setting('application_name'));
    IF concat(nullif(current_setting('role'), 'none'), current_setting('sync_engine.actor', true),
              current_setting('request.jwt.claims', true)) <> '' THEN
        v_actor := sync_engine.capture_actor_v1(v_actor);
    END IF;

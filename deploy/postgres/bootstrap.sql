-- Roles, schemas and rights of the database "jiuye", on PostgreSQL 18 or later. Safe to run again at any time.
--
-- Run it in that database as its owner, who must be a superuser or hold CREATEROLE. The passwords are not here: before
-- it sends this text, the caller sets them for its session as jiuye.<role>_password, in the form in which they are
-- stored (SCRAM-SHA-256$...), as `python -m onebox.bootstrap` does. They are quoted by the server, in format().
--
-- <schema>_owner   owns the schema and its tables, and migrates them
-- <schema>_app     serves requests
-- <schema>_worker  does what takes longer
-- <schema>_district, loans_bank
--                  nobody logs in as these: a request of a district's or bank's own people runs as one of them, whose
--                  row policies show it that district's or bank's rows alone
--
-- Rights on tables come from default privileges alone, never from a GRANT on what exists: a migration that makes a
-- ledger append-only (REVOKE UPDATE, DELETE) is not undone by running this again.

SELECT pg_advisory_xact_lock(hashtext('jiuye.bootstrap'));

DO $roles$
DECLARE
    service text;
    duty text;
    role_name text;
    -- Milliseconds. A request gives up before its caller does; a migration never queues long behind a lock, because
    -- everything else would queue behind it.
    timeouts jsonb := '{
        "owner":  {"lock_timeout": 2000, "statement_timeout": 30000,  "idle_in_transaction_session_timeout": 60000},
        "app":    {"lock_timeout": 2000, "statement_timeout": 15000,  "idle_in_transaction_session_timeout": 15000},
        "worker": {"lock_timeout": 5000, "statement_timeout": 300000, "idle_in_transaction_session_timeout": 60000}
    }';
    timeout_name text;
    milliseconds text;
BEGIN
    FOREACH service IN ARRAY ARRAY['targets', 'eligibility', 'loans', 'gateway'] LOOP
        FOREACH duty IN ARRAY ARRAY['owner', 'app', 'worker'] LOOP
            role_name := service || '_' || duty;
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
                EXECUTE format('CREATE ROLE %I', role_name);
            END IF;
            EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', role_name, current_setting('jiuye.' || role_name || '_password'));
            -- By role and not by session: on a distributed PostgreSQL only these reach every node.
            FOR timeout_name, milliseconds IN SELECT key, value FROM jsonb_each_text(timeouts -> duty) LOOP
                EXECUTE format('ALTER ROLE %I SET %I = %s', role_name, timeout_name, milliseconds);
            END LOOP;
        END LOOP;
        FOREACH duty IN ARRAY CASE service WHEN 'gateway' THEN '{}' WHEN 'loans' THEN '{district,bank}' ELSE '{district}' END::text[] LOOP
            role_name := service || '_' || duty;
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', role_name);
            END IF;
            -- Not inherited: otherwise its policies would bind whoever may become it.
            EXECUTE format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', role_name, service || '_app');
        END LOOP;
        -- Who is not a superuser may make a schema for a role, and set its default privileges, only as its member.
        IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
            EXECUTE format('GRANT %I TO %I', service || '_owner', current_user);
        END IF;
    END LOOP;
END
$roles$;

DO $rights$
DECLARE
    service text;
    owner_name text;
    users text;
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    FOREACH service IN ARRAY ARRAY['targets', 'eligibility', 'loans', 'gateway'] LOOP
        owner_name := quote_ident(service || '_owner');
        users := format('%I, %I', service || '_app', service || '_worker');
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %s, %s', current_database(), owner_name, users);
        users := concat_ws(', ', users, CASE WHEN service <> 'gateway' THEN service || '_district' END,
                           CASE service WHEN 'loans' THEN 'loans_bank' END);
        EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %s', service, owner_name);
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', service);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %s', service, users);
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %s',
                       owner_name, service, users);
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO %s',
                       owner_name, service, users);
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %s REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC', owner_name);
    END LOOP;
END
$rights$;

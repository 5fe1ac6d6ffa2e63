-- The VITAL example: an expert-assistant platform for the life sciences, as its team keeps it in Supabase.
--
-- Plain PostgreSQL 13 to 18, no extension, no role and no schema of Supabase needed. Everything is created in
-- the first schema of the search_path (usually public). Running the file again changes nothing.
--
-- Loaded by examples/vital/load.py, or by hand:  psql "$DATABASE_URL" -1 -f examples/vital/schema.sql

-- The one real enum. The other short lists are text with a CHECK; a sync has to cope with both.
do $$
begin
  if to_regtype('agent_status') is null then
    create type agent_status as enum ('draft', 'development', 'testing', 'active', 'inactive', 'retired');
  end if;
end
$$;

-- On Supabase this table would hang on auth.users. It is not synced: created_by and user_id stay plain uuids in Notion.
create table if not exists profiles (
  id uuid primary key default gen_random_uuid(),
  email text not null unique,
  full_name text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists organizations (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  domain text,
  industry text,
  size text,
  country text,
  settings jsonb default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists user_organizations (
  user_id uuid not null references profiles on delete cascade,
  organization_id uuid not null references organizations on delete cascade,
  role text not null default 'member' check (role in ('owner', 'admin', 'member')),
  created_at timestamptz not null default now(),
  primary key (user_id, organization_id)
);

create table if not exists agents (
  id uuid primary key default gen_random_uuid(),
  name text not null unique,
  display_name text,
  description text,
  avatar text,
  color text,
  system_prompt text,
  model text default 'gpt-4',
  temperature numeric(3,2) default 0.70 check (temperature between 0 and 2),
  max_tokens integer default 2000 check (max_tokens > 0),
  context_window integer default 8000 check (context_window > 0),
  capabilities text[] default '{}',
  business_function text,
  department text,
  role text,
  tier integer default 3 check (tier in (1, 2, 3)),
  status agent_status default 'active',
  is_public boolean default false,
  is_custom boolean default false,
  created_by uuid references profiles on delete set null,
  organization_id uuid references organizations on delete set null,
  metadata jsonb default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists workflows (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  description text,
  definition jsonb not null,
  status text default 'draft' check (status in ('draft', 'active', 'paused', 'archived')),
  is_public boolean default false,
  created_by uuid references profiles on delete set null,
  organization_id uuid references organizations on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- No updated_at here: a sync must not depend on that column.
create table if not exists agent_capabilities (
  id uuid primary key default gen_random_uuid(),
  agent_id uuid references agents on delete cascade,
  capability_name text not null,
  description text,
  proficiency_level integer default 1 check (proficiency_level between 1 and 4),
  created_at timestamptz not null default now()
);

-- The five tables with a notion_id were made by an earlier attempt at a sync. The column has a default here,
-- because without one no page made in Notion could ever become a row.
create table if not exists capabilities (
  id uuid primary key default gen_random_uuid(),
  notion_id text not null unique default gen_random_uuid()::text,
  name text not null,
  display_name text,
  description text,
  category text,
  domain text,
  vital_component text,
  complexity_level text,
  maturity text,
  priority text,
  stage text,
  is_premium boolean,
  is_new boolean,
  panel_recommended boolean,
  success_rate numeric(5,2) check (success_rate between 0 and 100),
  usage_count integer default 0,
  icon text,
  color text,
  implementation_timeline text,
  metadata jsonb default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists tools (
  id uuid primary key default gen_random_uuid(),
  notion_id text not null unique default gen_random_uuid()::text,
  name text not null,
  description text,
  tool_type text,
  configuration text,
  is_active boolean default true,
  metadata jsonb default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- name is not unique: two prompts may carry the same name, so a sync must match by key.
create table if not exists prompts (
  id uuid primary key default gen_random_uuid(),
  notion_id text not null unique default gen_random_uuid()::text,
  name text not null,
  category text,
  content text,
  is_active boolean default true,
  metadata jsonb default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists use_cases (
  id uuid primary key default gen_random_uuid(),
  notion_id text not null unique default gen_random_uuid()::text,
  name text not null,
  description text,
  category text,
  priority text check (priority in ('low', 'medium', 'high', 'very_high')),
  status text default 'active' check (status in ('draft', 'active', 'archived')),
  metadata jsonb default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists personas (
  id uuid primary key default gen_random_uuid(),
  notion_id text not null unique default gen_random_uuid()::text,
  name text not null,
  description text,
  role_type text,
  seniority_level text check (seniority_level in ('junior', 'mid', 'senior', 'executive')),
  is_active boolean default true,
  metadata jsonb default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists knowledge_domains (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  slug text not null unique,
  description text,
  parent_id uuid references knowledge_domains on delete set null check (parent_id <> id),
  is_active boolean default true,
  metadata jsonb default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- published_on (a plain date) and tags (a list whose items hold no comma) are additions to the original table.
create table if not exists knowledge_documents (
  id uuid primary key default gen_random_uuid(),
  title text not null,
  content text,
  summary text,
  document_type text check (document_type in ('guideline', 'protocol', 'report', 'sop', 'template')),
  tags text[] default '{}',
  published_on date,
  file_url text,
  file_size integer check (file_size >= 0),
  mime_type text,
  is_public boolean default false,
  domain_id uuid references knowledge_domains on delete set null,
  created_by uuid references profiles on delete set null,
  organization_id uuid references organizations on delete cascade,
  metadata jsonb default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists llm_providers (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  provider_type text not null
    check (provider_type in ('openai', 'anthropic', 'azure_openai', 'mistral', 'self_hosted')),
  api_key text,
  base_url text,
  is_active boolean default true,
  rate_limits jsonb default '{}',
  pricing jsonb default '{}',
  models jsonb default '[]',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on column llm_providers.api_key is 'A secret: never leaves the database.';

-- max_tokens and context_window are tied by a CHECK: a merge may not take one from each side.
create table if not exists llm_models (
  id uuid primary key default gen_random_uuid(),
  provider_id uuid references llm_providers on delete cascade,
  name text not null,
  display_name text,
  description text,
  context_window integer,
  max_tokens integer,
  input_cost_per_1k numeric(10,6),
  output_cost_per_1k numeric(10,6),
  is_active boolean default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint llm_models_output_fits_context check (max_tokens <= context_window)
);

-- The title may be NULL: a conversation has none until someone names it.
create table if not exists chat_sessions (
  id uuid primary key default gen_random_uuid(),
  title text,
  status text default 'active' check (status in ('active', 'closed', 'archived')),
  user_id uuid references profiles on delete cascade,
  agent_id uuid references agents on delete set null,
  metadata jsonb default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Junctions: three with a key of their own and UNIQUE (a, b), one with the pair as its key and a payload.
create table if not exists workflow_agents (
  id uuid primary key default gen_random_uuid(),
  workflow_id uuid not null references workflows on delete cascade,
  agent_id uuid not null references agents on delete cascade,
  created_at timestamptz not null default now(),
  unique (workflow_id, agent_id)
);

create table if not exists workflow_tools (
  id uuid primary key default gen_random_uuid(),
  workflow_id uuid not null references workflows on delete cascade,
  tool_id uuid not null references tools on delete cascade,
  created_at timestamptz not null default now(),
  unique (workflow_id, tool_id)
);

create table if not exists agent_prompts (
  id uuid primary key default gen_random_uuid(),
  agent_id uuid not null references agents on delete cascade,
  prompt_id uuid not null references prompts on delete cascade,
  created_at timestamptz not null default now(),
  unique (agent_id, prompt_id)
);

create table if not exists agent_tools (
  agent_id uuid not null references agents on delete cascade,
  tool_id uuid not null references tools on delete cascade,
  is_enabled boolean not null default true,
  created_at timestamptz not null default now(),
  primary key (agent_id, tool_id)
);

-- Refers to a domain by its name, not by its key: not a foreign key, so no relation can be derived from it.
create table if not exists agent_knowledge_domains (
  agent_id uuid not null references agents on delete cascade,
  domain_name text not null,
  created_at timestamptz not null default now(),
  primary key (agent_id, domain_name)
);

create index if not exists agents_organization_id_idx on agents (organization_id);
create index if not exists agent_capabilities_agent_id_idx on agent_capabilities (agent_id);
create index if not exists knowledge_domains_parent_id_idx on knowledge_domains (parent_id);
create index if not exists knowledge_documents_domain_id_idx on knowledge_documents (domain_id);
create index if not exists llm_models_provider_id_idx on llm_models (provider_id);
create index if not exists chat_sessions_agent_id_idx on chat_sessions (agent_id);
create index if not exists agent_prompts_prompt_id_idx on agent_prompts (prompt_id);

-- As in most applications every update moves updated_at, the sync's own writes included. A sync that took the
-- column for a change would never come to rest.
create or replace function set_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end
$$;

do $$
declare
  table_name text;
begin
  foreach table_name in array array[
    'profiles', 'organizations', 'agents', 'workflows', 'capabilities', 'tools', 'prompts', 'use_cases',
    'personas', 'knowledge_domains', 'knowledge_documents', 'llm_providers', 'llm_models',
    'chat_sessions']
  loop
    if not exists (select from pg_trigger
                    where tgrelid = to_regclass(table_name) and tgname = 'set_updated_at') then
      execute format('create trigger set_updated_at before update on %I'
                     ' for each row execute function set_updated_at()', table_name);
    end if;
  end loop;
end
$$;

-- Supabase publishes the public schema through its API, so there row-level security comes on: signed-in users
-- read, nobody writes, and the providers (api_key!) have no policy at all. Elsewhere the role is missing
-- and nothing is done.
do $$
declare
  table_name text;
begin
  if not exists (select from pg_roles where rolname = 'authenticated') then
    return;
  end if;
  foreach table_name in array array[
    'profiles', 'organizations', 'user_organizations', 'agents', 'workflows', 'agent_capabilities',
    'capabilities', 'tools', 'prompts', 'use_cases', 'personas', 'knowledge_domains',
    'knowledge_documents', 'llm_providers', 'llm_models', 'chat_sessions', 'workflow_agents',
    'workflow_tools', 'agent_prompts', 'agent_tools', 'agent_knowledge_domains']
  loop
    execute format('alter table %I enable row level security', table_name);
    if table_name not in ('profiles', 'user_organizations', 'chat_sessions', 'llm_providers')
       and not exists (select from pg_policy
                        where polrelid = to_regclass(table_name) and polname = 'signed_in_users_read') then
      execute format('create policy signed_in_users_read on %I for select to authenticated using (true)',
                     table_name);
    end if;
  end loop;
end
$$;

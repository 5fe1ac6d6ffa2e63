"""Capture triggers.

First version, to be replaced by the measured one.
"""
# ruff: noqa
# mypy: ignore-errors
from __future__ import annotations
from typing import Any
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sync_engine.domain.schema import *
from sync_engine.domain.events import *
from sync_engine.domain.times import Interval
from sync_engine.ports.event_log import *
from sync_engine.ports.installation import CaptureState
def drv(c): return c.connection.driver_connection
def J(v): return None if v is None else Jsonb(v)
TXT=('numeric','float4','float8','money','json','jsonb')
def image(r,c): 
    i=sql.SQL(r+".")+sql.Identifier(c.name)
    return i+sql.SQL("::text") if c.base in TXT else i
def obj(r,cols): return sql.SQL("jsonb_build_object({})").format(sql.SQL(",").join(sql.Literal(c.name)+sql.SQL(",")+image(r,c) for c in cols))
class PostgresCapture:
    def __init__(s,conn): s.c=conn
    def install(s,mapping,table):
        cols=[c for c in table.columns if c.name in mapping.captured or not mapping.captured]
        key=lambda r: sql.SQL("||','||").join(sql.SQL(r+".")+sql.Identifier(k)+sql.SQL("::text") for k in mapping.key_columns)
        fn=sql.Identifier('sync_engine',f'cap_{mapping.id}')
        tb=sql.Identifier(table.schema,table.name)
        drv(s.c).execute(sql.SQL("""create or replace function {fn}() returns trigger language plpgsql security definer as $f$
declare b jsonb; a jsonb; o text := nullif(current_setting('sync_engine.origin',true),''); act jsonb := jsonb_build_object('role',session_user,'name',nullif(current_setting('sync_engine.actor',true),''));
begin
 if tg_op='INSERT' then insert into sync_engine.sync_events(source,op,mapping,key,after,actor,origin) values('p','i',{mid},{nk},{nw},act,o);
 elsif tg_op='DELETE' then insert into sync_engine.sync_events(source,op,mapping,key,before,actor,origin) values('p','d',{mid},{ok},{od},act,o);
 else b:={od}; a:={nw}; select jsonb_object_agg(k,v) into b from (select key k,value v from jsonb_each(b) where a->key is distinct from value) x;
   if b is not null then select jsonb_object_agg(k,a->k) into a from jsonb_object_keys(b) k;
   insert into sync_engine.sync_events(source,op,mapping,key,old_key,before,after,actor,origin) values('p','u',{mid},{nk},nullif({ok},{nk}),b,a,act,o); end if;
 end if; return null; end $f$""").format(fn=fn,mid=sql.Literal(mapping.id),nk=key('NEW'),ok=key('OLD'),nw=obj('NEW',cols),od=obj('OLD',cols)))
        drv(s.c).execute(sql.SQL("drop trigger if exists sync_cap on {t}; create trigger sync_cap after insert or update or delete on {t} for each row execute function {f}()").format(t=tb,f=fn))
    def state(s,mapping,table):
        r=drv(s.c).execute("select 1 from pg_trigger where tgname='sync_cap' and tgrelid=%s",[table.oid]).fetchone()
        return CaptureState.OK if r else CaptureState.MISSING
    def uninstall(s,m): pass

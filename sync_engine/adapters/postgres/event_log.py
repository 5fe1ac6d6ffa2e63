"""The event log.

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
from sync_engine.adapters.postgres.introspect import tables
from sync_engine.adapters.postgres.capture import TXT, image, obj
OPS={'i':Op.INSERT,'u':Op.UPDATE,'d':Op.DELETE,'t':Op.TRUNCATE,'s':Op.SNAPSHOT,'r':Op.RESTORE}
COLS="seq,txid::text::bigint txid,source,op,mapping,key,old_key,page_id,before,after,occurred,occurred_until,recorded_at,actor,origin,snapshot::text,schema_version"
def ev(r):
    return ChangeEvent(r['seq'],r['txid'],Side.POSTGRES if r['source']=='p' else Side.NOTION,r['mapping'],r['key'] or '',OPS[r['op']],r['before'],r['after'],Interval(r['occurred'],r['occurred_until'] or r['occurred']),r['recorded_at'] or r['occurred'],r['actor'] or {},r['origin'] or '',r['old_key'] or '',r['page_id'] or '',r['snapshot'] or '',r['schema_version'])
class PostgresEventLog:
    def __init__(s,c): s.c=c; s.last=None
    def cur(s): return drv(s.c).cursor(row_factory=dict_row)
    def tick(s,consumer):
        r=s.cur().execute("select snapshot::text s from sync_engine.sync_cursors where consumer=%s",[consumer]).fetchone()
        return Tick(r['s'] if r else '1:1:', s.cur().execute("select pg_current_snapshot()::text s").fetchone()['s'])
    def read(s,t,after,limit):
        return [ev(r) for r in s.cur().execute(f"select {COLS} from sync_engine.sync_events where not pg_visible_in_snapshot(txid,%s::pg_snapshot) and pg_visible_in_snapshot(txid,%s::pg_snapshot) and seq>%s and source='p' order by seq limit %s",[t.previous,t.current,after,limit])]
    def advance(s,c,t): s.cur().execute("insert into sync_engine.sync_cursors(consumer,snapshot,seq) values(%s,%s,0) on conflict(consumer) do update set snapshot=excluded.snapshot",[c,t.current])
    def append(s,events):
        out=[]
        for e in events:
            op={v:k for k,v in OPS.items()}[e.op]
            out.append(s.cur().execute("insert into sync_engine.sync_events(source,op,mapping,key,before,after,occurred,occurred_until,recorded_at,actor,origin,page_id) values(%s,%s,%s,%s,%s,%s,%s,%s,clock_timestamp(),%s,%s,%s) returning seq",
              ['p' if e.source is Side.POSTGRES else 'n',op,e.mapping,e.key,J(e.before),J(e.after),e.occurred.since,e.occurred.until,J(e.actor),e.origin or None,e.page_id or None]).fetchone()['seq'])
        return out
    def snapshot_chunk(s,mapping,after_key,limit):
        d=drv(s.c); oid=mapping.oid
        t=[t for t in tables(s.c,[mapping.schema]) if t.oid==oid][0]
        cols=[c for c in t.columns if c.name in mapping.captured or not mapping.captured]
        keys=sql.SQL(",").join(sql.Identifier(k) for k in mapping.key_columns)
        kt=sql.SQL("||','||").join(sql.SQL("t.")+sql.Identifier(k)+sql.SQL("::text") for k in mapping.key_columns)
        where=sql.SQL("")
        if after_key: where=sql.SQL("where ({}) > ({})").format(keys,sql.SQL(",").join(sql.Literal(v) for v in after_key))
        rows=d.execute(sql.SQL("insert into sync_engine.sync_events(source,op,mapping,key,after,snapshot) select 'p','s',{},{},{},pg_current_snapshot() from (select * from {} {} order by {} limit {}) t returning key").format(sql.Literal(mapping.id),kt,obj('t',cols),sql.Identifier(mapping.schema,mapping.table),where,keys,sql.Literal(limit))).fetchall()
        s.last=tuple(rows[-1][0].split(',')) if rows else None
        return len(rows)
    def last_snapshot_key(s): return s.last
    def find(s,w):
        c=["true"];p=[]
        for cond,v in [("mapping=%s",w.mapping),("key=%s",w.key or None),("(before ? %s or after ? %s)",w.field or None),("actor::text ilike '%%'||%s||'%%'",w.actor or None),("source=%s",{Side.POSTGRES:'p',Side.NOTION:'n'}.get(w.source)),("origin like %s||'%%'",w.origin or None),("occurred>=%s",w.since),("occurred<=%s",w.until),("seq>%s",w.after_seq or None),("page_id=%s",w.page_id or None)]:
            if v is not None: c.append(cond); p+= [v]*cond.count('%s')
        if w.unkeyed: c.append("coalesce(key,'')=''")
        q=f"select {COLS} from sync_engine.sync_events where {' and '.join(c)} order by seq {'desc' if w.newest_first else ''} "+(f"limit {w.limit}" if w.limit else "")
        for r in s.cur().execute(q,p).fetchall(): yield ev(r)
    def position(s):
        r=s.cur().execute("select coalesce(max(seq),0) s, pg_current_snapshot()::text p from sync_engine.sync_events").fetchone(); return r['s'],r['p']

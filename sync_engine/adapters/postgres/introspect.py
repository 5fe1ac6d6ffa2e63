"""The catalog as domain values.

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
def tables(conn, schemas):
    d=drv(conn); out=[]
    rows=d.execute("select c.oid,n.nspname,c.relname from pg_class c join pg_namespace n on n.oid=c.relnamespace where n.nspname=any(%s) and c.relkind in ('r','p') order by 2,3",[list(schemas)]).fetchall()
    for oid,ns,rel in rows:
        cols=[]
        for num,name,typ,tn,tt,nn,hd,gen,ident,tmod,elem,eoid in d.execute("""select a.attnum,a.attname,format_type(a.atttypid,a.atttypmod),t.typname,t.typtype,a.attnotnull,a.atthasdef,a.attgenerated,a.attidentity,a.atttypmod,e.typname,coalesce(nullif(t.typelem,0),t.oid)
            from pg_attribute a join pg_type t on t.oid=a.atttypid left join pg_type e on e.oid=t.typelem and t.typcategory='A' where attrelid=%s and attnum>0 and not attisdropped order by 1""",[oid]).fetchall():
            labels=tuple(r[0] for r in d.execute("select enumlabel from pg_enum where enumtypid=%s order by enumsortorder",[eoid]))
            p=s=None
            if (elem or tn)=='numeric' and tmod>=0: p=((tmod-4)>>16)&65535; s=(tmod-4)&65535
            cols.append(Column(name,num,typ,elem or tn,bool(elem),bool(labels),labels,nn,hd and not gen,{'s':'stored','v':'virtual'}.get(gen,''),{'a':'always','d':'default'}.get(ident,''),p,s))
        names={c.number:c.name for c in cols}
        pk=(); uq=[]; fks=[]
        for cn,ct,ck,fns,frel,fk,coid in d.execute("""select conname,contype,conkey,n.nspname,f.relname,confkey,confrelid from pg_constraint k left join pg_class f on f.oid=confrelid left join pg_namespace n on n.oid=f.relnamespace where conrelid=%s""",[oid]).fetchall():
            cc=tuple(names[i] for i in ck or ())
            if ct=='p': pk=cc
            if ct=='u': uq.append(cc)
            if ct=='f':
                fn=dict(d.execute("select attnum,attname from pg_attribute where attrelid=%s",[coid]).fetchall())
                fks.append(ForeignKey(cn,cc,fns,frel,tuple(fn[i] for i in fk)))
        out.append(Table(ns,rel,oid,tuple(cols),pk,tuple(uq),tuple(fks)))
    return out

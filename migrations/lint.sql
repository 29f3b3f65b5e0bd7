-- Citus-readiness lint; runs on plain PostgreSQL 15-18. Every row returned is a violation.
-- growing table = has a column county_code NOT NULL and is not listed as shared; shared = the reference tables.
with shared(t) as (values ('divisions'),('organizations'),('departments'),('accounts'),('account_roles'),('categories'),('duty_list_items'),('whistle_templates'),('calendar_days'),('settings'),('schedule'),('migrations'),('feed_epoch')),
tabs as (select c.oid,c.relname,c.relkind,c.relispartition,
   exists(select from shared s where s.t=c.relname) is_shared,
   (select attnum from pg_attribute a where a.attrelid=c.oid and attname='county_code' and not attisdropped) tcol,
   (select attnotnull and attgenerated='' and atttypid='int'::regtype from pg_attribute a where a.attrelid=c.oid and attname='county_code' and not attisdropped) tok
   from pg_class c join pg_namespace n on n.oid=c.relnamespace where n.nspname='public' and c.relkind in('r','p')
    and not exists(select from pg_depend d where d.objid=c.oid and d.deptype='e')),
ten as (select * from tabs where not is_shared)
select relname, 'no int NOT NULL plain county_code column' why from ten where tok is not true
union all select relname,'no primary key (needed for online shard moves)' from ten t where not relispartition and not exists(select from pg_index i where i.indrelid=t.oid and indisprimary)
union all select relname||'.'||i.indexrelid::regclass,'primary key does not begin with county_code' from ten t join pg_index i on i.indrelid=t.oid where indisprimary and t.tcol is not null and i.indkey[0]<>t.tcol
union all select relname||'.'||i.indexrelid::regclass,'unique/PK/exclusion index without county_code' from ten t join pg_index i on i.indrelid=t.oid where (indisunique or indisexclusion) and not (t.tcol=any(i.indkey::int2[]))
union all select t.relname||'.'||c.conname,'FK to a growing table does not carry county_code -> county_code' from ten t join pg_constraint c on c.conrelid=t.oid and contype='f' join ten f on f.oid=c.confrelid
   where not exists(select from unnest(c.conkey,c.confkey) u(a,b) where a=t.tcol and b=f.tcol)
union all select t.relname||'.'||c.conname,'ON DELETE/UPDATE SET NULL/DEFAULT on an FK that carries county_code' from ten t join pg_constraint c on c.conrelid=t.oid and contype='f' where (confdeltype in('n','d') or confupdtype in('n','d')) and t.tcol=any(c.conkey)
union all select t.relname||'.'||c.conname,'FK from a shared table to a growing table' from tabs t join pg_constraint c on c.conrelid=t.oid and contype='f' join ten f on f.oid=c.confrelid where t.is_shared
union all select t.relname||'.'||tg.tgname,'trigger' from tabs t join pg_trigger tg on tg.tgrelid=t.oid where not tgisinternal
union all select t.relname||'.'||r.rulename,'rule' from tabs t join pg_rewrite r on r.ev_class=t.oid where t.relkind<>'v'
union all select c.relname,'sequence/identity (use application ids)' from pg_class c join pg_namespace n on n.oid=c.relnamespace where n.nspname='public' and relkind='S'
union all select relname,'sub-partitioned table' from ten where relispartition and relkind='p'
union all select c.conrelid::regclass||'.'||conname,'FK on a partitioned table (Citus 13/PG15 cannot add it later)' from pg_constraint c join ten t on t.oid=c.conrelid where contype='f' and relkind='p'
union all select t.relname||'.'||a.attname,'enum/domain/composite/extension type column: asyncpg introspects it per connection' from tabs t join pg_attribute a on a.attrelid=t.oid join pg_type y on y.oid=a.atttypid where attnum>0 and not attisdropped and not relispartition and (y.typtype in('e','d','c') or y.oid>=16384) 
order by 1;

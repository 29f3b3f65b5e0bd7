import time
from tests.integration.asking import desk_of
import schema.plans as plans
async def clone(pool, table, extra):
    cols=[r[0] for r in await pool.fetch("SELECT column_name FROM information_schema.columns WHERE table_name=$1 AND table_schema='public' AND is_generated='NEVER'", table)]
    sel=", ".join(extra.get(c, f"s.{c}") for c in cols)
    await pool.execute(f"INSERT INTO {table} ({', '.join(cols)}) SELECT {sel} FROM {table} s CROSS JOIN generate_series(1,1500) n")
async def test_x(street):
    desk = await desk_of(street)
    u=lambda c: f"CASE WHEN s.{c} IS NULL THEN NULL ELSE md5(s.{c}::text||n)::uuid END"
    await clone(street.pool,"case_file",{"id":u("id"),"number":"s.number||'-'||n","merged_into":u("merged_into"),"registered_at":"s.registered_at - n * interval '1 hour'","state":"CASE WHEN n > 20 AND s.state IN ('REGISTERED','ACCEPTED','ASSIGNED','HANDLING','VERIFYING','REOPENED','SUSPENDED') THEN 'ARCHIVED' ELSE s.state END","closed_at":"coalesce(s.closed_at, CASE WHEN n>20 THEN s.updated_at END)","close_kind":"coalesce(s.close_kind,'SOLVED')"})
    await clone(street.pool,"whistle",{"id":u("id"),"case_id":u("case_id"),"number":"s.number||'-'||n","state":"CASE WHEN n > 20 THEN 'EVALUATED' ELSE s.state END"})
    await clone(street.pool,"assignment",{"id":u("id"),"case_id":u("case_id"),"whistle_id":u("whistle_id"),"state":"CASE WHEN n > 20 AND s.state NOT IN ('REASSIGNED','EXCUSED','WITHDRAWN') THEN 'RELEASED' ELSE s.state END"})
    await street.pool.execute("ANALYZE")
    board=open('docs/operations/board.graphql').read()
    hand=open('docs/operations/shift-hand-over.graphql').read()
    inbox='{ assignments(organization:"CG", filter:{open:true}) { nodes { state case { number title waitingOn { since organization { code } } } } } }'
    tasks='{ viewer { tasks { nodes { action case { title } } } } }'
    text='{ cases(filter:{text:"僵尸"}) { nodes { title } } }'
    for who in ("dispatcher","grid worker","handler of CG","chief leader","county office","follow-up caller","resident"):
        for name,q,v in (("board",board,{"division":"990101001000"}),("hand",hand,{"division":"990101001000","hours":12}),("inbox",inbox,{}),("tasks",tasks,{}),("text",text,{})):
            ts=[]
            for i in range(8):
                t=time.perf_counter(); d=await desk.ask(q, desk.people[who], **v); ts.append(time.perf_counter()-t)
            print(f"{who:18} {name:6} first {ts[0]*1000:7.1f} best {min(ts)*1000:7.1f} last {ts[-1]*1000:7.1f} ms")

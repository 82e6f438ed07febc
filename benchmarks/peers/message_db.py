"""message-db's own functions, called through psycopg from threads, one connection per thread.

The case `pgbench` calls the same functions from pgbench, so that no client language stands in the way.
"""

import itertools
import json
import os
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.peers import pgbench, workload
from benchmarks.protocol import answer_requests

READ = "SELECT type, data FROM get_stream_messages(%s, 0, -1)"
WRITE = "SELECT write_message(%s, %s, %s, %s::jsonb, NULL, %s)"
READ_LOG = "SELECT stream_name, type, data, global_position FROM get_category_messages('groups', %s, 1000)"
PGBENCH_USERS = 2_500
"""Users of pgbench's own, because it appends without deciding."""

INSTALL = "node_modules/@eventide/message-db/database/install.sh"

# Many messages per transaction: the seed only.
SEED = """
DO $$ BEGIN
  FOR u IN {first}..{last} LOOP
    FOR v IN 0..{events} - 1 LOOP
      PERFORM write_message(gen_random_uuid()::varchar, 'groups-' || u, h.type, h.data, NULL, v - 1)
      FROM seed_history h WHERE h.n = v;
    END LOOP;
  END LOOP;
END $$"""
PGBENCH = """\\set u {first} + :client_id + {callers} * random(0, {users} / {callers} - 1)
SELECT type, data FROM get_stream_messages('groups-' || :u, 0, -1);
SELECT write_message(gen_random_uuid()::varchar, 'groups-' || :u, 'group-renamed', '{data}'::jsonb, NULL, \
stream_version('groups-' || :u));
"""

next_user = itertools.count()
Connection = psycopg.Connection[tuple[Any, ...]]


def connect() -> Connection:
    return psycopg.connect(dbname=os.environ["PGDATABASE"], autocommit=True, prepare_threshold=0)


def seed() -> dict[str, Any]:
    database = os.environ["PGDATABASE"]
    subprocess.run(
        ["bash", Path(os.environ["BENCH_NODE"], INSTALL)],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"DATABASE_NAME": database, "CREATE_DATABASE": "off"},
    )
    with connect() as db:
        db.execute(f'ALTER DATABASE "{database}" SET search_path = message_store, public'.encode())
    users = workload.USERS + PGBENCH_USERS
    with connect() as db:
        db.execute("CREATE TABLE seed_history (n int PRIMARY KEY, type text, data jsonb)")
        for n, (kind, data) in enumerate(workload.history()):
            db.execute("INSERT INTO seed_history VALUES (%s, %s, %s::jsonb)", (n, kind, workload.compact(data)))
        for first in range(0, users, 500):
            statement = SEED.format(first=first, last=first + 499, events=workload.EVENTS)
            db.execute(statement.encode(), prepare=False)
    return {"events": users * workload.EVENTS}


def change(db: Connection, user: int) -> None:
    stream = f"groups-{user}"
    groups: workload.Groups = {}
    history = db.execute(READ, (stream,)).fetchall()
    for kind, data in history:
        workload.evolve(groups, kind, json.loads(data))
    kind, data = workload.decide(groups, len(history))
    db.execute(WRITE, (str(uuid.uuid4()), stream, kind, workload.compact(data), len(history) - 1))


def run(case: str, callers: int, warm: float, seconds: float) -> dict[str, float]:
    if case == "pgbench":
        data = workload.compact(workload.data_of(15, "group-0003"))
        script = PGBENCH.format(callers=callers, first=workload.USERS, users=PGBENCH_USERS, data=data)
        return pgbench.measure(script, callers, warm, seconds)
    connections = [connect() for _ in range(callers)]
    try:
        return workload.measure(
            [lambda db=db: change(db, next(next_user) % workload.USERS) for db in connections],  # type: ignore[misc]
            warm,
            seconds,
        )
    finally:
        for db in connections:
            db.close()


def rebuild(case: str) -> dict[str, float]:
    views: dict[str, workload.Groups] = {}
    position, count = 1, 0
    with connect() as db:
        begin = time.perf_counter()
        while count < workload.USERS * workload.EVENTS:
            batch = db.execute(READ_LOG, (position,)).fetchall()
            for stream, kind, data, _ in batch:
                workload.evolve(views.setdefault(stream, {}), kind, json.loads(data))
            count, position = count + len(batch), batch[-1][3] + 1
        return {"count": count, "seconds": time.perf_counter() - begin}


def check() -> dict[str, Any]:
    with connect() as db:
        events, size = db.execute("SELECT count(*), max(length(data::text)) FROM messages").fetchone() or (0, 0)
    return {"events": events, "bytes": size}


if __name__ == "__main__":
    answer_requests({"seed": seed, "run": run, "rebuild": rebuild, "check": check})

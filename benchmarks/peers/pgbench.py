"""pgbench: what the server can do with one connection per client and no client language in the way."""

import os
import re
import subprocess
import tempfile
from typing import Any

import psycopg

from benchmarks.peers import workload
from benchmarks.protocol import answer_requests, tell_begin

DATA = workload.compact(workload.data_of(15, "group-0003"))
TABLE = """
CREATE TABLE {name} (
  position bigserial UNIQUE, stream uuid NOT NULL, version bigint NOT NULL, topic text NOT NULL, state bytea NOT NULL,
  PRIMARY KEY (stream, version))"""
TABLES = ("single", "loaded", "grouped")
COUNT = "SELECT count(*) FROM (SELECT FROM single UNION ALL SELECT FROM loaded UNION ALL SELECT FROM grouped) rows"
STREAM = "('00000014-0000-0001-0000-' || lpad(to_hex(:u::int), 12, '0'))::uuid"
SCRIPTS = {
    "insert": f"""\
INSERT INTO single (stream, version, topic, state) VALUES (gen_random_uuid(), 1, 'group-renamed', '{DATA}');
""",
    "load + insert": f"""\
\\set u :client_id + {{callers}} * random(0, {{users}} / {{callers}} - 1)
SELECT version, topic, state FROM loaded WHERE stream = {STREAM} ORDER BY version;
INSERT INTO loaded (stream, version, topic, state) \
SELECT {STREAM}, max(version) + 1, 'group-renamed', '{{data}}'::bytea FROM loaded WHERE stream = {STREAM};
""",
    "insert 50": f"""\
INSERT INTO grouped (stream, version, topic, state) \
SELECT gen_random_uuid(), 1, 'group-renamed', '{DATA}'::bytea FROM generate_series(1, 50);
""",
}
ROWS = {"insert 50": 50}


def measure(script: str, callers: int, warm: float, seconds: float) -> dict[str, float]:
    """Run a script; pgbench counts whole seconds. Two short runs before warm the server up and are not counted."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()

        def bench(*limit: str) -> tuple[int, float]:
            command = ["pgbench", "-n", "-M", "prepared", "-c", str(callers), "-j", str(min(callers, 2)), *limit]
            said = subprocess.run([*command, "-f", file.name], check=True, capture_output=True, text=True).stdout
            done, rate = re.search(r"actually processed: (\d+)", said), re.search(r"tps = ([\d.]+)", said)
            assert done, said
            assert rate, said
            return int(done[1]), float(rate[1])

        probe, rate = bench("-t", str(max(1, 64 // callers)))
        warmed, _ = bench("-t", str(max(1, int(rate * warm / callers))))
        tell_begin()
        count, rate = bench("-T", str(max(1, round(seconds))))
    return {"count": count, "seconds": count / rate, "total": probe + warmed + count}


def connect() -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(dbname=os.environ["PGDATABASE"], autocommit=True)


def seed() -> dict[str, Any]:
    history = [(kind, workload.compact(data).encode()) for kind, data in workload.history()]
    with connect() as db:
        for name in TABLES:
            db.execute(TABLE.format(name=name).encode())
        with db.cursor().copy("COPY loaded (stream, version, topic, state) FROM STDIN") as copy:
            for user in range(workload.USERS):
                for version, (kind, data) in enumerate(history, 1):
                    copy.write_row((workload.stream_id(user), version, kind, data))
    return {"events": workload.USERS * workload.EVENTS}


def run(case: str, callers: int, warm: float, seconds: float) -> dict[str, float]:
    script = SCRIPTS[case]
    if case == "load + insert":
        script = script.format(callers=callers, users=workload.USERS, data=DATA)
    answer = measure(script, callers, warm, seconds)
    rows = ROWS.get(case, 1)
    return answer | {"count": answer["count"] * rows, "total": answer["total"] * rows}


def check() -> dict[str, Any]:
    with connect() as db:
        [events] = db.execute(COUNT).fetchone() or (0,)
    return {"events": events, "bytes": len(DATA)}


if __name__ == "__main__":
    answer_requests({"seed": seed, "run": run, "check": check})

"""Measures the service beside its peers and writes the report: `python -m benchmarks.run [--help]`."""

import argparse
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from benchmarks import cpu, install, report
from benchmarks.cases import LATE, OWN_CORE, PROGRAMS, REFERENCES, Case, steps
from benchmarks.cluster import Cluster
from benchmarks.cores import why_no_own_core
from benchmarks.machine import facts
from benchmarks.peer import ROOT, Peer
from benchmarks.results import Key, Line, Results, Stored

HOME = ROOT / "build/benchmarks"
WARM = 0.25
"""Seconds for which a case runs before it counts."""

IN_PROCESS = ("postgres", "late", "sqlite")
started = time.monotonic()


def say(text: str) -> None:
    """Tell how far the run is."""
    print(f"[{time.monotonic() - started:4.0f} s] {text}", file=sys.stderr, flush=True)


class Run:
    """One run: the server, the peers that take part, and what was measured."""

    def __init__(self, cluster: Cluster, folder: Path, log: TextIO, results: Results) -> None:
        self.cluster = cluster
        self.peers: dict[str, Peer] = {}
        self.results = results
        self.no_own_core = why_no_own_core(cluster.pid)
        self._folder = folder
        self._log = log

    def start(self, name: str, installed: dict[str, list[str]], users: int) -> None:
        """Start a peer on a database of its own."""
        self.cluster.run(f'CREATE DATABASE "{name}"')
        environment = self.cluster.environment | {
            "PGDATABASE": name,
            "BENCH_FOLDER": str(self._folder),
            "BENCH_NODE": str(HOME / "node"),
            "BENCH_USERS": str(users),
            "BENCH_SERVER": str(self.cluster.pid),
        }
        command = PROGRAMS[name].command(installed)
        self.peers[name] = Peer(name, command, {**environment, **PROGRAMS[name].environment}, self._log)

    def seed(self, name: str) -> None:
        """Let a peer make its users' histories."""
        self.peers[name].ask("seed")
        self.cluster.run("VACUUM ANALYZE", database=name)
        say(f"{name} has its history")

    def round(self, turn: int, seconds: float) -> None:
        """Visit every case once; every second time backwards."""
        for name in self.peers:
            self.cluster.run("VACUUM ANALYZE", database=name)
        self.cluster.run("CHECKPOINT")
        checkpoint = self.cluster.last_checkpoint()
        for case, callers in steps()[:: -1 if turn % 2 else 1]:
            if self._is_possible(case):
                self._measure(case, callers, seconds)
        if self.cluster.last_checkpoint() != checkpoint:
            sys.exit(f"a checkpoint fell into round {turn + 1}: LOG_FILES in benchmarks/cluster.py is to be raised")

    def warm_up(self) -> None:
        """Visit the commands once, shortly, and count nothing."""
        for case, callers in steps():
            if self._is_possible(case) and case.table not in ("late", "views"):
                self._ask(case, callers, 0.3)

    def count(self) -> None:
        """Compare what was acknowledged with what is stored; ends the run where something is missing."""
        for peer in self.peers.values():
            found = peer.ask("check")
            stored = Stored(
                peer=peer.name, acknowledged=peer.acknowledged, stored=found["events"], largest=found["bytes"]
            )
            self.results.stored.append(stored)
            if stored.stored != stored.acknowledged:
                sys.exit(f"{peer.name} acknowledged {stored.acknowledged:,} events and has stored {stored.stored:,}")

    def end(self) -> None:
        """End the peers."""
        for peer in self.peers.values():
            peer.end()

    def _is_possible(self, case: Case) -> bool:
        return case.peer in self.peers and not (
            (case.table == "late" and self.cluster.no_late_commits) or (case.case in OWN_CORE and self.no_own_core)
        )

    def _measure(self, case: Case, callers: int, seconds: float) -> None:
        self.cluster.let_commits_take(LATE if case.table == "late" else 0)
        key = Key(case.table, case.peer, case.case, callers)
        line = self.results.find(key)
        if line is None:
            line = Line(**key._asdict(), label=case.label)
            self.results.lines.append(line)
        line.add(self._ask(case, callers, seconds))

    def _ask(self, case: Case, callers: int, seconds: float) -> dict[str, float]:
        peer = self.peers[case.peer]
        if case.table == "views":
            answer = peer.ask("rebuild", case=case.case)
            return {"per_second": answer["count"] / answer["seconds"]}
        before = after = (0.0, 0.0)

        def begin() -> None:
            nonlocal before
            before = (cpu.seconds_of(peer.pid), cpu.seconds_of(self.cluster.pid))

        answer = peer.ask("run", begin, case=case.case, callers=callers, warm=WARM, seconds=seconds)
        measures = {"per_second": answer["count"] / answer["seconds"]}
        if case.table in IN_PROCESS:
            after = (cpu.seconds_of(peer.pid), cpu.seconds_of(self.cluster.pid))
            service, database = (1e6 * (b - a) / answer["count"] for a, b in zip(before, after, strict=True))
            measures |= {"service_us": service, "database_us": database}
        return measures | {name: answer[name] for name in ("p50", "p99", "behind") if name in answer}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="benchmarks.run")
    parser.add_argument("peers", nargs="*", help=f"of {', '.join(PROGRAMS)}; all when none is named")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each case of a round, after a short warm-up")
    parser.add_argument("--events", type=int, default=100_000, help="in the log that this service's views are built of")
    parser.add_argument("--folder", type=Path, help="for all data, on the disk to be measured (the temporary folder)")
    parser.add_argument("--report", type=Path, default=ROOT / "docs/benchmarks.md")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.peers) - set(PROGRAMS)):
        parser.error(f"there is no peer {', '.join(unknown)}")
    asked.peers = [name for name in PROGRAMS if not asked.peers or name in asked.peers or name in REFERENCES]
    return asked


def install_all(names: list[str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Install what these peers need; say what is left out, and why."""
    HOME.mkdir(parents=True, exist_ok=True)
    needs = {need for name in names for need in PROGRAMS[name].needs}
    installed, missing = {}, {}
    with ThreadPoolExecutor() as together:
        for need, result in {need: together.submit(getattr(install, need), HOME) for need in needs}.items():
            try:
                installed[need] = result.result()
            except install.NotInstalled as failure:
                missing[need] = str(failure)
    left_out = {name: missing[need] for name in names for need in PROGRAMS[name].needs if need in missing}
    return installed, left_out


def main() -> None:
    """Measure and report."""
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    install.postgres()
    installed, left_out = install_all(asked.peers)
    for name, why in left_out.items():
        say(f"{name} is left out: {why}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-", dir=asked.folder)))
        folder.chmod(0o755)
        cluster = stack.enter_context(Cluster(folder))
        results = Results(facts=facts(cluster, folder, asked.rounds, asked.seconds), left_out=left_out, lines=[])
        run = Run(cluster, folder, stack.enter_context((HOME / "peers.log").open("w")), results)
        stack.callback(run.end)
        if cluster.no_late_commits:
            results.left_out["late commits"] = cluster.no_late_commits
        if run.no_own_core:
            results.left_out["a core of its own"] = run.no_own_core
        measure(run, asked, installed)
    report.write(results, asked.report)
    say(f"report: {asked.report}")


def measure(run: Run, asked: argparse.Namespace, installed: dict[str, list[str]]) -> None:
    """Make the histories, measure in rounds, count."""
    users = {"ours-views": asked.events // 40}  # 20 events each, and as many users are first seen later
    names = [name for name in asked.peers if name not in run.results.left_out]
    for name in names:
        run.start(name, installed, users.get(name, 5_000))
    with ThreadPoolExecutor(2) as together:
        list(together.map(run.seed, names))
    run.warm_up()
    for turn in range(asked.rounds):
        run.round(turn, asked.seconds)
        say(f"round {turn + 1}")
    run.cluster.let_commits_take(0)
    run.count()
    say("everything that was acknowledged is stored")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The console role over a large installation: milliseconds until an answer is there, its memory, a page until it can be used.

usage: console_bench.py PLUMBLINE PLUMB [--traces N] [--rounds N] [--folder FOLDER]
       --folder: the database is made there once and stays, for who measures again; without it everything is removed at the end.

Prints one JSON object a line. The database is the migrated schema, filled by SQL with what the consumers would have stored; one tenant
has N traces in sessions of 200 over 30 days, 1,000 repositories a report every six hours, nineteen others have a five-hundredth of it each."""
import argparse
import gzip
import http.client
import json
import os
import random
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/integration/console"))
sys.dont_write_bytecode = True
from installation import Browser, Installation, dies_with_us, wait_for  # noqa: E402

EVENTS = 200  # a session
TENANTS = 20
DAYS = 30
SETTINGS = ("shared_buffers=2GB", "max_wal_size=8GB", "checkpoint_timeout=30min", "wal_level=minimal", "max_wal_senders=0", "full_page_writes=off",
            "synchronous_commit=off", "random_page_cost=1.1", "work_mem=16MB", "maintenance_work_mem=512MB", "max_parallel_workers_per_gather=0")


def say(text):
    print(text, file=sys.stderr, flush=True)


class Filled:
    """An installation whose PostgreSQL holds the data; `plumbline console` is its only role."""

    def __init__(self, plumbline, plumb, traces, folder):
        self.sessions = max(TENANTS, traces // EVENTS)
        self.installation = Installation(plumbline, plumb, postgres_folder=folder, postgres_settings=SETTINGS)
        self.postgres = self.installation.postgres
        self.edge = None
        self.stamp = Path(folder) / "filled" if folder else None

    def psql(self, script, each):
        """The script once with each set of values, by one psql."""
        text = "".join("".join(f"\\set {key} '{value}'\n" for key, value in values.items()) + f"\\i {HERE / script}\n" for values in each)
        subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.postgres.port), "-U", "postgres", "-d", "plumbline"],
                       input=text, text=True, check=True, stdout=subprocess.DEVNULL)

    def fill(self):
        i = self.installation
        if self.stamp and self.stamp.exists():
            self.base = self.stamp.read_text()
            i.cli("migrate")
            return
        begun = time.monotonic()
        i.cli("migrate")
        self.base = self.postgres.sql(f"SELECT to_char(date_trunc('hour', now() AT TIME ZONE 'UTC') - interval '{DAYS} days', 'YYYY-MM-DD HH24:MI:SS') || '+00'")
        self.postgres.sql(f"SELECT plumbline.ensure_partition(('{self.base}'::timestamptz AT TIME ZONE 'UTC')::date + d) FROM generate_series(0, {DAYS + 1}) d")
        tenants = []
        for slug, sessions, repos in [("big", self.sessions, 1000)] + [(f"small-{n}", max(1, self.sessions // 500), 20) for n in range(1, TENANTS)]:
            i.cli("tenant", "create", slug, "--name", slug.title(), "--retention-days", "400")
            found = self.postgres.sql(f"SELECT id FROM plumbline.tenants WHERE slug = '{slug}'")
            tenants.append({"tenant": found, "base": self.base, "sessions": sessions, "events": EVENTS, "agents": repos // 5, "repos": repos})
        self.psql("fill_rest.sql", tenants)
        say(f"filled all but traces, {time.monotonic() - begun:.0f} s")

        def day_of(day):
            self.psql("fill_traces.sql", [t | {"first": t["sessions"] * day // DAYS, "last": t["sessions"] * (day + 1) // DAYS} for t in tenants])
            say(f"filled day {day + 1} of {DAYS}, {time.monotonic() - begun:.0f} s")

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(day_of, range(DAYS)))
        self.postgres.sql("VACUUM (ANALYZE)", patience_s=3600)
        self.postgres.sql("CHECKPOINT", patience_s=3600)
        say(f"filled in {time.monotonic() - begun:.0f} s")
        if self.stamp:
            self.stamp.write_text(self.base)

    def start(self):
        i = self.installation
        self.log = open(i.folder / "console.log", "w")
        # The embedded log has an owner; the console only asks it where topics end.
        self.edge = subprocess.Popen([i.plumbline, "edge", "--config", i.config], preexec_fn=dies_with_us, stdout=self.log, stderr=self.log)
        i.process = self.edge
        wait_for("the edge", lambda: i.ready(i.edge_port))
        i.process = self.process = subprocess.Popen([i.plumbline, "console", "--config", i.config], preexec_fn=dies_with_us, stdout=self.log, stderr=self.log)
        i.log = self.log
        wait_for("the console", lambda: i.ready(i.console_port))

    def mib(self):
        """Resident memory of the console, without pages of its own file; now and at most."""
        status = dict(line.split(":", 1) for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines())
        return {name: round(int(status[field].split()[0]) / 1024, 1) for name, field in (("mib", "VmRSS"), ("peak_mib", "VmHWM"), ("own_mib", "RssAnon"))}


class Clock:
    """One connection that stays open, as a browser's; milliseconds from a request to the end of its answer."""

    def __init__(self, browser):
        self.connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=120)
        self.fields = {"Cookie": "; ".join(f"{k}={v}" for k, v in browser.cookies.items())}

    def ms(self, path):
        begun = time.perf_counter()
        try:
            self.connection.request("GET", path, headers=self.fields)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):  # it was idle for too long
            self.connection.close()
            begun = time.perf_counter()
            self.connection.request("GET", path, headers=self.fields)
            answer = self.connection.getresponse()
        answer.body = answer.read()
        return (time.perf_counter() - begun) * 1000, answer


def into_memory(filled):
    """A server that has been up for a while has what fits of its database in the page cache: all of it is read once, if it fits."""
    files = [f for f in (filled.postgres.folder / "data/base").rglob("*") if f.is_file()]
    free = next(int(line.split()[1]) * 1024 for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
    if sum(f.stat().st_size for f in files) > 0.9 * free:
        return False
    for file in files:
        with open(file, "rb", buffering=0) as data:
            while data.read(1 << 22):
                pass
    return True


def percentile(samples, share):
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * share))]


def measure(filled, rounds, rng):
    # As fill_traces.sql names them.
    sessions = [line.split("|") for line in filled.postgres.sql(
        f"SELECT md5(id || '/' || n)::uuid, 'agent-' || n % 200 FROM plumbline.tenants, generate_series(0, {filled.sessions - 1}) n WHERE slug = 'big'").splitlines()]
    clock = Clock(Browser(filled.installation).sign_in(filled.installation.setup_link("big", "ann@example.com", "admin")))
    base = "/api/v1/tenants/big/"
    # What is dear is worked out beside: the first look waits for it, as a person would.
    begun = time.monotonic()
    first, _ = wait_for("the first overview", lambda: (a := clock.ms(base + "overview"))[1].status == 200 and a, 120, 0.2)
    cold_s = time.monotonic() - begun
    pages = {"select_1": lambda: "/readyz", "overview": lambda: base + "overview",
             "timeline": lambda: (lambda s: f"{base}sessions/{s[0]}?agent={s[1]}&limit=200")(rng.choice(sessions)),
             "drifts": lambda: base + rng.choice(("drifts", "drifts", "drifts?state=open", f"drifts?repo=acme/service-{rng.randrange(1000)}")),
             "sessions": lambda: base + "sessions", "repos": lambda: base + "repos", "agents": lambda: base + "agents"}
    # Right after a start little is in memory, unless this run has just made the database: told by itself.
    started = [clock.ms(pages["timeline"]())[0] for _ in range(50)]
    result_of_start = {"timeline_after_start_p50_ms": round(percentile(started, 0.5), 2), "timeline_after_start_p95_ms": round(percentile(started, 0.95), 2),
                       "in_memory": into_memory(filled)}
    for _ in range(rounds):
        clock.ms(pages["timeline"]())
    taken, failed = {name: [] for name in pages}, []
    for round_ in range(rounds):
        for name, path in pages.items():
            if name in ("sessions", "repos", "agents") and round_ % 50 != min(50, rounds) - 1:
                continue
            ms, answer = clock.ms(path())
            if answer.status != 200:
                failed.append(f"{name}: {answer.status} {answer.body[:300]}")
            taken[name].append(ms)
    result = {"rounds": rounds, "first_overview_ms": round(first, 1), "until_first_overview_s": round(cold_s, 1), "load_average": round(os.getloadavg()[0], 1), "sessions": len(sessions),
              "failed": failed} | result_of_start
    for name, samples in taken.items():
        result |= {f"{name}_p50_ms": round(percentile(samples, 0.5), 2), f"{name}_p95_ms": round(percentile(samples, 0.95), 2)}
    return result | filled.mib()


def bundle(filled):
    """Bytes of every script, style and page of the bundle as they are sent to a browser that takes br and gzip."""
    def get(path):
        connection = http.client.HTTPConnection("127.0.0.1", filled.installation.console_port, timeout=60)
        connection.request("GET", path, headers={"Accept-Encoding": "gzip, br"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.getheader("content-encoding"), body

    def plain(encoding, body):
        if encoding == "br":
            return subprocess.run(["node", "-e", "process.stdout.write(require('zlib').brotliDecompressSync(require('fs').readFileSync(0)))"],
                                  input=body, capture_output=True, check=True).stdout
        return gzip.decompress(body) if encoding == "gzip" else body

    sizes, to_do = {}, ["/"]
    while to_do:
        path = to_do.pop()
        status, encoding, body = get(path)
        if path in sizes or status != 200:
            continue
        sizes[path] = len(body)
        text = plain(encoding, body).decode(errors="replace")
        to_do += [name if name.startswith("/") else "/assets/" + name.rpartition("/")[2]
                  for name in re.findall(r"""["'(]([./A-Za-z0-9_-]*[A-Za-z0-9_-]+\.(?:js|css))["')]""", text) if "/" in name]
    return {"bundle_kb": round(sum(sizes.values()) / 1000, 1), "bundle_files": len(sizes)}


def interactive(filled, rounds):
    """Where node and chromium are; else nothing."""
    tests = ROOT / "tests/browser"
    if not (tests / "node_modules/playwright-core").exists():
        return {}
    link = filled.installation.setup_link("big", "eve@example.com", "viewer")
    done = subprocess.run(["node", HERE / "interactive.mjs", tests, filled.installation.url, link, str(rounds)], capture_output=True, text=True, timeout=600)
    if done.returncode:
        say(done.stderr)
        return {}
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("plumbline")
    parser.add_argument("plumb")
    parser.add_argument("--traces", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--folder")
    parser.add_argument("--seed", type=int, default=7)
    words = parser.parse_args()
    say(f"seed {words.seed}")
    filled = Filled(words.plumbline, words.plumb, words.traces, words.folder)
    try:
        filled.fill()
        filled.start()
        size = int(filled.postgres.sql("SELECT pg_database_size('plumbline')"))
        traces = int(filled.postgres.sql("SELECT sum(reltuples)::bigint FROM pg_class WHERE relname ~ '^traces_[0-9]+$'"))  # counted by VACUUM
        print(json.dumps({"traces": traces, "tenants": TENANTS, "database_gib": round(size / 2**30, 2)}
                         | measure(filled, words.rounds, random.Random(words.seed)) | bundle(filled) | interactive(filled, 5) | filled.mib()), flush=True)
    except BaseException:
        if (log := filled.installation.folder / "console.log").exists():
            say(log.read_text()[-3000:])
        raise
    finally:
        if filled.edge:
            filled.edge.terminate()
        filled.installation.stop()


if __name__ == "__main__":
    main()

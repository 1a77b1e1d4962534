#!/usr/bin/env python3
"""The capacity model: from the figures of bench/results.json to a size of installation. docs/capacity.md tells what it means.

    model.py [--write]     prints the tables, or writes them into docs/capacity.md

Every number that is not measured is an Assumption with its reason; those that the simulation can check say so.
"""
import dataclasses
import json
import math
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "capacity.md"
HOURS_A_MONTH = 730
DAY_S = 86_400


@dataclasses.dataclass(frozen=True)
class Assumption:
    value: float
    unit: str
    why: str
    checked: str = ""  # by what of bench/capacity/simulate.py


ASSUMPTIONS = {
    "rate": Assumption(1_000_000, "traces/s", "the question; the highest minute, not the mean of a day"),
    "trace_bytes": Assumption(600, "B", "one JSON line of a decision or span without content"),
    "request_traces": Assumption(100, "traces", "what an agent or exporter sends in a request; all of one key, so one record"),
    "single_share": Assumption(0.05, "of all traces", "clients that send each trace in a request of its own"),
    "report_share": Assumption(0.001, "of all traces", "gate runs beside decisions"),
    "utilization": Assumption(0.6, "of a processor or connection", "room for bursts, a rebalance and a machine that is gone", "delay"),
    "skew": Assumption(1.5, "times the mean connection", "keys are tenant/agent, agents differ in volume, and partitions are not shared out evenly", "skew"),
    "log_ratio": Assumption(0.5, "of the JSON's bytes", "lz4 over records of many like lines", "compression"),
    "record_overhead": Assumption(400, "B", "key, headers and framing of one record of 100 traces"),
    "replication": Assumption(3, "copies", "kafka.replication = 3 with min.insync.replicas = 2"),
    "log_hours": Assumption(24, "h", "how long the store may be down before the log forgets"),
    "broker_us": Assumption(1.0, "CPU µs per trace and copy", "not measured here: batched appends and fetches, TLS inside; measure yours"),
    "broker_mb_s": Assumption(400, "MB/s", "what a broker's NVMe disks write for ever"),
    "broker_net_mb_s": Assumption(1_250, "MB/s", "10 Gbit/s each way"),
    "edge_cores": Assumption(8, "vCPU", "an edge machine"),
    "consumer_cores": Assumption(8, "vCPU", "a machine of persist, health or drift"),
    "broker_cores": Assumption(16, "vCPU", "a broker"),
    "postgres_cores": Assumption(32, "vCPU", "the largest PostgreSQL primary; one that storage bounds has as many as it needs, in steps of 4"),
    "connections": Assumption(16, "writing connections", "measured to 2 only; WAL insertion is shared, so no more are counted on"),
    "postgres_disk_tb": Assumption(30, "TB", "NVMe of one server, filled to 80 %"),
    "postgres_write_mb_s": Assumption(1_500, "MB/s", "its sustained writes"),
    "wal_factor": Assumption(2.5, "bytes written per stored byte", "WAL with full pages, the table, its indexes"),
    "standbys": Assumption(1, "per primary", "takes over; the log holds what it had not"),
    "failover_s": Assumption(13, "s", "kafka.session_timeout (10 s) and a rebalance", "rebalance"),
    "usd_core_hour": Assumption(0.04, "USD", "on-demand list price of large providers, memory included"),
    "usd_gb_month": Assumption(0.08, "USD", "local or network NVMe"),
    "usd_gb_zone": Assumption(0.01, "USD", "a GB from one zone to another"),
}


def a(name):
    return ASSUMPTIONS[name].value


def figures(path=ROOT / "bench" / "results.json"):
    """What is measured, by the names that the model uses."""
    results = json.loads(path.read_text(encoding="utf-8"))
    value = lambda name: results[name]["value"]
    one = "_one" if "persist_rows_s_one" in results else ""
    filled = results["console_overview_ms"]["samples"]
    return {
        "edge_batch_us": (value("edge_batch_us"), "CPU µs per trace in requests of 100, durable on Kafka", "edge_batch_us"),
        "edge_single_us": (value("edge_single_us"), "CPU µs per trace in a request of its own", "edge_single_us"),
        "persist_us": (value("persist_own_cpu_us" + one), "CPU µs per row, persist", "persist_own_cpu_us" + one),
        "postgres_us": (round(value("persist_cpu_us" + one) - value("persist_own_cpu_us" + one), 2), "CPU µs per row, PostgreSQL under persist",
                        f"persist_cpu_us{one} - persist_own_cpu_us{one}"),
        "connection_rows_s": (value("persist_rows_s" + one), "rows/s through one connection", "persist_rows_s" + one),
        "health_us": (value("health_us"), "CPU µs per trace, health and its PostgreSQL", "health_us"),
        "health_rows_s": (value("health_records_s"), "traces/s, one member of health", "health_records_s"),
        "drift_us": (value("drift_us"), "CPU µs per report, drift and its PostgreSQL", "drift_us"),
        "row_bytes": (round(filled["database_gib"] * 2**30 / filled["traces"]), "B of database per stored trace, indexes and all else", "console_overview_ms"),
    }


def up(value):
    return math.ceil(value - 1e-9)


@dataclasses.dataclass
class Size:
    retention_days: int
    shards: int
    shard_bound: str
    shard_rate: float
    partitions: int
    connections: int
    edges: int
    brokers: int
    broker_bound: str
    consumers: int
    cores: int
    log_tb: float
    store_tb: float
    usd_month: float
    usd_million: float


def size(f, retention_days, rate=None):
    rate = rate or a("rate")
    use = a("utilization")
    of = lambda name: f[name][0]
    edge_us = (1 - a("single_share")) * of("edge_batch_us") + a("single_share") * of("edge_single_us")
    edge_machines = up(rate * edge_us / 1e6 / use / a("edge_cores")) + 1  # one may be gone

    # A shard is a PostgreSQL with the topics and consumers that feed it; a tenant lives in one.
    bounds = {
        "connections": a("connections") * of("connection_rows_s") * use / a("skew"),
        "CPU": a("postgres_cores") * use / (of("postgres_us") + of("health_us") / 2) * 1e6,
        "writes": a("postgres_write_mb_s") * 1e6 * use / (of("row_bytes") * a("wal_factor")),
        "storage": a("postgres_disk_tb") * 1e12 * 0.8 / (of("row_bytes") * DAY_S * retention_days),
    }
    bound = min(bounds, key=bounds.get)
    shards = up(rate / bounds[bound])
    shard_rate = rate / shards
    connections = up(shard_rate * a("skew") / (of("connection_rows_s") * use))
    # Four times the connections or more: of 16 partitions one of 7 connections has 3, a third more than its share; of 32 it has 5, a tenth.
    partitions = 1 << max(3, (4 * connections - 1).bit_length())

    log_mb_s = rate * (a("trace_bytes") * a("log_ratio") + a("record_overhead") / a("request_traces")) / 1e6
    readers = 2 + a("report_share")  # persist and health read everything, drift the reports
    broker_bounds = {
        "disk": log_mb_s * a("replication") / (a("broker_mb_s") * use),
        "network": log_mb_s * max(a("replication") - 1 + readers, a("replication")) / (a("broker_net_mb_s") * use),
        "CPU": rate * a("replication") * a("broker_us") / 1e6 / use / a("broker_cores"),
    }
    broker_bound = max(broker_bounds, key=broker_bounds.get)
    brokers = max(3, up(broker_bounds[broker_bound])) + 1

    consumer_cores = rate * (of("persist_us") + of("health_us") / 2 + of("drift_us") * a("report_share")) / 1e6 / use
    consumers = up(consumer_cores / a("consumer_cores")) + 1
    servers = shards * (1 + a("standbys"))
    server_cores = 4 * up(shard_rate * (of("postgres_us") + of("health_us") / 2) / 1e6 / use / 4)
    cores = int(edge_machines * a("edge_cores") + brokers * a("broker_cores") + consumers * a("consumer_cores") + servers * server_cores)
    log_tb = log_mb_s * a("replication") * a("log_hours") * 3600 / 1e6
    store_tb = rate * of("row_bytes") * DAY_S * retention_days / 1e12
    # Copies go to other zones; of what edges write and two consumers read, two thirds come from another.
    zone_gb_month = log_mb_s / 1e3 * (a("replication") - 1 + 3 * 2 / 3) * HOURS_A_MONTH * 3600
    wal_gb_month = rate * of("row_bytes") * a("standbys") / 1e9 * HOURS_A_MONTH * 3600
    usd = (cores * a("usd_core_hour") * HOURS_A_MONTH + (log_tb + store_tb * (1 + a("standbys"))) * 1e3 / 0.8 * a("usd_gb_month")
           + (zone_gb_month + wal_gb_month) * a("usd_gb_zone"))
    return Size(retention_days, shards, bound, shard_rate, partitions, connections, edge_machines, brokers, broker_bound, consumers, cores, log_tb,
                store_tb, usd, usd / (rate * HOURS_A_MONTH * 3600 / 1e6))


RETENTIONS = (1, 7, 30)
RATES = (10_000, 100_000, 1_000_000)


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 10 else f"{value:.0f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def of_size(s):
    return [number(s.shards), f"{number(s.shard_rate)} ({s.shard_bound})", s.partitions, s.connections, s.edges, f"{s.brokers} ({s.broker_bound})",
            s.consumers, number(s.cores), number(s.log_tb), number(s.store_tb), number(s.usd_month / 1e3), f"{s.usd_million:.3f}"]


def tables(f):
    head = ["shards", "traces/s of a shard (bound by)", "partitions of a shard", "connections of a shard", "edges", "brokers (bound by)", "consumer machines",
            "vCPU", "log TB", "store TB", "1,000 USD/month", "USD per million traces"]
    return {
        "figures": table(["what", "value", "name in bench/results.json"], [(what, number(value), f"`{name}`") for value, what, name in f.values()]),
        "assumptions": table(["assumption", "value", "why", "checked by the simulation"],
                             [(name, f"{number(x.value)} {x.unit}", x.why, f"`{x.checked}`" if x.checked else "") for name, x in ASSUMPTIONS.items()]),
        "retention": table(["retention, days", *head], [(d, *of_size(size(f, d))) for d in RETENTIONS]),
        "rates": table(["traces/s", *head], [(f"{r:,}", *of_size(size(f, 7, r))) for r in RATES]),
    }


def document(text, made):
    """The document with its tables replaced."""
    for name, body in made.items():
        begin, end = f"<!-- {name}: written by bench/capacity/model.py -->\n", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise SystemExit(f"docs/capacity.md has no place for the table {name}: {begin}{end}")
        text = before + begin + body + "\n" + end + after
    return text


def main():
    made = document(DOCUMENT.read_text(encoding="utf-8"), tables(figures()))
    if "--write" in sys.argv:
        DOCUMENT.write_text(made, encoding="utf-8")
    else:
        print(made)


if __name__ == "__main__":
    main()

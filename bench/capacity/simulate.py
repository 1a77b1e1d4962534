#!/usr/bin/env python3
"""Checks the model's assumptions on one shard by seeded simulation: skew of keys over partitions, delay behind consumers, a consumer's
death, a tenant that sends ten times its share.

    simulate.py [SEED]

Arrivals are records of a request each, at random; a connection takes what waits of its partitions in a transaction with a fixed cost
and a cost per row. Keys are placed by the same hash as core/log/log.h. Times in seconds.
"""
import collections
import dataclasses
import random
import sys
import zlib

import model

STEP = 0.02
TRANSACTION_S = 0.005  # BEGIN, positions, COMMIT with fsync
BATCH_MAX = 20_000  # persist.batch_records_max
TENANTS = 300
AGENT_TRACES_S = 40  # one agent's mean; large tenants have more agents
LIMIT = 2  # times its share: a tenant's token bucket


def partition_of(key, partitions):
    value = 1469598103934665603
    for byte in key.encode():
        value = ((value ^ byte) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
    value ^= value >> 32
    return value % partitions


def tenants_of(rng, rate):
    """Rates by Zipf: the largest tenant has about a sixth of all."""
    weights = [1 / (i + 1) for i in range(TENANTS)]
    total = sum(weights)
    names = [f"{rng.getrandbits(64):016x}" for _ in range(TENANTS)]
    return {name: rate * w / total for name, w in zip(names, weights)}


def spread(rng, tenants, partitions):
    """Traces/s of each partition; agents' volumes differ (exponentially)."""
    loads = [0.0] * partitions
    by_tenant = collections.defaultdict(lambda: [0.0] * partitions)
    for name, rate in tenants.items():
        agents = max(1, round(rate / AGENT_TRACES_S))
        shares = [rng.expovariate(1) for _ in range(agents)]
        whole = sum(shares)
        for i, share in enumerate(shares):
            at = partition_of(f"{name}/agent-{i}", partitions)
            loads[at] += rate * share / whole
            by_tenant[name][at] += rate * share / whole
    return loads, by_tenant


def poisson(rng, mean):
    if mean > 30:
        return max(0, round(rng.gauss(mean, mean**0.5)))
    count, left = 0, rng.expovariate(1)
    while left < mean:
        count += 1
        left += rng.expovariate(1)
    return count


@dataclasses.dataclass
class Run:
    p99: float
    worst: float
    caught_up: float  # after the event until no partition is more than a second behind
    backlog: float


def run(rng, loads, connections, rows_s, seconds, dead_from=None, dead_for=0.0, surge=None):
    """`dead_from`: when connection 0 dies; its partitions wait `dead_for`, then the others share them. `surge`: loads from dead_from on."""
    size = model.a("request_traces")
    waiting = [collections.deque() for _ in loads]  # (arrived, traces)
    # Kafka's range assignor: consecutive partitions.
    owner = [p * connections // len(loads) for p in range(len(loads))]
    ready = [0.0] * connections  # when the connection is done with its transaction
    ages, now, caught_up, behind_at = [], 0.0, 0.0, 0.0
    event = dead_from if dead_from is not None else seconds
    while now < seconds:
        for p, load in enumerate(surge if surge and now >= event else loads):
            records = poisson(rng, load / size * STEP)
            if records:
                waiting[p].append((now, records * size))
        if dead_from is not None and not surge and now >= dead_from + dead_for and 0 in owner:
            mine = [p for p, c in enumerate(owner) if c == 0]
            for i, p in enumerate(mine):
                owner[p] = 1 + i % (connections - 1)
        for c in range(connections):
            dead = dead_from is not None and not surge and c == 0 and now >= dead_from
            while not dead and ready[c] <= now:
                taken = 0
                for p, o in enumerate(owner):
                    while o == c and waiting[p] and taken < BATCH_MAX:
                        arrived, count = waiting[p].popleft()
                        taken += count
                        ages.append((arrived, now - arrived, count))
                if not taken:
                    ready[c] = now + STEP
                    break
                cost = TRANSACTION_S + taken / rows_s
                ages[-1] = (ages[-1][0], ages[-1][1] + cost, ages[-1][2])
                ready[c] = max(ready[c], now) + cost
        oldest = max((now - q[0][0] for q in waiting if q), default=0.0)
        if oldest > 1 and now >= event:
            behind_at = now
        now += STEP
    caught_up = max(0.0, behind_at - event) if behind_at else 0.0
    steady = sorted(age for arrived, age, _ in ages if arrived < event)
    after = [age for arrived, age, _ in ages if arrived >= event]
    return Run(steady[int(0.99 * (len(steady) - 1))] if steady else 0.0, max(after, default=0.0), caught_up, sum(n for q in waiting for _, n in q))


def compressed(path):
    """zlib at its fastest, a stand-in for lz4, over the lines of real decisions, one record of a request each."""
    lines = path.read_bytes().splitlines()
    size = int(model.a("request_traces"))
    records = [b"\n".join(lines[i : i + size]) for i in range(0, len(lines), size)]
    return sum(len(zlib.compress(r, 1)) for r in records) / sum(map(len, records))


def check(seed, retention=1):
    """What the simulation says of each assumption of one shard: name -> (seen, bound, what)."""
    rng = random.Random(seed)
    f = model.figures()
    shape = model.size(f, retention)
    tenants = tenants_of(rng, shape.shard_rate)
    loads, by_tenant = spread(rng, tenants, shape.partitions)
    mean = sum(loads) / len(loads)
    rows_s = f["connection_rows_s"][0]
    steady = run(rng, loads, shape.connections, rows_s, 60)
    away = model.a("failover_s")
    lost = run(rng, loads, shape.connections, rows_s, 150, dead_from=10, dead_for=away)
    # Ten times its share would be the largest tenant's; its bucket lets LIMIT times through.
    largest = max(tenants, key=tenants.get)
    surge = [load + (min(10, LIMIT) - 1) * more for load, more in zip(loads, by_tenant[largest])]
    hot = run(rng, loads, shape.connections, rows_s, 60, dead_from=10, surge=surge)
    owner_load = [0.0] * shape.connections
    for p, load in enumerate(loads):
        owner_load[p * shape.connections // len(loads)] += load
    return {
        "skew": (max(owner_load) / (sum(owner_load) / len(owner_load)), model.a("skew"), "load of the busiest connection against the mean"),
        "partition": (max(loads) / mean, 2 * model.a("skew"), "load of the busiest partition against the mean"),
        "utilization": (max(owner_load) / rows_s, 0.9, "share of its time that the busiest connection works"),
        "delay": (steady.p99, 1.0, "s from the log to the row, P99, all well"),
        "rebalance": (lost.caught_up, 90.0, f"s until nothing is more than 1 s behind, after a connection was gone for {away:.0f} s"),
        "left behind": (lost.backlog / shape.shard_rate, 1.0, "s of arrivals that wait at the end of that"),
        "hot tenant": (hot.worst, 5.0, "s at most from the log to the row while the largest tenant sends all that its limit lets through"),
        "compression": (compressed(model.ROOT / "tests" / "data" / "real" / "agent-0.jsonl"), model.a("log_ratio"), "bytes in the log against JSON"),
    }


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    for name, (seen, bound, what) in check(seed).items():
        print(f"{'ok  ' if seen <= bound else 'FAIL'} {name}: {seen:.2f} <= {bound:.2f}, {what}")


if __name__ == "__main__":
    main()

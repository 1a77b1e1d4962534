#!/usr/bin/env python3
"""docs/capacity.md says what the model says, and the simulation bears the model's assumptions out. PLUMBLINE_SEED=n runs one seed."""
import os
import pathlib
import random
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import model  # noqa: E402
import simulate  # noqa: E402


class Capacity(unittest.TestCase):
    def test_the_documents_tables_are_the_models(self):
        text = model.DOCUMENT.read_text(encoding="utf-8")
        self.assertEqual(text, model.document(text, model.tables(model.figures())), "python3 bench/capacity/model.py --write writes it")

    def test_the_simulation_bears_the_assumptions_out(self):
        seeds = [int(os.environ["PLUMBLINE_SEED"])] if "PLUMBLINE_SEED" in os.environ else [1, 2, random.randrange(1 << 31)]
        for seed in seeds:
            print(f"PLUMBLINE_SEED={seed}")
            seen = simulate.check(seed)
            for name, (value, bound, what) in seen.items():
                self.assertLessEqual(value, bound, f"{name} with seed {seed}: {what}")
        named = {x.checked for x in model.ASSUMPTIONS.values() if x.checked}
        self.assertLessEqual(named, set(seen), "an assumption claims a check that there is not")

    def test_the_simulation_can_tell_too_little(self):
        """Connections that work all the time fall behind; so the checks above mean something."""
        rng = random.Random(1)
        f = model.figures()
        rows_s = f["connection_rows_s"][0]
        loads = [rows_s * 1.02] * 4
        self.assertGreater(simulate.run(rng, loads, 4, rows_s, 60).p99, 1.0)
        tight = [rows_s * 0.95] * 4
        self.assertGreater(simulate.run(rng, tight, 4, rows_s, 100, dead_from=10, dead_for=13).backlog, rows_s)

    def test_keys_are_placed_as_producers_place_them(self):
        text = (model.ROOT / "core" / "log" / "log.h").read_text(encoding="utf-8")
        for part in ("1469598103934665603ULL", "1099511628211ULL", "hash ^= hash >> 32"):
            self.assertIn(part, text)

    def test_more_of_anything_is_never_smaller(self):
        f = model.figures()
        for smaller, larger in ((10_000, 100_000), (100_000, 1_000_000)):
            a, b = model.size(f, 7, smaller), model.size(f, 7, larger)
            for name in ("shards", "edges", "brokers", "consumers", "cores", "log_tb", "store_tb", "usd_month"):
                self.assertLessEqual(getattr(a, name), getattr(b, name), name)


if __name__ == "__main__":
    unittest.main()

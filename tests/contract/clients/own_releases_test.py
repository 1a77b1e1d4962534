#!/usr/bin/env python3
"""Our own older clients against the current edge: own_releases_test.py PLUMBLINE PLUMB BUILD_FOLDER

Each commit of own_releases.txt and each tag v* is taken from the repository's history, its `plumb` built (kept in BUILD_FOLDER), and
the real sample pushed with it; then again with the newest client, which must find every one of them stored already.
Exit code 77 where the history is not there (a source archive, a shallow clone); a whole clone that lacks them fails where CI is set.
"""
import os
import shutil
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests/integration/console"))
sys.dont_write_bytecode = True
from installation import Installation, wait_for  # noqa: E402

SAMPLE = ROOT / "tests/data/real"
BUILD_S = 1500


def git(*words):
    return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, timeout=60)


def releases():
    pinned = [line.split()[0] for line in (HERE / "own_releases.txt").read_text().splitlines() if line and not line.startswith("#")]
    tags = git("tag", "--list", "v*").stdout.decode().split()
    return [name for name in pinned + tags if git("cat-file", "-e", f"{name}^{{commit}}").returncode == 0]


def build(name, folder):
    """The client of that commit. Its sources lie in the folder: a later run builds nothing."""
    binary = folder / name / "build/bin/plumb"
    if binary.exists():
        return binary
    source = folder / name
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    with tarfile.open(fileobj=BytesIO(git("archive", name).stdout)) as archive:
        archive.extractall(source)
    log = source / "build.log"
    with open(log, "w") as out:
        for command in (["cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1",
                         "-DPLUMBLINE_BENCH=OFF"], ["ninja", "-C", "build", "-j", "2", "plumb"]):
            done = subprocess.run(command, cwd=source, stdout=out, stderr=subprocess.STDOUT, timeout=BUILD_S)
            assert done.returncode == 0, log.read_text()[-3000:]
    return binary


def push(plumb, installation, key, secret):
    """What it said. A new key may be unknown to the edge for a moment."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(installation.folder), "PLUMBLINE_ENDPOINT": f"http://127.0.0.1:{installation.edge_port}",
                   "PLUMBLINE_KEY_ID": key, "PLUMBLINE_SECRET": secret}

    def pushed():
        done = subprocess.run([plumb, "push", *sorted(str(path) for path in SAMPLE.iterdir())], env=environment, capture_output=True, text=True,
                              timeout=120, stdin=subprocess.DEVNULL)
        said = done.stdout + done.stderr
        assert done.returncode == 0 or "401" in said, (str(plumb), said)
        return said if done.returncode == 0 else None

    return wait_for("the push", pushed)


def main(plumbline, plumb, folder):
    old = releases()
    if not old:
        print("the history of the repository is not there")
        whole = git("rev-parse", "--is-shallow-repository").stdout == b"false\n"
        return 1 if whole and "CI" in os.environ else 77
    built = {name: build(name, Path(folder)) for name in old}
    installation = Installation(plumbline, plumb)
    try:
        installation.start()
        count = "SELECT (SELECT count(*) FROM plumbline.traces WHERE tenant_id = '{0}') + (SELECT count(*) FROM plumbline.reports WHERE tenant_id = '{0}')"
        for number, (name, client) in enumerate(built.items()):
            tenant, key, secret = installation.tenant(f"old-{number}")
            said = push(client, installation, key, secret)
            rows = count.format(tenant)
            wait_for(f"the sample by {name} ({said})", lambda rows=rows: installation.postgres.sql(rows) == "391")
            assert installation.postgres.sql(f"SELECT count(*) FROM plumbline.chain_verdicts WHERE tenant_id = '{tenant}' AND verdict = 'ok'") == "3", name
            push(plumb, installation, key, secret)
            balance = f"SELECT bool_and(balanced) AND sum(accepted) = 782 AND sum(conflict) = 0 FROM plumbline.ledger_balance WHERE tenant_id = '{tenant}'"
            wait_for(f"all told for {name}", lambda balance=balance: installation.postgres.sql(balance) == "t")
            assert installation.postgres.sql(rows) == "391", f"{name}: the newest client's are stored beside the old one's"
            print(f"{name}: 391 stored, and found again by the newest client")
        return 0
    finally:
        installation.stop()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

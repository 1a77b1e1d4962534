"""The console in a real browser against a whole installation with the real sample.
Usage: run.py PLUMBLINE PLUMB [--shots FOLDER]    (--shots: pictures of every page instead of the tests)
Exit code 77 where node, npm or chromium is missing (a skip; a failure where CI is set)."""
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/integration/console"))
sys.dont_write_bytecode = True
from installation import Installation, wait_for  # noqa: E402

CHROMIUM = os.environ.get("PLUMBLINE_CHROMIUM", "/usr/bin/chromium")


def packages():
    """node_modules as the lock says; one process at a time."""
    with open(HERE / "package.json") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
        stamp = HERE / "node_modules/.stamp"
        if not stamp.exists() or stamp.read_text() != wanted:
            subprocess.run(["npm", "ci", "--no-progress"], cwd=HERE, check=True)
            stamp.write_text(wanted)


def missing():
    for tool, package in (("node", "nodejs"), ("npm", "npm"), (CHROMIUM, "chromium")):
        if not shutil.which(tool):
            print(f"skipped: {tool} is not there; script/bootstrap --tests installs {package}")
            return True
    return False


def fill(installation):
    _, key, secret = installation.tenant("demo")
    installation.cli("route", "add", "demo", "inbox", "--kind", "email", "--to", "team@demo.example")
    installation.push(key, secret, ROOT / "tests/data/real")
    sql = installation.postgres.sql
    for what, query in (
            ("the sample", "SELECT (SELECT count(*) FROM plumbline.reports) >= 20 AND (SELECT count(*) FROM plumbline.traces) >= 371"),
            ("two drifts", "SELECT count(*) >= 2 FROM plumbline.drifts WHERE state = 'resolved'"),
            ("health", "SELECT coalesce(sum(runs), 0) >= 20 FROM plumbline.health_repo_hours"),
            ("agents", "SELECT count(*) >= 3 FROM plumbline.health_agent_latest"),
            ("chains", "SELECT count(*) = 3 FROM plumbline.chain_verdicts WHERE verdict = 'ok'"),
            ("the ledger", "SELECT coalesce(bool_and(balanced), false) AND sum(accepted) >= 391 FROM plumbline.ledger_balance")):
        wait_for(what, lambda query=query: sql(query) == "t")


def main(plumbline, plumb, *rest):
    if missing():
        return 1 if os.environ.get("CI") else 77
    packages()
    # It ends when its input does: with this process, whatever becomes of it.
    issuer = subprocess.Popen(["node", "issuer.mjs"], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    address = issuer.stdout.readline().strip()
    assert address, "the issuer did not start"
    installation = Installation(plumbline, plumb)
    secret = installation.folder / "oidc.secret"
    secret.write_text("secret of the mock issuer\n")
    secret.chmod(0o600)
    with open(installation.config, "a") as config:  # [console] is the last table of it
        config.write(f'oidc_issuer = "{address}"\noidc_client_id = "plumbline"\noidc_client_secret_file = "{secret}"\n')
    try:
        installation.start()
        fill(installation)
        admin = installation.setup_link("demo", "ann@example.com", "admin")
        viewer = installation.setup_link("demo", "vic@example.com", "viewer")
        environment = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
        environment["PLUMBLINE_BROWSER"] = json.dumps({"url": installation.url, "admin": admin, "viewer": viewer, "issuer": address})
        if rest[:1] == ("--shots",):
            command = ["node", "shots.mjs", installation.url, admin, os.path.abspath(rest[1])]
        else:
            command = ["node", "--test", "pages_test.mjs"]
        done = subprocess.run(command, cwd=HERE, env=environment, timeout=900)
        if done.returncode:
            print(installation.logs())
        return done.returncode
    finally:
        installation.stop()
        issuer.stdin.close()
        issuer.wait(30)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

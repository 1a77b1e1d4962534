#!/usr/bin/env python3
"""Runs real linters over a small package in a git working tree and pushes what they write: run_linters.py PLUMB FOLDER clean|broken

In the broken one the lower layer imports the upper, starts a shell with a variable in it and imports what it does not use; a workflow of its
CI runs what the title of a pull request says.
"""
import os
import subprocess
import sys
from pathlib import Path

plumb, folder, state = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
shop, out = folder / "shop", folder / f"out-{state}"
tools = Path(sys.executable).parent
environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_AUTHOR_NAME": "Jo", "GIT_AUTHOR_EMAIL": "jo@shop.example",
                            "GIT_COMMITTER_NAME": "Jo", "GIT_COMMITTER_EMAIL": "jo@shop.example", "PYTHONPATH": str(shop), "PYTHONDONTWRITEBYTECODE": "1"}

CONTRACT = """[importlinter]
root_package = shop

[importlinter:contract:layers]
name = Layered architecture
type = layers
layers =
    shop.api
    shop.store
"""
CLEAN = '"""Rows."""\n\n\ndef rows() -> list[int]:\n    """All of them."""\n    return [1]\n'
BROKEN = '"""Rows."""\n\nimport os\nimport subprocess\n\nfrom shop import api\n\n\ndef rows(name: str) -> list[int]:\n    subprocess.run("ls " + name, shell=True)\n    return api.numbers()\n'


WORKFLOW = """name: ci
on: pull_request
permissions: {}
jobs:
  build:
    name: build
    runs-on: ubuntu-latest
    steps:
      - run: echo "%s"
"""


def run(*words, where=shop, codes=(0,)) -> str:
    done = subprocess.run([str(word) for word in words], cwd=where, env=environment, capture_output=True, text=True, timeout=300)
    if done.returncode not in codes:
        sys.exit(f"{words}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    package = shop / "shop"
    package.mkdir(parents=True, exist_ok=True)
    out.mkdir(exist_ok=True)
    if not (shop / ".git").exists():
        run("git", "init", "-q", "-b", "main")
        run("git", "remote", "add", "origin", "https://git.example/acme/shop.git")
    (shop / ".importlinter").write_text(CONTRACT)
    (package / "__init__.py").write_text("")
    (package / "api.py").write_text("def numbers():\n    from shop import store\n\n    return store.rows()\n" if state == "clean" else "def numbers():\n    return [1]\n")
    (package / "store.py").write_text(CLEAN if state == "clean" else BROKEN)
    workflows = shop / ".github" / "workflows"
    workflows.mkdir(parents=True, exist_ok=True)
    (workflows / "ci.yml").write_text(WORKFLOW % ("built" if state == "clean" else "${{ github.event.pull_request.title }}"))
    run("git", "add", "-A")
    run("git", "commit", "-q", "--allow-empty", "-m", state)
    any_code = (0, 1)
    (out / "import-linter.txt").write_text(run(tools / "lint-imports", "--no-cache", codes=any_code))
    run(tools / "ruff", "check", "--no-cache", "--isolated", "--output-format", "sarif", "--output-file", out / "ruff.sarif", "shop", codes=any_code)
    run(tools / "bandit", "-q", "-r", "-f", "sarif", "-o", out / "bandit.sarif", "shop", codes=any_code)
    (out / "zizmor.sarif").write_text(run(tools / "zizmor", "--offline", "--no-progress", "--no-config", "--format", "sarif", ".github/workflows", codes=(0, 11, 12, 13, 14)))
    commit = run("git", "rev-parse", "HEAD").strip()
    print(run(plumb, "push", out / "import-linter.txt"))
    # A repository of their own: what they find is no layer violation, and must not end the drift of one.
    for name in ("ruff", "bandit", "zizmor"):
        print(run(plumb, "push", "--repo", "acme/shop-lint", "--commit", commit, out / f"{name}.sarif"))
    print(commit)


main()

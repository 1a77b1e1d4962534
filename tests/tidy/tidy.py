"""Style as an ordinary test: tidy.py ROOT rules|documents|format|configuration [PLUMBLINE]

Prints every place that breaks a rule and what to do about it. Exit code 1 for those, 77 when a tool is missing (a skip
for ctest; a failure where CI is set).
"""
import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

import documents  # noqa: E402
import rules  # noqa: E402
from tree import Tree  # noqa: E402

SKIP = 77


def missing(tool, fix):
    print(f"skipped: {tool} is not there; {fix}")
    return 1 if os.environ.get("CI") else SKIP


def run_rules(tree, all_rules):
    problems = 0
    for rule in all_rules:
        found = list(rule(tree))
        problems += len(found)
        print(f"{'ok  ' if not found else 'FAIL'} {rule.__name__.replace('_', ' ')}")
        for line in found:
            print(f"     {line}")
    return 1 if problems else 0


def check_format(tree):
    tool = shutil.which("clang-format-14")
    if not tool:
        return missing("clang-format-14", "script/bootstrap --tests installs it")
    files = [str(tree.root / file) for file in tree.cpp()]
    done = subprocess.run([tool, "--dry-run", "--Werror", "--ferror-limit=1", *files], capture_output=True, text=True)
    if done.returncode != 0:
        wrong = sorted({pathlib.Path(line.split(":")[0]) for line in done.stderr.splitlines() if ": error: " in line})
        for file in wrong:
            print(f"     {file.relative_to(tree.root)}: not formatted; script/format does it")
    return done.returncode


def check_configuration(tree, plumbline):
    made = subprocess.run([plumbline, "config", "--markdown"], capture_output=True, text=True, check=True,
                          env={k: v for k, v in os.environ.items() if not k.startswith("PLUMBLINE_")}).stdout
    if made != tree.text("docs/configuration.md"):
        print("docs/configuration.md is old; plumbline config --markdown > docs/configuration.md")
        return 1
    return 0


def main(root, what, *rest):
    tree = Tree(root)
    if what == "rules":
        status = run_rules(tree, rules.RULES)
        for line in rules.long_files(tree):
            print(f"long {line}")
        return status
    if what == "documents":
        return run_rules(tree, documents.RULES)
    if what == "format":
        return check_format(tree)
    if what == "configuration":
        return check_configuration(tree, *rest)
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""What the documents promise: pages and tests they name exist, commands work, decisions are numbered."""
import os
import re
import subprocess

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def links_lead_somewhere(tree):
    for file in tree.files:
        if file.suffix != ".md" or file.parts[:2] == ("tests", "data"):
            continue
        for match in LINK.finditer(tree.text(file)):
            target = match.group(1)
            if "://" not in target and not target.startswith("mailto:") and not (tree.root / file.parent / target).exists():
                yield f"{file}: the link {target} leads nowhere"


def decisions_are_numbered(tree):
    seen = {}
    for file in tree.files:
        if file.parts[:2] != ("docs", "adr"):
            continue
        match = re.fullmatch(r"(\d{4})-[a-z0-9-]+\.md", file.name)
        if not match:
            yield f"{file}: a decision is named NNNN-title.md"
            continue
        if match.group(1) in seen:
            yield f"{file}: number {match.group(1)} is taken by {seen[match.group(1)]}"
        seen[match.group(1)] = file.name
        title = tree.text(file).split("\n", 1)[0]
        if not re.match(rf"# (ADR )?0*{int(match.group(1))}[.:]? \S", title):
            yield f"{file}: the first line is no \"# {match.group(1)}: title\""


def scripts_run(tree):
    for file in tree.files:
        shell = file.parts[0] in ("script", ".ci") and file.suffix in ("", ".sh") or file.suffix == ".sh"
        if not shell:
            continue
        checked = subprocess.run(["bash", "-n", str(tree.root / file)], capture_output=True, text=True)
        if checked.returncode != 0:
            yield f"{file}: {checked.stderr.strip()}"
        sourced = file.name == "lib.sh" or "server.d" in file.parts
        if tree.text(file).startswith("#!") and not os.access(tree.root / file, os.X_OK):
            yield f"{file}: a script that may not be run; chmod +x"
        if not tree.text(file).startswith("#!") and not sourced:
            yield f"{file}: a script without #!"


def commands_of_documents_exist(tree):
    """`script/x` in any document is a file that may be run."""
    for file in tree.files:
        if file.suffix != ".md" or file.parts[:2] == ("tests", "data"):
            continue
        for name in set(re.findall(r"(?<![\w/.])(script/[a-z]+)(?![\w/.-])", tree.text(file))):
            if not os.access(tree.root / name, os.X_OK):
                yield f"{file}: {name} is named and can't be run"


TEST_NAME = re.compile(r"`([A-Z]\w+)\.([A-Z*]\w*)`")


def documents_name_real_tests(tree):
    """Every `Suite.Name` in ARCHITECTURE.md and the threat model is a test, every path in backticks exists."""
    tests = set()
    for file in tree.cpp():
        for suite, name in re.findall(r"\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)", tree.text(file)):
            tests.add((suite, name))
    for document in ("ARCHITECTURE.md", "docs/threat-model.md"):
        text = tree.text(document)
        for suite, name in TEST_NAME.findall(text):
            if (suite, name) not in tests:
                yield f"{document}: no test {suite}.{name}"
        for path in re.findall(r"`((?:core|sinks|producers|consumers|apps|tests|schemas|docs|bench|script)/[\w./-]+)`", text):
            if not (tree.root / path).exists():
                yield f"{document}: nothing at {path}"


def packages_are_sorted(tree):
    names = [line.split()[0] for line in tree.text("script/packages.txt").splitlines() if line.strip() and not line.startswith("#")]
    for before, after in zip(names, names[1:]):
        if before >= after:
            yield f"script/packages.txt: {after} stands after {before}; sort it, each once"


def requirements_are_pinned(tree):
    for line in tree.text("tests/requirements.txt").splitlines():
        if line.strip() and not line.startswith("#") and not re.match(r"^[\w.\[\]-]+==[\w.]+\s*(;.*)?(#.*)?$", line.strip()):
            yield f"tests/requirements.txt: {line}: pin it with =="


RULES = [links_lead_somewhere, decisions_are_numbered, scripts_run, commands_of_documents_exist, documents_name_real_tests,
         packages_are_sorted, requirements_are_pinned]

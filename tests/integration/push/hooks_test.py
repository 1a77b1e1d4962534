"""action.yml and .pre-commit-hooks.yaml as their users have them: the steps run by bash against a real installation, the hooks by the real
pre-commit, one of them by a real `git push`. Usage: hooks_test.py PLUMBLINE PLUMB

PLUMBLINE_ACTION_BUILD=1 lets the action build plumb from a copy of the source as a runner without one does, which takes minutes; else that
copy is configured and its build is planned only."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests/integration/console"))
from installation import SANITIZER, Installation, wait_for  # noqa: E402

PLUMB = os.path.abspath(sys.argv.pop())
PLUMBLINE = os.path.abspath(sys.argv.pop())
DATA = ROOT / "tests/data/real"
PRE_COMMIT = Path(sys.executable).parent / "pre-commit"
SARIF = '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"lint-%s"}},"results":[]}]}'


installation = signer = None


def setUpModule():
    global installation, signer
    installation = Installation(PLUMBLINE, PLUMB)
    unittest.addModuleCleanup(installation.stop)
    installation.start()
    _, key, secret = installation.tenant("demo")
    signer = {"PLUMBLINE_ENDPOINT": f"http://127.0.0.1:{installation.edge_port}", "PLUMBLINE_KEY_ID": key, "PLUMBLINE_SECRET": secret}
    installation.push(key, secret, str(DATA / "agent-0.jsonl"))  # the edge knows the key


def reports(agent, where="true"):
    return installation.postgres.sql(f"SELECT count(*) FROM plumbline.reports WHERE agent = '{agent}' AND {where}")


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="plumb-hooks-")))
        self.work = self.folder / "work"
        self.work.mkdir()
        (self.folder / "bin").mkdir()
        (self.folder / "bin/plumb").symlink_to(PLUMB)
        self.environment = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "HOME": str(self.folder), "GIT_CONFIG_GLOBAL": os.devnull,
                            "GIT_CONFIG_SYSTEM": os.devnull, "GIT_AUTHOR_NAME": "Jo", "GIT_AUTHOR_EMAIL": "jo@shop.example",
                            "GIT_COMMITTER_NAME": "Jo", "GIT_COMMITTER_EMAIL": "jo@shop.example"} | SANITIZER

    def run_here(self, *words, codes=(0,), **more):
        done = subprocess.run([str(w) for w in words], cwd=self.work, env=self.environment | more, capture_output=True, text=True, timeout=120)
        self.assertIn(done.returncode, codes, (words, done.stdout, done.stderr))
        return done.returncode, done.stdout + done.stderr


class Action(Folder):
    @classmethod
    def setUpClass(cls):
        cls.action = yaml.safe_load((ROOT / "action.yml").read_text())

    def act(self, codes=(0,), **inputs):
        """Runs the steps as a runner would; (exit code, what was printed, outputs)."""
        declared = self.action["inputs"]
        self.assertLessEqual(set(inputs), set(declared))
        context = {f"inputs.{name}": inputs.get(name, each.get("default", "")) for name, each in declared.items()} | {"github.action_path": str(ROOT)}
        said, code = "", 0
        for step in self.action["runs"]["steps"]:
            out = self.folder / f"output-{step['id']}"
            out.write_text("")
            script = self.folder / "step.sh"
            script.write_text(step["run"])
            self.assertEqual(step["shell"], "bash")
            environment = {name: re.sub(r"\$\{\{ *(\S+) *\}\}", lambda m: context[m.group(1)], text) for name, text in step["env"].items()}
            code, text = self.run_here("bash", "--noprofile", "--norc", "-eo", "pipefail", script, codes=(0, *codes), GITHUB_OUTPUT=str(out), **environment, **signer)
            said += text
            for line in out.read_text().splitlines():
                name, _, value = line.partition("=")
                context[f"steps.{step['id']}.outputs.{name}"] = value
            if code != 0:
                break
        self.assertIn(code, codes, said)
        self.assertNotIn(signer["PLUMBLINE_SECRET"], said)
        outputs = {name: re.sub(r"\$\{\{ *(\S+) *\}\}", lambda m: context.get(m.group(1), ""), each["value"]) for name, each in self.action["outputs"].items()}
        return code, said, outputs

    def test_it_is_a_composite_action(self):
        self.assertEqual(self.action["runs"]["using"], "composite")
        for step in self.action["runs"]["steps"]:
            self.assertNotIn("${{", step["run"], "inputs never become text of a script")
            self.assertEqual(step["shell"], "bash")

    def test_files_and_patterns_arrive(self):
        (self.work / "out/deep").mkdir(parents=True)
        for name in ("out/a.sarif", "out/deep/b.sarif", "with space.sarif", "$(touch evil).sarif"):
            (self.work / name).write_text(SARIF % "action")
        _, said, outputs = self.act(files="out/**/*.sarif\nwith space.sarif\r\n\n$(touch evil).sarif\n", options="--repo=acme/shop\n--commit=abc\n--no-git")
        self.assertEqual(outputs["exit-code"], "0")
        self.assertIn("4 accepted", said)
        self.assertFalse((self.work / "evil").exists())
        wait_for("the reports", lambda: reports("lint-action") != "0")

    def test_what_fails_fails_the_job_or_not(self):
        code, said, _ = self.act(codes=(2,), files="nowhere/*.sarif")
        self.assertIn("::error title=plumb::nothing is there for nowhere/*.sarif", said)
        self.act(codes=(2,), files=" \n")
        (self.work / "bad.sarif").write_text("{")
        code, _, outputs = self.act(codes=(1, 2), files="bad.sarif")
        self.assertEqual(outputs["exit-code"], str(code))
        _, said, outputs = self.act(files="bad.sarif", **{"allow-failure": "true"})
        self.assertEqual(outputs["exit-code"], str(code))
        self.assertIn("::warning", said)

    def test_verify_only_and_a_plumb_that_is_named(self):
        shutil.copy(DATA / "agent-1.jsonl", self.work / "trace.jsonl")
        self.act(files="trace.jsonl", **{"verify-only": "true", "plumb": PLUMB})
        lines = (self.work / "trace.jsonl").read_text().splitlines(keepends=True)
        (self.work / "trace.jsonl").write_text("".join(lines[:5] + lines[6:]))
        self.act(codes=(4,), files="trace.jsonl", **{"verify-only": "true"})
        code, said, _ = self.act(codes=(2,), files="trace.jsonl", plumb="/nowhere/plumb")
        self.assertIn("can't be run", said)

    def test_without_a_plumb_it_is_built_from_the_actions_source(self):
        whole = os.environ.get("PLUMBLINE_ACTION_BUILD") == "1"
        source = self.folder / "action"
        names = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True, text=True).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).is_file():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, source / name, follow_symlinks=False)
        out, called = self.folder / "output", self.folder / "called"
        out.write_text("")
        (self.folder / "bin/plumb").unlink()
        if not whole:
            # What installs packages is only noted; the configuration is real; of the build the plan.
            (source / "script/bootstrap").write_text(f'#!/bin/sh\necho "bootstrap $*" >>{called}\n')
            (self.folder / "bin/cmake").write_text(
                f'#!/bin/bash\necho "cmake $*" >>{called}\nif [ "$1" != --build ]; then exec {shutil.which("cmake")} "$@"; fi\n'
                f'[ "$2 $3 $4" = "build/release --target plumb" ] && ninja -C "$2" -t commands plumb >{self.folder}/plan && '
                f'mkdir -p "$2/bin" && cp {PLUMB} "$2/bin/plumb"\n')
            (self.folder / "bin/cmake").chmod(0o755)
        step = self.action["runs"]["steps"][0]
        done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], cwd=self.work, capture_output=True, text=True,
                              timeout=3600 if whole else 300,
                              env=self.environment | {"INPUT_PLUMB": "", "ACTION_PATH": str(source), "GITHUB_OUTPUT": str(out)})
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-4000:])
        built = source / "build/release/bin/plumb"
        self.assertEqual(out.read_text(), f"plumb={built}\n")
        self.assertIn(subprocess.run([PLUMB, "--version"], check=True, capture_output=True, text=True).stdout, done.stdout)
        if whole:
            return
        self.assertEqual([line.split()[0] for line in called.read_text().splitlines()], ["bootstrap", "cmake", "cmake"])
        plan = (self.folder / "plan").read_text()
        self.assertIn("bin/plumb", plan.splitlines()[-1])
        for foreign in ("_test.cpp", "/bench/", "npm"):
            self.assertNotIn(foreign, plan, "a client alone")


class PreCommit(Folder):
    def setUp(self):
        super().setUp()
        self.hooks = self.folder / "hooks"
        self.hooks.mkdir()
        shutil.copy(ROOT / ".pre-commit-hooks.yaml", self.hooks)
        for folder in (self.hooks, self.work):
            for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", "one"]):
                subprocess.run(["git", *words], cwd=folder, env=self.environment, check=True, capture_output=True)
        self.environment |= {"PRE_COMMIT_HOME": str(self.folder / "cache"), "PRE_COMMIT_COLOR": "never"}

    def try_repo(self, hook, *words, codes=(0,), **more):
        return self.run_here(PRE_COMMIT, "try-repo", self.hooks, hook, "--verbose", *words, codes=codes, **more)[1]

    def test_the_definition_is_valid(self):
        self.assertEqual(self.run_here(PRE_COMMIT, "validate-manifest", ROOT / ".pre-commit-hooks.yaml")[1], "")

    def test_traces_are_verified(self):
        trace = self.work / "decisions.jsonl"
        shutil.copy(DATA / "agent-2.jsonl", trace)
        self.run_here("git", "add", "-A")
        self.assertIn("Passed", self.try_repo("plumb-verify", "--all-files"))
        lines = trace.read_text().splitlines(keepends=True)
        trace.write_text("".join(lines[:5] + lines[6:]))
        self.run_here("git", "add", "-A")
        self.assertRegex(self.try_repo("plumb-verify", "--all-files", codes=(1,)), r"exit code: 4(.|\n)*gap")

    def test_reports_are_pushed_at_the_stage_that_is_named(self):
        # pre-commit runs it without arguments here, so what it says is plumb's own usage.
        said = self.try_repo("plumb-push", "--hook-stage", "pre-push", "--all-files", codes=(1,))
        self.assertRegex(said, r"exit code: 2(.|\n)*paths is required")
        self.assertIn("No hook with id `plumb-push` in stage `pre-commit`",
                      self.try_repo("plumb-push", "--hook-stage", "pre-commit", "--all-files", codes=(0, 1)))
        # With arguments, as a configuration has them: against an edge that is not there it says so and fails.
        config = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
        hook = next(each for each in config if each["id"] == "plumb-push") | {"args": ["--no-git", "report.sarif"]}
        (self.work / "report.sarif").write_text(SARIF % "hook")
        (self.work / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": [hook]}]}))
        said = self.run_here(PRE_COMMIT, "run", "plumb-push", "--hook-stage", "manual", codes=(1,))[1]
        self.assertIn("no endpoint", said)

    def test_a_git_push_pushes_the_report(self):
        remote = self.folder / "acme" / "shop.git"
        self.run_here("git", "init", "-q", "--bare", remote)
        self.run_here("git", "remote", "add", "origin", remote)
        config = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
        hook = next(each for each in config if each["id"] == "plumb-push") | {"args": ["out"]}
        (self.work / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": [hook]}]}))
        (self.work / "out").mkdir()
        (self.work / "out/report.sarif").write_text(SARIF % "pushed-by-hook")
        self.run_here(PRE_COMMIT, "install", "--hook-type", "pre-push")
        self.run_here("git", "add", ".pre-commit-config.yaml")
        self.run_here("git", "commit", "-q", "-m", "two")
        # Without a key the hook fails, so nothing is pushed at all.
        code, said = self.run_here("git", "push", "origin", "main", codes=(1,))
        self.assertIn("no endpoint", said)
        code, said = self.run_here("git", "push", "origin", "main", **signer)
        self.assertIn("1 accepted", said)
        commit = self.run_here("git", "rev-parse", "HEAD")[1].strip()
        self.assertEqual(self.run_here("git", "-C", remote, "rev-parse", "main")[1].strip(), commit)
        wait_for("the report", lambda: reports("lint-pushed-by-hook", f"repo = 'shop' AND branch = 'main' AND commit = '{commit}'") == "1")


if __name__ == "__main__":
    unittest.main()

"""Completion and manual pages, made from the binaries' own command lines, in real shells and under groff; and `cmake --install`.
Usage: pages_test.py PLUMB BUILD_FOLDER"""
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

BUILD = Path(sys.argv.pop())
PLUMB = os.path.abspath(sys.argv.pop())
PATIENCE_S = 60


def run(*words, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=PATIENCE_S * 4, **more)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


class Terminal:
    """A shell that a person types into. It knows a `plumb` that prints its words."""

    def __init__(self, folder, words, **environment):
        (folder / "plumb").write_text("#!/bin/sh\nprintf 'GOT<%s>\\n' \"$*\"\n")
        (folder / "plumb").chmod(0o755)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(words[0], words, {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(folder), "TERM": "dumb", "PS1": "READY> "} | environment)
        self.seen = ""

    def until(self, pattern):
        end = time.monotonic() + PATIENCE_S
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < end, f"{pattern} not in {self.seen!r}"
            if select.select([self.fd], [], [], 1)[0]:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")
        self.seen = self.seen[found.end():]
        return found

    def type(self, text):
        os.write(self.fd, text.encode())

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


class Pages(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="plumb-pages-")))

    def script(self, shell):
        path = self.folder / f"completion.{shell}"
        path.write_text(run(PLUMB, "completion", shell))
        return path

    # What a line completes to: (line, some of it, none of it).
    LINES = [
        ("plumb ", ["push", "auth", "agent", "verify", "completion"], ["login", "--version"]),
        ("plumb pu", ["push"], ["auth"]),
        ("plumb auth lo", ["login", "logout"], ["status"]),
        ("plumb auth login --", ["--device", "--profile", "--console"], ["--kind", "login"]),
        ("plumb push --kind sa", ["sarif"], ["rigour"]),
        ("plumb push --kind ", ["sarif", "rigour", "import-linter"], ["--kind"]),
        ("plumb push --encoding z", ["zstd"], ["gzip"]),
        ("plumb completion z", ["zsh"], ["bash"]),
        ("plumb agent run --co", ["--config"], ["--json"]),
    ]

    def test_bash_completes(self):
        script = self.script("bash")
        ask = f'source {script}; COMP_WORDS=($1); [[ $1 == *" " ]] && COMP_WORDS+=(""); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _plumb; printf "%s\\n" "${{COMPREPLY[@]}}"'
        for line, some, none in self.LINES:
            words = run("bash", "--norc", "--noprofile", "-c", ask, "bash", line).split()
            self.assertLessEqual(set(some), set(words), line)
            self.assertFalse(set(none) & set(words), line)
        # As readline cuts --kind=sa: three words.
        ask = f'source {script}; COMP_WORDS=(plumb push --kind = sa); COMP_CWORD=4; _plumb; echo "${{COMPREPLY[@]}}"'
        self.assertEqual(run("bash", "--norc", "-c", ask).split(), ["sarif"])

    def test_bash_completes_what_is_typed(self):
        script = self.script("bash")
        (self.folder / "a-report.sarif").write_text("{}")
        shell = Terminal(self.folder, ["bash", "--norc", "--noprofile", "-i"])
        self.addCleanup(shell.stop)
        shell.until("READY> ")
        shell.type(f"source {script}\r")
        shell.until("READY> ")
        for typed, got in (("plumb ver\t\r", "verify ?"), ("plumb auth sta\t\r", "auth status ?"), ("plumb push --ki\tsar\t\r", "push --kind sarif ?"),
                           ("plumb push a-rep\t\r", "push a-report.sarif ?"), ("plumb push --kind=juni\t\r", "push --kind=junit ?")):
            shell.type(typed)
            shell.until(f"GOT<{got}>")

    @unittest.skipUnless(shutil.which("zsh") or "CI" in os.environ, "zsh is not here")
    def test_zsh_completes_what_is_typed(self):
        script = self.script("zsh")
        run("zsh", "-n", script)
        shell = Terminal(self.folder, ["zsh", "-f", "-i"], PROMPT="READY> ", ZDOTDIR=str(self.folder))
        self.addCleanup(shell.stop)
        shell.type(f"autoload -Uz compinit && compinit -D -u; unsetopt zle_bracketed_paste; source {script}; echo LOA''DED\r")
        shell.until("LOADED")
        for typed, got in (("plumb ver\t\r", "verify"), ("plumb auth sta\t\r", "auth status"), ("plumb push --ki\t sar\t\r", "push --kind sarif")):
            shell.type(typed)
            shell.until(f"GOT<{got} ?>")

    @unittest.skipUnless(shutil.which("fish") or "CI" in os.environ, "fish is not here")
    def test_fish_completes(self):
        script = self.script("fish")
        for line, some, none in self.LINES:
            out = run("fish", "--no-config", "-c", f"source {script}; complete -C '{line}'", env={"PATH": os.environ["PATH"], "HOME": str(self.folder)})
            words = {each.partition("\t")[0] for each in out.splitlines()}
            self.assertLessEqual(set(some), words, line)
            self.assertFalse(set(none) & words, line)

    def test_groff_finds_nothing_wrong(self):
        run(PLUMB, "man", self.folder)
        pages = sorted(self.folder.glob("*.1"))
        self.assertIn("plumb-auth.1", [p.name for p in pages])
        pages += sorted((BUILD / "man").glob("plumbline/*.1"))
        for page in pages:
            done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z", page], capture_output=True, text=True, timeout=PATIENCE_S)
            self.assertEqual((done.returncode, done.stderr), (0, ""), page)
            if shutil.which("man"):
                done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page], capture_output=True, text=True, timeout=PATIENCE_S,
                                      env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})
                self.assertEqual((done.returncode, done.stderr), (0, ""), page)
        text = run("groff", "-man", "-Tascii", "-P-cbou", self.folder / "plumb-auth.1")
        for words in ("plumb auth login", "--device", "EXIT STATUS", "PLUMBLINE_PROFILE", "SEE ALSO"):
            self.assertIn(words, text)

    def test_it_is_installed(self):
        # The client's part: the server's is built later than this test asks for.
        run("cmake", "--install", BUILD, "--component", "client", "--prefix", self.folder)
        for path in ("bin/plumb", "share/man/man1/plumb.1", "share/man/man1/plumb-push.1", "share/bash-completion/completions/plumb",
                     "share/zsh/site-functions/_plumb", "share/fish/vendor_completions.d/plumb.fish", "lib/systemd/user/plumb-agent.service"):
            self.assertTrue((self.folder / path).is_file(), path)
        self.assertIn(f"ExecStart={self.folder}/bin/plumb agent run", (self.folder / "lib/systemd/user/plumb-agent.service").read_text())
        self.assertRegex(run(self.folder / "bin/plumb", "--version"), r"^plumb \d")
        self.assertEqual((self.folder / "share/bash-completion/completions/plumb").read_text(), run(PLUMB, "completion", "bash"))


if __name__ == "__main__":
    unittest.main()

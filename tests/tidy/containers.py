"""compose.yaml and Dockerfile without a container engine: containers.py ROOT PLUMBLINE PLUMB

compose.yaml is held against the specification's schema, its references, and the options that the binary knows; the
Dockerfile's packages against the libraries that the binaries load. Where Docker's compose plugin is there, it judges too.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema
import yaml

SCHEMA = ".cache/python/compose-schema/compose/config/compose_spec.json"
# Of the C and C++ runtimes: in every image of Debian.
BASE_PACKAGES = {"libc6", "libstdc++6", "libgcc-s1"}
EXTRA_PACKAGES = {"ca-certificates", "curl", "openssl"}  # for TLS, the health checks and the secrets' service
RUNS_LONG = ("edge", "persist", "health", "drift", "notify", "console")


def schema_problems(root, compose):
    schema = json.loads((root / SCHEMA).read_text())
    schema["properties"]["name"] = {"type": "string"}  # joined the specification after that release
    for error in jsonschema.Draft7Validator(schema).iter_errors(compose):
        yield f"{error.json_path}: {error.message[:200]}"


def reference_problems(compose):
    services, volumes = compose["services"], compose.get("volumes") or {}
    for name, service in services.items():
        for other, how in (service.get("depends_on") or {}).items():
            if other not in services:
                yield f"{name} depends on {other}, which is no service"
            elif how["condition"] == "service_healthy" and "healthcheck" not in services[other]:
                yield f"{name} waits until {other} is healthy, which has no healthcheck"
        for volume in service.get("volumes") or []:
            source = volume.split(":")[0]
            if not source.startswith((".", "/")) and source not in volumes:
                yield f"{name} mounts {source}, which is no volume"
    for role in RUNS_LONG:
        if services.get(role, {}).get("command") != [role]:
            yield f"no service runs `plumbline {role}`"


def option_problems(compose, plumbline):
    """The binary itself reads each service's environment and names what it does not know."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PLUMBLINE_")}
    made = tempfile.NamedTemporaryFile("w", suffix=".key")  # stands for the files that the secrets' service makes
    made.write("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
    made.flush()
    for name, service in compose["services"].items():
        given = {k: made.name if k.endswith("_FILE") else str(v) for k, v in (service.get("environment") or {}).items() if k.startswith("PLUMBLINE_")}
        if not given:
            continue
        done = subprocess.run([plumbline, "config"], env=kept | given, capture_output=True, text=True)
        if done.returncode != 0:
            yield f"{name}: plumbline refuses its environment: {done.stderr.strip()}"
        for role in (service.get("command") or [])[:1]:
            if subprocess.run([plumbline, role, "--help"], env=kept, capture_output=True).returncode != 0:
                yield f"{name}: plumbline has no command {role}"


def loaded_packages(binary):
    """Debian packages of the libraries that the binary names itself; what those load comes with them."""
    needed = subprocess.run(["objdump", "-p", binary], capture_output=True, text=True, check=True).stdout
    # A sanitizer's runtime is of test builds alone: no image has one.
    names = {name for name in re.findall(r"NEEDED\s+(\S+)", needed) if not re.match(r"lib(a|t|ub)san\.so", name)}
    paths = dict(re.findall(r"^\s*(\S+) => (\S+)", subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout, re.M))
    for name in sorted(names & paths.keys()):
        owner = ""
        for path in (os.path.realpath(paths[name]), paths[name]):
            for seen in (path, path.removeprefix("/usr")):
                owner = owner or subprocess.run(["dpkg", "-S", seen], capture_output=True, text=True).stdout.split(":")[0]
        yield name, owner


def image_problems(root, binaries):
    text = (root / "Dockerfile").read_text()
    installed = set(re.search(r"--no-install-recommends \\\n(.*?)&& rm", text, re.S).group(1).replace("\\", " ").split())
    wanted = set(EXTRA_PACKAGES)
    for binary in binaries:
        for library, package in loaded_packages(binary):
            if not package:
                yield f"no Debian package owns {library} of {binary}"
            elif package not in BASE_PACKAGES:
                wanted.add(package)
    if missing := wanted - installed:
        yield f"the image lacks {' '.join(sorted(missing))}"
    if more := installed - wanted:
        yield f"the image has {' '.join(sorted(more))}, which nothing loads"


def docker_problems(root):
    tool = shutil.which("docker")
    if not tool or subprocess.run([tool, "compose", "version"], capture_output=True).returncode != 0:
        return
    done = subprocess.run([tool, "compose", "-f", root / "compose.yaml", "config", "--quiet"], capture_output=True, text=True)
    if done.returncode != 0:
        yield done.stderr


def main(root, plumbline, plumb):
    root = Path(root)
    compose = yaml.safe_load((root / "compose.yaml").read_text())
    problems = [*schema_problems(root, compose), *reference_problems(compose), *option_problems(compose, plumbline), *image_problems(root, (plumbline, plumb)),
                *docker_problems(root)]
    print("\n".join(problems) or f"{len(compose['services'])} services and the image are as they must be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

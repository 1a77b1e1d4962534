"""What the tree must keep. A rule takes a Tree and yields "place: what is wrong; the fix"."""
import re

from tree import SHIPPED_FOLDERS, code_only, line_of

# A folder sees itself and what is below it. `bench` and `tests` see everything.
MAY_INCLUDE = {
    "core": {"core"},
    "sinks": {"core", "sinks"},
    "producers": {"core", "producers"},
    "consumers": {"core", "sinks", "consumers"},
    "console": {"core", "sinks", "console"},
    "apps": {"core", "sinks", "producers", "consumers", "console", "apps"},
}
# The one place of each third-party header.
THIRD_PARTY = [
    (r"librdkafka/", ("core/log/kafka",)),
    (r"simdjson", ("core/codec",)),
    (r"sodium", ("core/crypto",)),
    (r"openssl/", ("core/crypto", "core/http")),
    (r"boost/", ("core/http", "core/log/kafka/wire")),
    (r"lz4", ("core/log/kafka/wire",)),
    (r"libpq|postgres_ext", ("core/pg",)),
    (r"pqxx/", ()),
    (r"(zlib|zstd\w*)\.h", ("core/compress",)),
    (r"curl/", ("core/transfer", "producers/push")),
    (r"toml\+\+/", ("core/config",)),
    (r"(spdlog|prometheus)/", ("core/telemetry",)),
    (r"pugixml", ("core/formats",)),
    (r"sqlite3", ("producers/agent/sqlite",)),
    (r"CLI/", ("apps",)),
]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)

BANNED_EVERYWHERE = [
    (r"\busing\s+namespace\s+std\s*;", "name what is used"),
    (r"\b(strcpy|strcat|sprintf|vsprintf|gets|tmpnam|mktemp)\s*\(", "it can't be used safely"),
    (r"\b(?:std::)?s?rand\s*\(", "use <random> with a printed seed"),
    (r"\bgetenv\s*\([^)]*\)\s*==", "compare text, not pointers"),
]
BANNED_SHIPPED = [
    (r"\b(?:std::)?system\s*\(", "start no shell: the cloud observes, the local side executes"),
    (r"\bpopen\s*\(", "start no shell: the cloud observes, the local side executes"),
    (r"\bstd::sto(i|l|ll|ul|ull|f|d)\b|\bato(i|l|f)\s*\(", "use std::from_chars, which says what was wrong"),
]
# The server's own output is structured logs; only the command line prints.
BANNED_BELOW_APPS = [(r"\bstd::(cout|cerr|clog)\b|(?<![\w:])f?printf\s*\(|\bfmt::print\b", "log through core/telemetry")]
BANNED_TESTS = [(r"\bsleep_(for|until)\b|\bu?sleep\s*\(|\bnanosleep\s*\(", "wait for a named condition: tests/support/process wait_for")]

LINES_MAX = 400
LINES_WISHED = 250
SOURCES = {".h", ".cpp", ".py", ".sh", ".cmake", ".ts", ".tsx", ".mjs", ".css"}


def folder_is(file, folder):
    return file.as_posix().startswith(folder + "/")


def is_test(file):
    return file.parts[0] in ("tests", "bench") or file.name.endswith(("_test.cpp", "_bench.cpp"))


def include_direction(tree):
    for file in tree.cpp(*SHIPPED_FOLDERS):
        for match in INCLUDE.finditer(tree.text(file)):
            kind, name = match.groups()
            top = name.split("/")[0]
            if kind != '"' or top not in (*SHIPPED_FOLDERS, "tests", "bench", "schemas"):
                continue
            allowed = MAY_INCLUDE[file.parts[0]] | ({"tests", "bench"} if is_test(file) else set())
            place = f"{file}:{line_of(tree.text(file), match.start())}"
            if top not in allowed:
                yield f"{place}: {file.parts[0]} may not include {top}; {file.parts[0]} sees {', '.join(sorted(allowed))}"
            other_consumer = top == "consumers" == file.parts[0] and name.split("/")[1] not in (file.parts[1], "loop")
            if other_consumer:
                yield f"{place}: one consumer includes another; what they share belongs to consumers/loop"


def quoted_includes_are_from_the_root(tree):
    for file in tree.cpp():
        for match in INCLUDE.finditer(tree.text(file)):
            if match.group(1) == '"' and not (tree.root / match.group(2)).is_file():
                yield f"{file}:{line_of(tree.text(file), match.start())}: no file {match.group(2)} from the root; write the path from there"


def third_party_in_its_folder(tree):
    for file in tree.cpp(*SHIPPED_FOLDERS):
        if is_test(file):
            continue
        for match in INCLUDE.finditer(tree.text(file)):
            for pattern, folders in THIRD_PARTY:
                if match.group(1) == "<" and re.match(pattern, match.group(2)) and not any(folder_is(file, f) for f in folders):
                    yield f"{file}:{line_of(tree.text(file), match.start())}: <{match.group(2)}> belongs to {', '.join(folders) or 'nobody'}"


def test_headers_in_tests(tree):
    for file in tree.cpp(*SHIPPED_FOLDERS):
        for match in INCLUDE.finditer(tree.text(file)):
            if not is_test(file) and re.match(r"(gtest|gmock|rapidcheck|benchmark)", match.group(2)):
                yield f"{file}:{line_of(tree.text(file), match.start())}: a test's header in what ships"


def banned_calls(tree):
    for file in tree.cpp():
        code = code_only(tree.text(file))
        rules = list(BANNED_EVERYWHERE)
        if file.parts[0] in SHIPPED_FOLDERS and not is_test(file):
            rules += BANNED_SHIPPED
            if file.parts[0] != "apps":
                rules += BANNED_BELOW_APPS
        if is_test(file) and file.parts[:2] != ("tests", "support"):
            rules += BANNED_TESTS
        for pattern, why in rules:
            for match in re.finditer(pattern, code):
                yield f"{file}:{line_of(code, match.start())}: {match.group(0).strip()}: {why}"


def headers_have_pragma_once(tree):
    for file in tree.cpp():
        if file.suffix == ".h":
            lines = [line for line in tree.text(file).splitlines() if line.strip() and not line.lstrip().startswith("//")]
            if not lines or lines[0].strip() != "#pragma once":
                yield f"{file}:1: the first line after the comment is no #pragma once"


def headers_say_what_they_are(tree):
    for file in tree.cpp(*SHIPPED_FOLDERS):
        if file.suffix == ".h" and not tree.text(file).startswith("//"):
            yield f"{file}:1: a header starts with a comment that says what it is for"


def files_are_short(tree):
    for file in tree.files:
        if file.suffix in SOURCES and file.parts[:2] != ("tests", "data"):
            lines = tree.text(file).count("\n")
            if lines > LINES_MAX:
                yield f"{file}: {lines} lines, more than {LINES_MAX}; split it by what it does"


def long_files(tree):
    """Not a rule: files over the length that is wished for."""
    for file in tree.files:
        if file.suffix in SOURCES and file.parts[:2] != ("tests", "data"):
            lines = tree.text(file).count("\n")
            if LINES_WISHED < lines <= LINES_MAX:
                yield f"{file}: {lines} lines"


def host(*parts):
    return r"\." .join(parts)


# Built from parts, so that this file does not hold what it forbids.
REGISTRY_HOSTS = "|".join([
    host("pypi", "org"), host("pythonhosted", "org"), host("npmjs", "org"), host("npmjs", "com"), host("yarnpkg", "com"),
    host("maven", "org"), host("maven", "apache", "org"), host("crates", "io"), host("deb", "debian", "org"), host("docker", "io"),
    host("ghcr", "io"), host("quay", "io"), host("proxy", "golang", "org"), host("rubygems", "org"),
])
MACHINE_PATHS = r"(?<![\w./$}])/(?:" + "|".join(["work", "root", "home/" + r"\w+"]) + r")/"


def no_registry_hosts(tree):
    for file in tree.prose():
        for match in re.finditer(REGISTRY_HOSTS, tree.text(file)):
            yield f"{file}:{line_of(tree.text(file), match.start())}: {match.group(0)}: a package registry's host; tools know theirs"


def no_machine_paths(tree):
    for file in tree.prose():
        for match in re.finditer(MACHINE_PATHS, tree.text(file)):
            yield f"{file}:{line_of(tree.text(file), match.start())}: {match.group(0)}: a path of one machine"


LIBRARY = re.compile(r"plumbline_library\(\s*(\w+)(.*?)\)", re.S)
LAYER_LINKS = {"core": {"core"}, "sinks": {"core", "sinks"}, "producers": {"core", "producers"}, "consumers": {"core", "sinks", "consumers"}}


def targets_link_what_they_may(tree):
    for file in tree.files:
        if file.name != "CMakeLists.txt" or file.parts[0] not in LAYER_LINKS:
            continue
        for match in LIBRARY.finditer(tree.text(file)):
            layer = match.group(1).split("_")[0]
            if layer != file.parts[0]:
                yield f"{file}: target {match.group(1)} is not named for its folder"
            for link in re.findall(r"\b(core|sinks|producers|consumers)_\w+", re.sub(r"SOURCES.*?(?=PUBLIC|PRIVATE|$)", "", match.group(2), flags=re.S)):
                if link not in LAYER_LINKS.get(layer, set()):
                    yield f"{file}: {match.group(1)} links a target of {link}, which it may not see"


RULES = [include_direction, quoted_includes_are_from_the_root, third_party_in_its_folder, test_headers_in_tests, banned_calls,
         headers_have_pragma_once, headers_say_what_they_are, files_are_short, no_registry_hosts, no_machine_paths,
         targets_link_what_they_may]

"""The source tree as the checks see it: files that are the project's, with comments and strings taken out of C++."""
import functools
import pathlib
import re

SKIPPED_FOLDERS = {".git", "build", ".cache", ".server", ".venv", "node_modules", "__pycache__"}
CODE_FOLDERS = ("core", "sinks", "producers", "consumers", "console", "apps", "bench", "tests")
SHIPPED_FOLDERS = ("core", "sinks", "producers", "consumers", "console", "apps")


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)

    @functools.cached_property
    def files(self):
        """Every file of the project, relative, sorted; what .gitignore names is not the project's."""
        found = []
        for path in self.root.rglob("*"):
            relative = path.relative_to(self.root)
            if not SKIPPED_FOLDERS.intersection(relative.parts) and path.is_file():
                found.append(relative)
        return sorted(found)

    def text(self, relative):
        return (self.root / relative).read_text(encoding="utf-8", errors="replace")

    def cpp(self, *folders):
        return [f for f in self.files if f.suffix in (".h", ".cpp") and f.parts[0] in (folders or CODE_FOLDERS)]

    def prose(self):
        """Every text file but the real input and golden examples."""
        kinds = {".h", ".cpp", ".py", ".sh", ".md", ".txt", ".cmake", ".sql", ".json", ".yaml", ".yml", ".toml", ".service", ".ts", ".tsx", ".mjs",
                 ".css", ".html", ""}
        return [f for f in self.files if f.suffix in kinds and f.parts[:2] != ("tests", "data")]


TOKEN = re.compile(
    r'R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', re.S)


def code_only(text):
    """C++ without comments and without what stands in strings; lines keep their numbers."""

    def blank(match):
        found = match.group(0)
        empty = '""' if found[0] in 'R"' else "' '" if found[0] == "'" else ""
        return empty + "\n" * found.count("\n")

    return TOKEN.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1

"""The rules themselves: each finds what it is for in a small tree made here, and nothing in a clean one."""
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import documents  # noqa: E402
import rules  # noqa: E402
from tree import Tree, code_only  # noqa: E402


class Rules(unittest.TestCase):
    def found(self, rule, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return list(rule(Tree(folder)))

    def check(self, rule, clean, broken):
        self.assertEqual(self.found(rule, clean), [])
        self.assertEqual(len(self.found(rule, broken)), 1)

    def test_include_direction(self):
        self.check(rules.include_direction, {"sinks/a.cpp": '#include "core/a.h"\n'}, {"core/a.cpp": '#include "sinks/a.h"\n'})
        self.check(rules.include_direction, {"apps/a.cpp": '#include "producers/a.h"\n'}, {"consumers/x/a.cpp": '#include "producers/a.h"\n'})
        self.check(rules.include_direction, {"consumers/x/a.cpp": '#include "consumers/loop/a.h"\n'},
                   {"consumers/x/a.cpp": '#include "consumers/y/a.h"\n'})

    def test_third_party(self):
        self.check(rules.third_party_in_its_folder, {"core/pg/a.cpp": "#include <libpq-fe.h>\n"}, {"core/a.cpp": "#include <libpq-fe.h>\n"})

    def test_banned_calls(self):
        self.check(rules.banned_calls, {"core/a.cpp": '// sprintf(x)\nconst char* a = "rand()";\n'}, {"core/a.cpp": "int a = sprintf(b, c);\n"})
        self.check(rules.banned_calls, {"tests/support/a.cpp": "sleep_for(1);\n"}, {"core/a_test.cpp": "sleep_for(1);\n"})
        self.check(rules.banned_calls, {"apps/a.cpp": "std::cout << 1;\n"}, {"core/a.cpp": "std::cout << 1;\n"})

    def test_pragma_once(self):
        self.check(rules.headers_have_pragma_once, {"core/a.h": "// what\n#pragma once\n"}, {"core/a.h": "// what\nint a;\n"})

    def test_length(self):
        self.check(rules.files_are_short, {"core/a.cpp": "\n" * 400}, {"core/a.cpp": "\n" * 401})

    def test_hosts_and_paths(self):
        self.check(rules.no_registry_hosts, {"README.md": "the registry"}, {"README.md": "https://py" + "pi.org/x"})
        self.check(rules.no_machine_paths, {"README.md": "/usr/lib/x ./work/x"}, {"README.md": "see /wo" + "rk/main/x"})

    def test_links(self):
        library = "plumbline_library(core_a SOURCES a.cpp PUBLIC {})\n"
        self.check(rules.targets_link_what_they_may, {"core/a/CMakeLists.txt": library.format("core_base")},
                   {"core/a/CMakeLists.txt": library.format("sinks_postgres")})

    def test_documents(self):
        self.check(documents.links_lead_somewhere, {"README.md": "[a](b.md) [x](https://x.example)", "b.md": ""}, {"README.md": "[a](c.md)"})
        self.check(documents.decisions_are_numbered, {"docs/adr/0001-a.md": "# 0001: A"}, {"docs/adr/0002-a.md": "# 0001: A"})

    def test_comments_and_strings_are_no_code(self):
        self.assertEqual(code_only('a("// b"); // c\n/* d\n */ e R"(f " g)" h'), 'a(""); \n\n e "" h')


if __name__ == "__main__":
    unittest.main()

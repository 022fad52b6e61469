#!/usr/bin/env python3
"""Checks every #include of the tree against the arrows in layering.txt.

layering.py [ROOT]              direct includes of all sources below ROOT
layering.py --build DIR [ROOT]  no object outside actors/ and cluster/ was compiled with a CAF header, however deep;
                                reads `ninja -t deps`; exit code 77 (skipped) when DIR has no record of a build
layering.py --self-test         shows that both checks can fail
"""
import fnmatch
import os
import re
import subprocess
import sys
import tempfile

TOPS = ("runtime", "tasks", "config", "actors", "http", "cluster", "tests")
# Programs built against an installed O3, not against this tree.
OUTSIDE = ("tests/e2e/install",)
LIBRARIES = {
    "nlohmann": r"nlohmann/", "caf": r"caf/", "boost": r"boost/", "sodium": r"sodium(\.h|/)",
    "sqlite": r"sqlite3", "curl": r"curl/", "spdlog": r"(spdlog|fmt)/", "cli11": r"CLI/",
    "tomlplusplus": r"toml\+\+/", "valijson": r"valijson/", "re2": r"re2/", "openssl": r"openssl/", "catch2": r"catch2/",
    "zlib": r"zlib\.h", "date": r"date/", "lua": r"(lua|lauxlib|lualib)\.h(pp)?$",
    "sockets": r"(sys/(socket|un|epoll)\.h|netinet/|arpa/|net/|netdb\.h)",
}
POSIX = r"[a-z_0-9]+(\.h)?$|(sys|linux|asm|bits)/[a-z_0-9]+\.h$"  # <vector>, <unistd.h>, <sys/stat.h>
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def read_arrows(path):
    arrows = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.split("#")[0].strip()
            if line:
                where, _, allowed = line.partition("->")
                arrows.append((where.strip(), allowed.split()))
    return arrows


def allowed_for(path, arrows):
    """What the file may include, or None when its folder has no line."""
    folder = os.path.dirname(path)
    extra, best, length = [], None, -1
    for where, allowed in arrows:
        base = where[:-3] if where.endswith("/**") else where
        if where == folder or (where.endswith("/**") and (folder + "/").startswith(base + "/")):
            if len(base) + (where == folder) > length:
                best, length = allowed, len(base) + (where == folder)
        elif fnmatch.fnmatchcase(path, where):
            extra += allowed
    return None if best is None else best + extra


def permits(target, allowed):
    return any(a == "*" or target == a or target.startswith(a + "/") or fnmatch.fnmatchcase(target, a)
               for a in allowed)


def sources(root):
    for top in TOPS:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root)
                if name.endswith((".hpp", ".cpp", ".h")) and not path.startswith(OUTSIDE):
                    yield path


def check_include(root, path, kind, target, allowed):
    if kind == '"' or target.split("/")[0] in TOPS:
        if not os.path.exists(os.path.join(root, target)):
            return f'"{target}" is no file of this tree: write includes from the root of the repository'
        if os.path.dirname(target) != os.path.dirname(path) and not permits(target, allowed):
            return f'"{target}" is against the arrows: {os.path.dirname(path)} may include {" ".join(allowed)}'
        return None
    for library, pattern in LIBRARIES.items():
        if re.match(pattern, target):
            return None if permits(library, allowed) else f"<{target}>: {library} is not for this file"
    return None if re.match(POSIX, target) else f"<{target}>: a library that layering.py does not know"


def direct(root, arrows_file=None):
    arrows = read_arrows(arrows_file or os.path.join(root, "tests/tools/layering.txt"))
    found, count = [], 0
    for path in sources(root):
        count += 1
        allowed = allowed_for(path, arrows)
        if allowed is None:
            found.append(f"{path}:1: folder {os.path.dirname(path)} has no line in tests/tools/layering.txt")
            continue
        with open(os.path.join(root, path), encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                match = INCLUDE.match(line)
                wrong = match and check_include(root, path, match[1], match[2], allowed)
                if wrong:
                    found.append(f"{path}:{number}: {wrong}")
    return found, count


def transitive(root, deps):
    """deps: the text of `ninja -t deps`, blocks of 'object: #deps …' and indented files."""
    found, count, here = [], 0, None
    may = re.compile(r"(tests/)?(actors|cluster)/")
    for line in deps.splitlines():
        if line and not line.startswith(" "):
            here = line.split(":")[0]
            count += 1
        elif here and not may.match(here) and re.search(r"/caf/[a-z_/]+\.hpp$|o3_pch_actors\.dir", line):
            found.append(f"{here}: compiled with {line.strip()}, CAF stays inside actors/ and cluster/")
            here = None
    return found, count


def self_test():
    with tempfile.TemporaryDirectory() as root:
        def put(path, text):
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as out:
                out.write(text)
        arrows = "runtime/base -> nlohmann\nruntime/base/s*.cpp -> sodium\nhttp/api -> actors/*/port.hpp\nactors/** -> caf\n"
        put("tests/tools/layering.txt", arrows)
        put("actors/engine/port.hpp", "")
        put("actors/engine/state.hpp", "#include <caf/all.hpp>\n")
        put("runtime/base/seal.cpp", "#include <sodium.h>\n#include <vector>\n")
        put("http/api/good.cpp", '#include "actors/engine/port.hpp"\n')
        assert direct(root) == ([], 4), direct(root)
        bad = {
            "http/api/a.cpp": '#include "actors/engine/state.hpp"\n', "http/api/b.cpp": "#include <caf/actor.hpp>\n",
            "runtime/base/c.cpp": '#include "http/api/d.hpp"\n', "runtime/base/e.cpp": "#  include <sodium.h>\n",
            "runtime/base/f.cpp": '#include "seal.hpp"\n', "runtime/new/g.cpp": "", "http/api/h.cpp": "#include <x/y.hpp>\n",
            "runtime/base/i.cpp": "#include <actors/engine/port.hpp>\n", "http/api/d.hpp": "#include <sys/socket.h>\n",
        }
        for path, text in bad.items():
            put(path, text)
        seen = {line.split(":")[0] for line in direct(root)[0]}
        assert seen == set(bad), seen ^ set(bad)
    deps = "runtime/x.o: #deps 2\n    ../x.cpp\n    /usr/include/caf/actor.hpp\n\nactors/y.o: #deps 1\n    /usr/include/caf/all.hpp\n"
    assert transitive("", deps)[1] == 2 and [f[:11] for f in transitive("", deps)[0]] == ["runtime/x.o"]
    print("layering.py refuses what it should")
    return 0


def main(args):
    if args[:1] == ["--self-test"]:
        return self_test()
    if args[:1] == ["--build"]:
        run = subprocess.run(["ninja", "-C", args[1], "-t", "deps"], capture_output=True, text=True, check=False)
        found, count = transitive(".", run.stdout)
        if count == 0:
            print(f"skipped: {args[1]} has no record of a build by ninja")
            return 77
    else:
        found, count = direct(args[0] if args else ".")
    print("\n".join(found + [f"layering: {count} files, {len(found)} against the arrows"]))
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

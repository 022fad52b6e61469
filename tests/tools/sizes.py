#!/usr/bin/env python3
"""Checks what a reader of this tree may rely on: small files, a README per folder, no forbidden words, no clash of ids.

sizes.py [ROOT]     checks all sources below ROOT; exit code 1 with one line per finding
sizes.py --self-test  shows that each rule can fail

To allow a word in a file, add the file to the word's row below and say why in the row.
"""
import fnmatch
import os
import re
import sys
import tempfile

CODE = ("runtime", "tasks", "config", "actors", "http", "cluster")
TOPS = CODE + ("tests", "templates", ".ci")
LINES_MAX = {"CMakeLists.txt": 120, "README.md": 40}  # the rest: 400; the root README is no folder README
SOURCE = (".cpp", ".hpp", ".h", ".py", ".sh", "CMakeLists.txt", "README.md", ".ci/run", "dev")
THESE = "tests/tools/*"
# (pattern, why it is refused, files that may)
WORDS = [
    (r"\b(TODO|FIXME|XXX)\b", "finish it or file it, nothing is left for later in the tree", (THESE,)),
    (r"\bcaf::infinite\b", "every request names its timeout", (THESE,)),
    (r"\bco_(await|return|yield)\b", "no coroutines in this tree", (THESE,)),
    (r"\b(sleep_for|sleep_until|usleep|nanosleep) ?\(", "wait on a condition with a bound, never for a time", (THESE,)),
    (r"caf/all\.hpp", "costs 10 s a file; include what is used (caf/actor_system.hpp, caf/stateful_actor.hpp …), the precompiled header has it all", (THESE, "actors/pch.hpp", "CMakeLists.txt")),
]
ID_BLOCK = re.compile(r"CAF_BEGIN_TYPE_ID_BLOCK\((\w+),[^)]*first_custom_type_id(?:\s*\+\s*(\d+))?\)(.*?)"
                      r"CAF_END_TYPE_ID_BLOCK", re.S)


def files(root):
    for top in TOPS:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), root)
    yield from (name for name in ("CMakeLists.txt", "dev") if os.path.exists(os.path.join(root, name)))


def check_file(path, text):
    lines = text.splitlines()
    most = LINES_MAX.get(os.path.basename(path), 400)
    if len(lines) > most:
        yield f"{path}:{most}: {len(lines)} lines, at most {most}: split it"
    if path.endswith(".hpp"):
        if not text.startswith("//"):
            yield f"{path}:1: a header opens with its contract, a // comment"
        if "#pragma once" not in text:
            yield f"{path}:1: no #pragma once"
    if path.endswith(".md"):
        return
    for pattern, why, may in WORDS:
        if not any(fnmatch.fnmatch(path, glob) for glob in may):
            for number, line in enumerate(lines, 1):
                match = re.search(pattern, line)
                if match:
                    yield f"{path}:{number}: {match[0]}: {why}"


def check_readmes(paths):
    """Each folder with code of its own has a README; pch.hpp alone is no code."""
    code = {os.path.dirname(p) for p in paths if p.startswith(CODE) and p.endswith((".hpp", ".cpp"))
            and not p.endswith("pch.hpp")}
    extra = {f for f in ("tests", "tests/harness", "templates") if any(p.startswith(f + "/") for p in paths)}
    for folder in sorted(code | extra):
        if folder + "/README.md" not in paths:
            yield f"{folder}/README.md:1: missing: what it is, who may include it, files in reading order, how to add one"


def check_ids(texts):
    """Blocks of CAF type ids must not overlap: the ids are what travels between nodes."""
    blocks = []
    for path, text in texts.items():
        for name, offset, body in ID_BLOCK.findall(text):
            first = int(offset or 0)
            blocks.append((first, first + len(re.findall(r"CAF_ADD_(?:TYPE_ID|ATOM)\(", body)), name, path))
    blocks.sort()
    for (_, end, name, _), (first, _, next_name, path) in zip(blocks, blocks[1:]):
        if first < end:
            yield f"{path}:1: type ids of {next_name} start at +{first}, those of {name} end at +{end}"


def check(root):
    texts = {}
    for path in files(root):
        if path.endswith(SOURCE):
            with open(os.path.join(root, path), encoding="utf-8") as source:
                texts[path] = source.read()
    found = [finding for path, text in sorted(texts.items()) for finding in check_file(path, text)]
    return found + list(check_readmes(texts)) + list(check_ids(texts)), len(texts)


def self_test():
    good = "// Knows a thing.\n#pragma once\n"
    block = good + "CAF_BEGIN_TYPE_ID_BLOCK({}, first_custom_type_id + {})\nCAF_ADD_TYPE_ID({}, (x))\n" \
        "CAF_ADD_TYPE_ID({}, (y))\nCAF_END_TYPE_ID_BLOCK({})\n"
    cases = {  # findings expected per tree
        0: {"runtime/a/x.hpp": good + "// TODOS is a word\n", "runtime/a/README.md": "a\n", "actors/pch.hpp": good + "#include <caf/all.hpp>\n",
            "actors/b.hpp": block.format(*["one", 10] + ["one"] * 3), "actors/c.hpp": block.format(*["two", 12] + ["two"] * 3), "actors/README.md": ""},
        1: {"runtime/a/x.cpp": ""}, 2: {"runtime/a/x.hpp": "", "runtime/a/README.md": ""},
        3: {"tests/x.cpp": "// FIXME\nrequest(a, caf::infinite)\nstd::this_thread::sleep_for(1s);\n", "tests/README.md": ""},
        4: {"http/a/x.cpp": "co_await y;\n#include <caf/all.hpp>\n" + "\n" * 400, "http/a/README.md": "\n" * 41},
        5: {"actors/b.hpp": block.format(*["one", 10] + ["one"] * 3), "actors/c.hpp": block.format(*["two", 11] + ["two"] * 3),
            "actors/README.md": "\n" * 41, "CMakeLists.txt": "\n" * 121, "dev": "# XXX\n" + "\n" * 400},
    }
    for expected, tree in cases.items():
        with tempfile.TemporaryDirectory() as root:
            for path, text in tree.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as out:
                    out.write(text)
            found, _ = check(root)
            assert len(found) == expected, (expected, found)
    print("sizes.py refuses what it should")
    return 0


def main(args):
    if args[:1] == ["--self-test"]:
        return self_test()
    found, count = check(args[0] if args else ".")
    print("\n".join(found + [f"sizes: {count} files, {len(found)} findings"]))
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Holds tasks/FAULTS.md to the tests it names: each `FILE: WORDS` must be words of that file, and each row must name one.

fault_matrix.py [ROOT]; exit code 1 with a line per finding.
"""
import os
import re
import sys

ROOT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
NAMED = re.compile(r"`(tests/[^`:]+): ([^`]+)`")


def main():
    problems, named = [], 0
    with open(os.path.join(ROOT, "tasks", "FAULTS.md"), encoding="utf-8") as f:
        rows = [line for line in f if line.startswith("| ") and not line.startswith("| fault")]
    for row in rows:
        found = NAMED.findall(row)
        named += len(found)
        if not found:
            problems.append(f"no test is named for: {row.split('|')[1].strip()}")
        for path, words in found:
            try:
                with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                    # A name may go on in the next line of the source.
                    text = re.sub(r'"\s*\n\s*"', "", f.read())
            except OSError:
                problems.append(f"{path} is not there")
                continue
            if words not in text:
                problems.append(f"{path} has no test of the name: {words}")
    for p in problems:
        print(p)
    print(f"fault matrix: {len(rows)} faults, {named} tests named, {len(problems)} findings")
    return 1 if problems or len(rows) < 15 else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs clang-tidy over all sources, or over those that differ from a commit, two at a time.

tidy.py BUILD --all             every source in BUILD/compile_commands.json
tidy.py BUILD --since COMMIT    those changed since COMMIT, committed or not; a changed header stands for the
                                source of the same name, or else for one source that includes it
  --budget SECONDS              start no further file after that; what was left out is listed, and no failure
  --tidy NAME                   the program, default clang-tidy-14

BUILD must be configured without precompiled headers: clang cannot read those of g++.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def git(*args):
    return subprocess.run(("git",) + args, capture_output=True, text=True, check=True).stdout.splitlines()


def changed_since(commit):
    return set(git("diff", "--name-only", "--diff-filter=d", commit)) | set(git("ls-files", "-o", "--exclude-standard"))


def sources_for(changed, sources):
    wanted = set()
    for path in changed:
        if path in sources:
            wanted.add(path)
        elif path.endswith(".hpp"):
            twin = path[:-4] + ".cpp"
            include = re.compile(rf'^#include "{re.escape(path)}"', re.M)
            users = (s for s in sorted(sources) if include.search(open(s, encoding="utf-8").read()))
            wanted |= {twin} if twin in sources else set(list(users)[:1])
    return sorted(wanted)


def tidy(program, build, path):
    run = subprocess.run((program, "--quiet", "-p", build, path), capture_output=True, text=True, check=False)
    text = run.stdout + ("" if run.returncode == 0 or "error:" in run.stdout else run.stderr)
    return path, run.returncode, text


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("build")
    parse.add_argument("--all", action="store_true")
    parse.add_argument("--since", default="HEAD")
    parse.add_argument("--budget", type=float, default=float("inf"))
    parse.add_argument("--tidy", default="clang-tidy-14")
    args = parse.parse_args()
    with open(os.path.join(args.build, "compile_commands.json"), encoding="utf-8") as commands:
        known = {os.path.relpath(os.path.join(c["directory"], c["file"])) for c in json.load(commands)}
    sources = {p for p in known if not p.startswith(("build", ".."))}
    todo = sorted(sources) if args.all else sources_for(changed_since(args.since), sources)
    start, left, bad = time.monotonic(), [], []

    def one(path):
        if time.monotonic() - start > args.budget:
            left.append(path)
            return
        _, code, text = tidy(args.tidy, args.build, path)
        if code != 0:
            bad.append(path)
            print(text, flush=True)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(one, todo))
    if left:
        print(f"tidy: the time of {args.budget:.0f} s is up, not looked at: {' '.join(sorted(left))}")
    print(f"tidy: {len(todo) - len(left)} of {len(sources)} files, {len(bad)} with findings {' '.join(sorted(bad))}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Checks launch.pml with Spin, every configuration exhaustively; exit code 77 (skipped) without spin or gcc.

launch_model.py [MODEL]   class A may never double; class B only by a commit later than the quiescence; and the model
                          sees each mistake that is made in it on purpose
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = [  # defines, doubles expected, what it shows
    (["CLASS_A"], False, "class A"),
    (["CLASS_A", "LATE", "NO_DEADLINE", "NO_FENCE"], False, "class A, however late, without an epoch"),
    (["CLASS_A", "NO_RECORD"], False, "class A, the request leaves before the record"),
    ([], False, "class B"),
    (["LATE"], True, "class B, commits later than the quiescence"),
    (["NO_DEADLINE"], True, "class B, a paused node sends after its deadline"),
    (["NO_FENCE"], True, "class B, appends without an epoch"),
    (["NO_RECORD"], True, "class B, the request leaves before the record"),
]


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def check(model, defines, doubles):
    with tempfile.TemporaryDirectory() as folder:
        for command in (["spin", "-a"] + [f"-D{d}" for d in defines] + [model],
                        ["gcc", "-O2", "-w", "-DSAFETY", "-o", "pan", "pan.c"]):
            code, text = run(command, folder)
            if code != 0:
                return f"{command[0]} failed:\n{text}", 0
        _, text = run(["./pan", "-m100000"], folder)
    errors = re.search(r"errors: (\d+)", text)
    states = re.search(r"(\d+) states, stored", text)
    if not errors or not states or "search depth too small" in text or ("not completed" in text and not doubles):
        return f"the search did not end well:\n{text}", 0
    found = int(errors[1]) > 0
    if found and "accepted<=1" not in text.replace(" ", "").replace("(", "").replace(")", ""):
        return f"another error than a double:\n{text}", 0
    if found != doubles:
        return f"doubles {'found' if found else 'not found'}, the opposite was expected:\n{text}", 0
    return "", int(states[1])


def main(args):
    missing = [tool for tool in ("spin", "gcc") if shutil.which(tool) is None]
    if missing:
        print("skipped: no " + " and no ".join(missing))
        return 77
    model = os.path.abspath(args[0]) if args else os.path.join(HERE, "launch.pml")
    failed = 0
    for defines, doubles, what in CASES:
        wrong, states = check(model, defines, doubles)
        print(f"{what}: " + (f"FAILED {wrong}" if wrong else
                             f"{'doubled, as expected' if doubles else 'never doubled'}, {states} states"))
        failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""kill -9 torture: a loaded server is killed at random moments, many times; then everything accepted must be there, once.

torture.py [--rounds N] [--short] [--seed S] [--control NAME]

Exit code 0: nothing was lost, doubled or stuck, and the checker noticed every negative control. 1: it says what it found
and where it left the data directory. With --control NAME the verdict is that of the checker on a store spoiled that way,
so the exit code is 1 when all is well. Environment: O3_PROGRAM.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import time

from o3proc import Server, until
from torture_check import CONTROLS, Witness, check_store, copy_store, run_control
from torture_load import KINDS, Ledger, Load, look

SHORT = 40
LOOKED_AT = 3000    # workflows compared once more through the API at the end
LOAD_SECONDS = 0.3  # kills fall within this time after ready
STARTING = 0.3      # share of kills aimed at the start-up
WAL_MAX = 192 << 20  # three times what the write-ahead log is cut back to by default
# Half of the lives checkpoint all the time, so that kills fall into checkpoints as well.
BUSY_CHECKPOINTS = ("--set", "journal.checkpoint_interval_ms=20", "--set", "journal.wal_limit_bytes=2097152",
                    "--set", "journal.batch_bytes=1048576")


class Torture:
    def __init__(self, rounds, seed):
        self.rounds, self.rng = rounds, random.Random(seed)
        self.server, self.ledger, self.witness = Server(), Ledger(seed), Witness()
        self.load = Load(self.ledger)
        self.start_seconds = 0.3  # how long a start takes, a running mean
        self.kills = self.during_start = self.with_work = 0

    def prepare(self):
        """Templates first: without them nothing can be submitted."""
        self.start().ready()
        for _, _, document in KINDS.values():
            self.server.put_template(document)
        self.load.open(self.server)

    def start(self):
        return self.server.start(*(BUSY_CHECKPOINTS if self.rng.random() < 0.5 else ()))

    def starts(self):
        begin = time.monotonic()
        self.start().ready()
        self.start_seconds += 0.2 * (time.monotonic() - begin - self.start_seconds)

    def alive_for(self, seconds):
        """Lets it run; a server that ends by itself is a finding."""
        try:
            code = self.server.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        raise AssertionError(f"the server ended by itself with {code}\n{self.server.said()}")

    def one_round(self, number):
        starting = number > 0 and self.rng.random() < STARTING
        if starting:
            self.start()
            self.alive_for(self.rng.uniform(0, 0.8 * self.start_seconds))
            # A quick start may have been over already.
            self.during_start += "listens on" not in self.server.stdout
        else:
            if number > 0:
                self.starts()
                self.load.open(self.server)
            self.alive_for(self.rng.uniform(0, LOAD_SECONDS))
        flying = self.ledger.flying
        self.server.kill()
        self.kills += 1
        self.load.close()
        wal = os.path.join(self.server.data, "o3.db-wal")
        if os.path.exists(wal) and os.path.getsize(wal) > WAL_MAX:
            self.ledger.wrong(f"the write-ahead log has grown to {os.path.getsize(wal)} bytes")
        unfinished = self.witness.look(copy_store(self.server.data, os.path.join(self.server.root, "seen")))
        self.with_work += bool(unfinished or flying)

    def settle(self):
        """No more faults: everything has to end."""
        self.starts()
        self.load.finishing = True
        self.load.open(self.server)
        bound = 60 + len(self.ledger.open) / 20
        until(self.ledger.quiet, "every unanswered request is answered", bound)

        def busy():
            return sum(len(self.server.get(f"/workflow/?state={state}&limit=200")["items"])
                       for state in ("scheduled", "waiting", "running", "needs_operator"))
        try:
            until(lambda: not busy(), "", bound)
        except AssertionError:
            rows = [w for s in ("scheduled", "waiting", "running", "needs_operator") for w in self.server.get(f"/workflow/?state={s}")["items"]]
            for row in rows[:20]:
                self.ledger.wrong(f"stuck: {row['ref']} is {row['state']} {bound:.0f} s after the last fault: "
                                  f"{self.server.workflow(row['id'])['why']}")
        self.load.stop()
        ids = list(self.ledger.ids)
        for workflow in ids if len(ids) <= LOOKED_AT else self.rng.sample(ids, LOOKED_AT) + ids[-50:]:
            look(self.server.client, self.ledger, workflow)
        code = self.server.stop()
        if code != 0:
            self.ledger.wrong(f"SIGTERM at the end: exit code {code}")

    def run(self):
        self.prepare()
        for number in range(self.rounds):
            self.one_round(number)
            if (number + 1) % 100 == 0:
                print(f"  {number + 1} kills, {len(self.ledger.ids)} workflows accepted", flush=True)
            if self.ledger.problems:
                break
        self.settle()
        return copy_store(self.server.data, os.path.join(self.server.root, "end"))


def report(problems):
    for p in problems[:30]:
        print(f"  {p}")
    if len(problems) > 30:
        print(f"  … and {len(problems) - 30} more")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=SHORT)
    options.add_argument("--short", action="store_true", help=f"{SHORT} rounds, as in CI")
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--control", choices=sorted(CONTROLS))
    o = options.parse_args()
    seed = random.SystemRandom().randrange(1 << 30) if o.seed is None else o.seed
    t = Torture(SHORT if o.short else o.rounds, seed)
    try:
        path = t.run()
        problems = t.ledger.problems + check_store(path, t.ledger, t.witness)
        if o.control and not problems:
            problems = run_control(o.control, path, t.ledger)
        elif not problems:
            problems = [f"the control {name} was not noticed: this run proves nothing" for name in CONTROLS
                        if not run_control(name, path, t.ledger)]
    except BaseException as e:
        problems = t.ledger.problems + [f"{type(e).__name__}: {e}"]
    finally:
        t.load.close()
        t.server.kill()
    count = {word: sum(f"{word}:" in p for p in problems) for word in ("lost", "doubled", "stuck")}
    kept = "" if not problems else f"; kept: {t.server.root}"
    print(f"torture: {t.kills} kills ({t.during_start} during start-up, {t.with_work} with work in flight), "
          f"{len(t.ledger.ids)} workflows accepted, {count['lost']} lost, {count['doubled']} doubled, {count['stuck']} stuck, "
          f"seed {seed}{kept}")
    report(problems)
    if not problems:
        shutil.rmtree(t.server.root, ignore_errors=True)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

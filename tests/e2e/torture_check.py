"""The checker of the torture: reads the store itself and holds it against the ledger; and shows that it can fail.

The journal's records are those of runtime/workflow/records.hpp; this reads them in another language on purpose.
"""
import json
import os
import shutil
import sqlite3
import zlib

from torture_load import KINDS, order_of

STATE_WORDS = ("scheduled", "waiting", "running", "successful", "failed", "canceled", "needs_operator")
TASK_WORDS = ("created", "waiting", "running", "successful", "failed", "canceled", "exception", "timeout", "skipped", "needs_operator")
ACCEPTED, TASK_STARTED, TASK_PROGRESS, TASK_ENDED, TASK_RETRY, ATTRIBUTE, WORKFLOW_ENDED, QUARANTINED = 1, 3, 4, 5, 6, 8, 11, 13
TERMINAL = (3, 4, 5)


def copy_store(source, target):
    """The store's files as they lie there, for a server that does not run."""
    os.makedirs(target, exist_ok=True)
    for name in ("o3.db", "o3.db-wal"):
        if os.path.exists(os.path.join(source, name)):
            shutil.copy(os.path.join(source, name), target)
        elif os.path.exists(os.path.join(target, name)):
            os.remove(os.path.join(target, name))
    for name in ("o3.db-shm",):
        if os.path.exists(os.path.join(target, name)):
            os.remove(os.path.join(target, name))
    return os.path.join(target, "o3.db")


class Witness:
    """Remembers every row that was on disk after a kill: none may vanish or change."""

    def __init__(self):
        self.rows, self.last = {}, 0

    def look(self, path):
        """Returns how many workflows had not ended, or None if there is no store yet."""
        if not os.path.exists(path):
            return None
        db = sqlite3.connect(path)
        try:
            if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'workflow'").fetchone():
                return None
            for pos, *row in db.execute("SELECT pos, workflow, seq, epoch, at, records FROM journal WHERE pos > ?", (self.last,)):
                self.rows[pos] = zlib.crc32(repr(row).encode())
                self.last = max(self.last, pos)
            return db.execute("SELECT count(*) FROM workflow WHERE state NOT IN (3, 4, 5)").fetchone()[0]
        finally:
            db.close()


class Fold:
    """One workflow's records in order; `problems` says what they may not do."""

    def __init__(self, kind, ref):
        self.order, self.ref = order_of(kind), ref
        self.attempt, self.running, self.end, self.set = {}, set(), {}, {}
        self.ended, self.problems = None, []

    def wrong(self, what):
        self.problems.append(f"{self.ref}: {what}")

    def begins(self, t, n):
        name, before = self.order[t]
        if t in self.end:
            self.wrong(f"doubled: task {name} runs again after it ended {self.end[t]}")
        if t in self.running:
            self.wrong(f"task {name} begins attempt {n} while one runs")
        if n != self.attempt.get(t, 0) + 1:
            self.wrong(f"task {name} begins attempt {n} after attempt {self.attempt.get(t, 0)}")
        late = [self.order[b][0] for b in before if self.end.get(b) != "successful"]
        if late:
            self.wrong(f"task {name} begins before {late} succeeded")
        self.attempt[t] = n
        self.running.add(t)

    def take(self, r):
        kind, t = r["k"], r.get("t")
        if self.ended:
            self.wrong(f"record {kind} after the workflow had ended")
        if kind == TASK_STARTED:
            self.begins(t, r["n"])
        elif kind in (TASK_ENDED, TASK_RETRY):
            if "n" in r:
                self.begins(t, r["n"])
            if t in self.end:
                self.wrong(f"doubled: task {self.order[t][0]} ends twice: {self.end[t]} and {TASK_WORDS[r['s']]}")
            self.running.discard(t)
            self.set.setdefault(t, {}).update(r.get("set", {}))
            if kind == TASK_ENDED:
                self.end[t] = TASK_WORDS[r["s"]]
        elif kind in (TASK_PROGRESS, ATTRIBUTE) and t not in self.running:
            self.wrong(f"task {self.order[t][0]} goes on without running")
        if kind == ATTRIBUTE:
            self.set.setdefault(t, {})[r["name"]] = r["value"]
        if kind == WORKFLOW_ENDED:
            self.ended = STATE_WORDS[r["s"]]
        if kind == QUARANTINED:
            self.wrong(f"it was quarantined: {r['msg']}")

    def outputs(self):
        return {self.order[t][0]: held for t, held in self.set.items() if held and self.end.get(t) == "successful"}


def check_workflow(row, journal, entry, ref, seen):
    """Problems of one workflow: `row` its (id, state), `journal` its (seq, epoch, records) in order."""
    fold = Fold(entry["kind"], ref)
    expected = KINDS[entry["kind"]][1]
    if [seq for seq, _, _ in journal] != list(range(1, len(journal) + 1)):
        fold.wrong(f"its journal has gaps: {[seq for seq, _, _ in journal]}")
    if [e for _, e, _ in journal] != sorted(e for _, e, _ in journal):
        fold.wrong("an older epoch wrote after a newer one")
    records = [r for _, _, text in journal for r in json.loads(text)]
    if not records or records[0]["k"] != ACCEPTED or records[0].get("ref") != ref or records[0]["id"] != row[0]:
        fold.wrong("its journal does not begin with its acceptance")
    for r in records:
        fold.take(r)
    if row[1] not in TERMINAL or not fold.ended:
        fold.wrong(f"stuck: its row says {STATE_WORDS[row[1]]}, its journal {fold.ended or 'no end'}")
    elif fold.ended != STATE_WORDS[row[1]] or fold.ended != expected:
        fold.wrong(f"ended {fold.ended}, its row says {STATE_WORDS[row[1]]}, {expected} was due")
    if seen and (seen[0], seen[1]) != (fold.ended, fold.outputs()):
        fold.wrong(f"was seen {seen[0]} with {seen[1]}, the journal says {fold.ended} with {fold.outputs()}")
    return fold.problems


def check_store(path, ledger, witness):
    """All problems of a store after the end, as sentences; 'lost:', 'doubled:' and 'stuck:' mark those of that kind."""
    db = sqlite3.connect(path)
    problems = []
    verdict = db.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        problems.append(f"SQLite finds the file damaged: {verdict}")
    there = {}
    for workflow, ref, state in db.execute("SELECT id, ref, state FROM workflow"):
        there.setdefault(ref, []).append((workflow.hex(), state))
    journal, now = {}, {}
    for pos, *row in db.execute("SELECT pos, workflow, seq, epoch, at, records FROM journal ORDER BY workflow, seq"):
        journal.setdefault(row[0].hex(), []).append((row[1], row[2], row[4]))
        now[pos] = zlib.crc32(repr(row).encode())
    db.close()
    gone = [pos for pos, crc in witness.rows.items() if now.get(pos) != crc]
    if gone:
        problems.append(f"{len(gone)} journal rows that were on disk after a kill vanished or changed, e.g. pos {gone[:3]}")
    problems += [f"doubled: {ref} is {len(rows)} workflows: {rows}" for ref, rows in there.items() if len(rows) > 1]
    problems += [f"{ref} was never submitted: {rows}" for ref, rows in there.items() if ref not in ledger.entries]
    ids = {row[0] for rows in there.values() for row in rows}
    problems += [f"the journal has rows of {w}, which is no workflow" for w in journal if w not in ids]
    for ref, entry in ledger.entries.items():
        rows = [row for row in there.get(ref, ()) if row[0] == entry["id"]]
        if entry["acknowledged"] and not rows:
            problems.append(f"lost: {ref} was accepted as {entry['id']} and is not there")
        for row in rows:
            problems += check_workflow(row, journal.get(row[0], []), entry, ref, ledger.seen.get(row[0]))
    return problems


# -- negative controls: each spoils a copy in one way that the checker must notice


def some_workflow(db):
    """The last workflow of three no-ops: (id, its last seq)."""
    return db.execute("SELECT w.id, max(j.seq) FROM workflow w JOIN journal j ON j.workflow = w.id "
                      "WHERE w.template_ref = 't_noops' GROUP BY w.id ORDER BY w.id DESC LIMIT 1").fetchone()


def edit_records(db, workflow, seq, change):
    records = json.loads(db.execute("SELECT records FROM journal WHERE workflow = ? AND seq = ?", (workflow, seq)).fetchone()[0])
    change(records)
    db.execute("UPDATE journal SET records = ? WHERE workflow = ? AND seq = ?", (json.dumps(records), workflow, seq))


def end_twice(db, workflow, seq):
    def change(records):
        ends = [r for r in records if r["k"] == TASK_ENDED]
        records.insert(records.index(ends[0]) + 1, {k: v for k, v in ends[0].items() if k != "n"})
    edit_records(db, workflow, seq, change)


def change_output(db, workflow, seq):
    def change(records):
        next(r for r in records if r["k"] == TASK_ENDED and "set" in r)["set"]["rand_no"] += 1
    edit_records(db, workflow, seq, change)


def skip_attempt(db, workflow, seq):
    def change(records):
        next(r for r in records if "n" in r)["n"] += 1
    edit_records(db, workflow, seq, change)


def submit_twice(db, workflow, _):
    columns = [c[1] for c in db.execute("PRAGMA table_info(workflow)") if c[1] not in ("id", "idem_key")]
    db.execute(f"INSERT INTO workflow (id, {', '.join(columns)}) SELECT zeroblob(16), {', '.join(columns)} FROM workflow WHERE id = ?",
               (workflow,))


CONTROLS = {
    "drop-journal-row": lambda db, w, seq: db.execute("DELETE FROM journal WHERE workflow = ? AND seq = ?", (w, seq)),
    "drop-workflow": lambda db, w, seq: db.execute("DELETE FROM workflow WHERE id = ?", (w,)),
    "reopen": lambda db, w, seq: db.execute("UPDATE workflow SET state = 2 WHERE id = ?", (w,)),
    "end-twice": end_twice,
    "change-output": change_output,
    "skip-attempt": skip_attempt,
    "submit-twice": submit_twice,
}


def run_control(name, path, ledger):
    """Spoils a copy of the store; returns what the checker then says. The witness is left out: it would notice every change."""
    target = copy_store(os.path.dirname(path), path + "-" + name)
    db = sqlite3.connect(target)
    workflow, seq = some_workflow(db)
    CONTROLS[name](db, workflow, seq)
    db.commit()
    db.close()
    seen = ledger.seen.get(workflow.hex())
    assert seen, "the workflow to spoil was never looked at"
    return check_store(target, ledger, Witness())

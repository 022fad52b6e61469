#!/usr/bin/env python3
"""kill -9 torture of launches: O3 is killed at random moments and right after AWX accepted a job, while AWX loses answers,
commits late, fails after the commit and shows old listings; then every job must have been launched once and be owned.

launch_torture.py [--kills N] [--seed S] [--control 5xx|resend|unwritten]

Exit code 0: no duplicate, nothing lost, nothing stuck, and the checker noticed every spoiled result. With --control the
engine itself is broken that way, and exit code 0 says that the duplicates were noticed. Environment: O3_PROGRAM.
"""
import argparse
import http.client
import http.server
import json
import os
import random
import shutil
import sqlite3
import sys
import threading
import time
import urllib.parse

from launch_check import check, marker_of, spoiled
from o3proc import SOURCE, Server, task, template, until
from simproc import Sim

KILLS = 40
IN_FLIGHT = 24
LIFE = 0.5           # seconds a life takes at most, when no accepted job ends it first
LONG, LONG_LIFE = .12, 3  # this share of lives is long enough to prove that a call was not made
SENDING, SEARCHING = 2, (2, 3, 4)
SETTINGS = ("launch.quiesce_ms=1500", "launch.send_deadline_ms=1000", "launch.search_interval_ms=150",
            "launch.search_interval_max_ms=600", "launch.retry_ms=100", "launch.retry_max_ms=500", "launch.attempts_max=200",
            "launch.per_hour=10000", "poll.least_ms=150", "poll.most_ms=500", "poll.interval_ms=300", "targets.requests_per_s=0",
            "targets.circuit_first_ms=100", "targets.circuit_max_ms=300")
LAUNCH = {"method": "POST", "route": "/api/v2/job_templates/*/launch/"}
LIST = {"method": "GET", "route": "/api/v2/job_templates/*/jobs/"}
FAULTS = [{"match": LAUNCH, "probability": p, "fault": f} for p, f in (
    (.10, {"kind": "drop_answer"}), (.06, {"kind": "commit_late", "ms": 700}), (.06, {"kind": "commit_late", "ms": 300, "hang": True}),
    (.06, {"kind": "error_after_commit", "status": 500}), (.05, {"kind": "status", "status": 502}),
    (.04, {"kind": "truncate", "bytes": 9}), (.03, {"kind": "not_json"}), (.03, {"kind": "rate_limited", "retry_after": 1}),
    (.02, {"kind": "redirect"}), (.25, {"kind": "delay", "ms": 250}))] + [
    {"match": LIST, "probability": .25, "fault": {"kind": "lag", "ms": 500}},
    {"match": LIST, "probability": .05, "fault": {"kind": "status", "status": 500}},
    {"match": {"method": "GET"}, "probability": .03, "fault": {"kind": "status", "status": 503}},
    {"on": "connection", "probability": .02, "fault": {"kind": "close_early"}}]
WORLD = {"job_templates": [{"id": n, "allow_simultaneous": True} for n in (10, 13, 14)]}
TEMPLATES = (10, 13, 14, 20)


def document(ref, number, cls):
    given = {"awx_url": "${workflow.input.awx_url}", "awx_token": "${workflow.input.awx_token}", "job_template_id": number}
    after = dict(given, extra_vars={"before": "${first.output.awx_jobid}"}) if number in (10, 20) else dict(given)
    return template(ref, task("first", cls, input=dict(given)),
                    task("second", cls, depends_on=["first"], input=after))


class Resender(http.server.BaseHTTPRequestHandler):
    """What a client library that repeats a POST on a lost answer does; for the control `resend`."""
    protocol_version = "HTTP/1.1"
    target = None

    def relay(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        for _ in range(4):
            try:
                c = http.client.HTTPConnection("127.0.0.1", self.target, timeout=5)
                c.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k != "Connection"})
                a = c.getresponse()
                said = a.read()
                c.close()
                break
            except (OSError, http.client.HTTPException):
                continue
        else:
            self.close_connection = True
            return
        self.send_response(a.status)
        for k, v in a.getheaders():
            if k.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(k, v)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = relay

    def log_message(self, *_):
        pass


class Torture:
    def __init__(self, kills, seed, control):
        self.kills, self.rng, self.control = kills, random.Random(seed), control
        self.sim = Sim("awx", "--duration-ms", "400", "--seed", str(seed), world=WORLD)
        self.server = Server(*[word for s in SETTINGS for word in ("--set", s)])
        self.accepted, self.waiting = [], []  # refs answered 202; refs that were sent and not answered
        self.inside = self.done = 0
        self.url = self.sim.url
        if control == "resend":
            Resender.target = urllib.parse.urlparse(self.sim.url).port
            self.relay = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Resender)
            threading.Thread(target=self.relay.serve_forever, daemon=True).start()
            self.url = f"http://127.0.0.1:{self.relay.server_port}"

    def prepare(self):
        if self.control == "5xx":
            self.misread()
        self.server.start().ready()
        for n in TEMPLATES:
            self.server.put_template(document(f"jobs_{n}", n, "awx.misread" if self.control == "5xx" else "awx_job_launch"))
        self.sim.faults(*FAULTS)

    def misread(self):
        """The class as somebody would write it who takes a 5xx for a refusal."""
        directory = os.path.join(self.server.root, "tasks")
        os.makedirs(directory)
        with open(os.path.join(SOURCE, "tasks", "packs", "awx", "awx_job_launch.json"), encoding="utf-8") as f:
            wrong = json.load(f)
        wrong["name"] = "awx.misread"
        wrong["send"]["requests"][-1]["errors"] = [{"status": ["5xx"], "means": "not_done"}]
        with open(os.path.join(directory, "misread.json"), "w", encoding="utf-8") as f:
            json.dump(wrong, f)
        self.server.arguments += ["--set", f"tasks.dir={directory}"]

    def submit(self, until_time):
        """Keeps the engine busy until then; what was not answered is sent again in the next life."""
        inputs = {"awx_url": self.url, "awx_token": self.sim.tokens["operator"]}
        while time.monotonic() < until_time:
            if len(self.accepted) - self.ended() >= IN_FLIGHT:
                time.sleep(0.01)
                continue
            if not self.waiting:
                self.waiting.append(f"launch-{len(self.accepted) + 1}")
            ref = self.waiting[0]
            number = TEMPLATES[int(ref.split("-")[1]) % len(TEMPLATES)]
            try:
                self.server.submit(f"jobs_{number}", inputs, ref)
            except (OSError, http.client.HTTPException):
                return
            self.accepted.append(self.waiting.pop(0))

    def ended(self):
        try:
            busy = sum(len(self.server.get(f"/workflow/?state={s}&limit=200")["items"])
                       for s in ("running", "waiting", "needs_operator"))
        except (OSError, http.client.HTTPException, AssertionError):
            return 0
        return len(self.accepted) - busy

    def one_life(self):
        """Half of the kills fall at once after AWX wrote an accepted job down, before O3 can have confirmed it."""
        if self.server.process.poll() is not None:
            self.server.start().ready()
        begin = time.monotonic()
        end = begin + (LONG_LIFE if self.rng.random() < LONG else self.rng.uniform(0.02, LIFE))
        loader = threading.Thread(target=self.submit, args=(end,))
        loader.start()
        aimed, size = end < begin + LIFE and self.rng.random() < .6, self.sim.ledger_size()
        if aimed:
            end = begin + 2 * LIFE
        while time.monotonic() < end:
            assert self.server.process.poll() is None, f"the server ended by itself\n{self.server.said()}"
            if aimed and self.sim.ledger_size() > size:
                time.sleep(self.rng.choice((0, 0, .001, .003, .01)))
                break
            time.sleep(.001)
        self.server.kill()
        loader.join()
        self.done += 1
        self.inside += self.look()

    def store(self):
        return os.path.join(self.server.data, "o3.db")

    def look(self):
        """Whether a launch stood between intent and confirmation; with --control unwritten, forgets that it did."""
        db = sqlite3.connect(self.store())
        try:
            last = {}
            for pos, workflow, text in db.execute("SELECT pos, workflow, records FROM journal WHERE workflow IN (SELECT id FROM "
                                                  "workflow WHERE state NOT IN (3, 4, 5)) ORDER BY workflow, seq"):
                for r in json.loads(text):
                    if r["k"] == 14:
                        last[(workflow, r["t"])] = (r["launch"]["at"]["p"], pos)
                    elif r["k"] == 12:
                        for t, state in enumerate(r["body"]["tasks"]):
                            if state.get("launches"):
                                last[(workflow, t)] = (state["launches"][-1]["at"]["p"], pos)
            window = [at for at in last.values() if at[0] in SEARCHING]
            if self.control == "unwritten":
                newest = {w: s for w, s in db.execute("SELECT workflow, max(pos) FROM journal GROUP BY workflow")}
                for (workflow, _), (phase, pos) in last.items():
                    if phase == SENDING and newest[workflow] == pos:
                        db.execute("DELETE FROM journal WHERE pos = ?", (pos,))
                db.commit()
            return bool(window)
        finally:
            db.close()

    def settle(self):
        """No more faults: everything has to end."""
        self.sim.faults()
        self.server.start().ready()
        self.submit_rest()
        def busy():
            return [w for s in ("scheduled", "waiting", "running", "needs_operator")
                    for w in self.server.get(f"/workflow/?state={s}&limit=200")["items"]]
        try:
            until(lambda: not busy(), "", 90)
        except AssertionError:
            for w in busy()[:10]:
                print("  stuck:", w["ref"], self.server.workflow(w["id"])["why"])
        answers, cursor = {}, ""
        while True:
            page = self.server.get(f"/workflow/?limit=200{cursor}")
            for w in page["items"]:
                answers[w["ref"]] = {"id": w["id"], "state": w["state"], "tasks": self.server.tasks(w["id"])}
            if not page.get("next_cursor"):
                break
            cursor = "&cursor=" + urllib.parse.quote(page["next_cursor"])
        ledger = self.sim.ledger("launch")
        jobs = {str(x["id"]): self.sim.job(x["id"])["status"] for x in ledger}
        return ledger, self.accepted, answers, jobs

    def submit_rest(self):
        for ref in self.waiting:
            self.server.submit(f"jobs_{TEMPLATES[int(ref.split('-')[1]) % len(TEMPLATES)]}",
                               {"awx_url": self.url, "awx_token": self.sim.tokens["operator"]}, ref)
            self.accepted.append(ref)
        self.waiting = []

    def run(self):
        self.prepare()
        # A control goes on until it has had its effect: what it breaks shows by chance.
        most = self.kills * (8 if self.control else 1)
        while self.done < most and not (self.control and self.done >= self.kills and self.doubled()):
            self.one_life()
            if self.done % 100 == 0:
                print(f"  {self.done} kills, {self.inside} of them inside a launch, {len(self.accepted)} workflows", flush=True)
        return self.settle()

    def doubled(self):
        launches = [marker_of(x)[0] for x in self.sim.ledger("launch") if marker_of(x)]
        return len(launches) > len(set(launches))

    def close(self):
        if self.server.process and self.server.process.poll() is None:
            self.server.kill()
        self.sim.close()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=KILLS)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--control", choices=("5xx", "resend", "unwritten"))
    o = options.parse_args()
    seed = random.SystemRandom().randrange(1 << 30) if o.seed is None else o.seed
    t = Torture(o.kills, seed, o.control)
    try:
        found = t.run()
        problems = check(*found)
        if not problems:
            problems = [f"the spoiled result '{word}' was not noticed: this run proves nothing" for word, seen in spoiled(*found) if not seen]
    finally:
        t.close()
    again = sum(marker_of(x) is not None and marker_of(x)[1] > 1 for x in found[0])
    count = {word: sum(p.startswith(word) for p in problems) for word in ("duplicate", "lost", "stuck", "orphan", "adoption")}
    kept = f"; kept: {t.server.root}" if problems and not o.control else ""
    print(f"launch torture: {t.done} kills, {t.inside} of them between intent and confirmation, {len(t.accepted)} workflows, "
          f"{len(found[0])} jobs ({again} after a proven absence), " + ", ".join(f"{n} {word}" for word, n in count.items())
          + f", seed {seed}{kept}")
    if not kept:
        shutil.rmtree(t.server.root, ignore_errors=True)
    if o.control:
        print(f"control {o.control}: " + ("noticed" if count["duplicate"] else "NOT noticed"))
        return 0 if count["duplicate"] else 1
    for p in problems[:20]:
        print(" ", p)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

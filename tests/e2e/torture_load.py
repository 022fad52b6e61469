"""The load of the torture: which workflows are submitted, and the ledger of what the server said about them."""
import http.client
import random
import threading

from o3proc import Client, ENDED, request_for, task, template

RETRY = [{"on": ["failed"], "times": 3, "delay_s": 0.05}]
CANCEL_STATES = ("canceled",)


def ref_of(reference):
    return "${" + reference + "}"


# kind: (how often, the state it must end in, its template). Tasks read what the one before made, where it makes something.
KINDS = {
    "noops": (30, "successful", template(
        "t_noops", task("a"), task("b"), task("c", input={"runtime_delay": 0, "x": ref_of("a.output.rand_no"), "y": ref_of("b.output.rand_no")}))),
    "timer": (25, "successful", template(
        "t_timer", task("a"), task("w", "timer", ["a"], input={"for": ref_of("workflow.input.seconds")}),
        task("z", input={"runtime_delay": 0, "at": ref_of("w.output.fired_at")}))),
    "retry": (15, "successful", template(
        "t_retry", task("a"), task("f", "fail", ["a"], input={"tries": 2}, retry=RETRY), task("z", depends_on=["f"]), version=2)),
    "fails": (10, "failed", template(
        "t_fails", task("a"), task("f", "fail", ["a"], input={"message": "for good"}, retry=[{"times": 1, "delay_s": 0.02}]),
        task("z", depends_on=["f"]), version=2)),
    "worker": (10, "successful", template(
        "t_worker", task("a", "worker.noop"), task("z", input={"runtime_delay": 0, "x": ref_of("a.output.rand_no")}))),
    "cancel": (10, "canceled", template(
        "t_cancel", task("a"), task("w", "timer", ["a"], input={"for": 3600}), task("z", depends_on=["w"]))),
}


def order_of(kind):
    """[(ref, indices of the tasks before it)] in the order of the template; the journal names tasks by index."""
    tasks = KINDS[kind][2]["tasks"]
    index = {t["ref_name"]: i for i, t in enumerate(tasks)}
    read = [{index[name] for name in index for v in t["input"].values() if isinstance(v, str) and v.startswith("${" + name + ".output")}
            for t in tasks]
    return [(t["ref_name"], read[i] | {index[d] for d in t["depends_on"]}) for i, t in enumerate(tasks)]


class Ledger:
    """What the clients know. Everything behind one lock; problems are what the server must never do."""

    def __init__(self, seed):
        self.lock = threading.Lock()
        self.seed, self.count = seed, 0
        self.entries = {}      # ref -> {kind, body, id, acknowledged, cancel}
        self.ids = {}          # id -> ref
        self.unsure = []       # refs whose answer was lost
        self.to_cancel = []    # refs whose cancel is not acknowledged yet
        self.seen = {}         # id -> (state, outputs, tasks) once it had ended
        self.seen_tasks = {}   # (id, task) -> (state, attempt, outputs) once it had ended
        self.open = set()      # ids not seen ended yet
        self.problems = []
        self.flying = 0        # requests without an answer now

    def wrong(self, what):
        with self.lock:
            self.problems.append(what)

    def new(self, rng):
        kind = rng.choices(list(KINDS), [k[0] for k in KINDS.values()])[0]
        inputs = {"seconds": round(rng.random(), 3)} if kind == "timer" else {}
        with self.lock:
            self.count += 1
            ref = f"torture-{self.seed}-{self.count}"
            self.entries[ref] = {"kind": kind, "id": None, "acknowledged": 0, "cancel": "no",
                                 "body": request_for(KINDS[kind][2]["ref_name"], inputs, ref)}
            return ref

    def accepted(self, ref, answer, replayed):
        with self.lock:
            e = self.entries[ref]
            if e["id"] not in (None, answer["id"]):
                self.problems.append(f"doubled: {ref} was {e['id']} and is now {answer['id']}")
            if e["acknowledged"] and not replayed:
                self.problems.append(f"{ref} was accepted again as if it were new")
            if self.ids.setdefault(answer["id"], ref) != ref:
                self.problems.append(f"{answer['id']} stands for {ref} and {self.ids[answer['id']]}")
            if e["id"] is None:
                self.open.add(answer["id"])
                if e["kind"] == "cancel":
                    self.to_cancel.append(ref)
            e["id"] = answer["id"]
            e["acknowledged"] += 1

    def looked(self, workflow, document, tasks):
        """Compares what is seen now with what was seen before."""
        found = {t["ref"]: (t["state"], t["attempt"], t["outputs"]) for t in tasks}
        with self.lock:
            for name, now in found.items():
                before = self.seen_tasks.get((workflow, name))
                if before and before != now:
                    self.problems.append(f"task {name} of {workflow} was {before} and is now {now}")
                if now[0] in ENDED + ("exception", "timeout", "skipped"):
                    self.seen_tasks[workflow, name] = now
            if document["state"] in ENDED:
                now = (document["state"], document["outputs"], found)
                if self.seen.setdefault(workflow, now) != now:
                    self.problems.append(f"workflow {workflow} was {self.seen[workflow]} and is now {now}")
                self.open.discard(workflow)
            elif workflow in self.seen:
                self.problems.append(f"workflow {workflow} was {self.seen[workflow][0]} and is now {document['state']}")

    def quiet(self):
        """Nothing left that a client has to ask for."""
        with self.lock:
            return not self.unsure and not self.to_cancel and not self.flying


class Load:
    """Threads that submit and look as long as the gate is open; a closed connection is theirs to survive."""

    def __init__(self, ledger, submitters=2, open_max=150):
        self.ledger, self.open_max = ledger, open_max
        self.gate, self.port, self.token = threading.Condition(), None, None
        self.finishing = self.over = False
        self.threads = [threading.Thread(target=self.run, args=(self.submit_one, i), daemon=True) for i in range(submitters)]
        self.threads.append(threading.Thread(target=self.run, args=(self.look_at_one, 99), daemon=True))
        for t in self.threads:
            t.start()

    def open(self, server):
        with self.gate:
            self.port, self.token = server.port, server.token
            self.gate.notify_all()

    def close(self):
        with self.gate:
            self.port = None

    def stop(self):
        with self.gate:
            self.over = True
            self.gate.notify_all()
        for t in self.threads:
            t.join(30)

    def run(self, turn, number):
        rng = random.Random(self.ledger.seed * 1000 + number)
        client = None
        while True:
            with self.gate:
                self.gate.wait_for(lambda: self.port or self.over)
                if self.over:
                    return
                port, token = self.port, self.token
            if client is None or client.port != port:
                if client:
                    client.close()
                client = Client(port, token)
            try:
                if not turn(client, rng):
                    self.pause(0.01)
            except (OSError, http.client.HTTPException):
                self.pause(0.005)  # killed meanwhile: the gate closes in a moment
            except Exception as e:  # a defect of this program must not look like a quiet server
                self.ledger.wrong(f"the load generator broke: {type(e).__name__}: {e}")
                return

    def pause(self, seconds):
        with self.gate:
            self.gate.wait(seconds)

    def flying(self, n):
        with self.ledger.lock:
            self.ledger.flying += n

    def take(self, rng):
        """(what, ref): resend, cancel, repeat or submit; None if there is enough open already."""
        book = self.ledger
        with book.lock:
            if book.unsure and (self.finishing or rng.random() < 0.4):
                return "submit", book.unsure.pop(0)
            if book.to_cancel and (self.finishing or rng.random() < 0.3):
                return "cancel", book.to_cancel.pop(0)
            if self.finishing or len(book.open) + len(book.unsure) > self.open_max:
                return None
            if book.ids and rng.random() < 0.03:
                return "submit", rng.choice(list(book.ids.values()))
        return "submit", book.new(rng)

    def submit_one(self, client, rng):
        job = self.take(rng)
        if not job:
            return False
        what, ref = job
        self.flying(1)
        try:
            done = self.cancel(client, ref) if what == "cancel" else self.submit(client, ref)
        except (OSError, http.client.HTTPException):
            done = False
            raise
        finally:
            with self.ledger.lock:
                self.ledger.flying -= 1
                if not done:
                    (self.ledger.to_cancel if what == "cancel" else self.ledger.unsure).append(ref)
        return done

    def submit(self, client, ref):
        reply = client.call("POST", "/api/v1/workflow/submit/", self.ledger.entries[ref]["body"], timeout=30)
        if reply.status in (200, 202):
            self.ledger.accepted(ref, reply.json, reply.headers.get("Idempotency-Replayed") == "true")
        elif reply.status not in (429, 503):
            self.ledger.wrong(f"submit of {ref} was answered {reply}")
        return reply.status not in (429, 503)

    def cancel(self, client, ref):
        workflow = self.ledger.entries[ref]["id"]
        reply = client.call("POST", f"/api/v1/workflow/{workflow}/cancel/", timeout=30)
        if reply.status not in (200, 202, 429, 503):
            self.ledger.wrong(f"cancel of {ref} ({workflow}) was answered {reply}")
        return reply.status not in (429, 503)

    def look_at_one(self, client, rng):
        with self.ledger.lock:
            known = self.ledger.open if self.ledger.open and rng.random() < 0.8 else self.ledger.ids
            workflow = rng.choice(list(known)) if known else None
        if not workflow:
            return False
        look(client, self.ledger, workflow)
        return True


def look(client, ledger, workflow):
    """The document after the tasks: a document that says 'ended' then comes with ended tasks or is looked at again."""
    document = client.call("GET", f"/api/v1/workflow/{workflow}/")
    tasks = client.call("GET", f"/api/v1/workflow/{workflow}/task/")
    if document.status != 200 or tasks.status != 200:
        if document.status not in (429, 503) and tasks.status not in (429, 503):
            ledger.wrong(f"lost: {workflow} ({ledger.ids[workflow]}) was accepted and is answered {document}, {tasks}")
        return
    ledger.looked(workflow, document.json, tasks.json["items"])

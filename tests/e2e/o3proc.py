"""The real `o3` program in a test: start, stop, kill, ask. Python's standard library only.

Environment: O3_PROGRAM is the program (required), O3_SOURCE the source tree (default: two levels up).
Every server has a temporary directory of its own and a port the kernel chose; both are gone after close().
Servers die with the process that started them, so start them from the main thread. Waits are polls with a
bound; what they raise names the awaited thing and shows the end of the server's own output.
"""
import http.client
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(os.environ["O3_PROGRAM"]) if os.environ.get("O3_PROGRAM") else ""
SOURCE = os.environ.get("O3_SOURCE", os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..")))
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
PATIENCE = 60  # seconds: machines under load are slow, and a bound is not a figure
ENDED = ("successful", "failed", "canceled")
EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_CANCELED, EXIT_STORE = 0, 1, 2, 3, 75


def until(check, what, seconds=PATIENCE):
    """Polls `check` until it returns something true, and returns that."""
    end, pause = time.monotonic() + seconds, 0.005
    while True:
        held = check()
        if held:
            return held
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def clean_environment(home, **more):
    """The caller's environment without anything that configures O3 or names a user's directories."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("O3_", "XDG_"))}
    return {**kept, "HOME": home, "LC_ALL": "C.UTF-8", **more}


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:600]!r}"


class Client:
    """One kept-alive connection; not for two threads at once. Raises OSError or HTTPException when it breaks."""

    def __init__(self, port, token):
        self.port, self.token, self.connection = port, token, None

    def call(self, method, path, body=None, headers=None, timeout=PATIENCE):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        head = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            head["Content-Type"] = "application/json"
        head.update(headers or {})
        try:
            self.connection.request(method, path, body, {k: v for k, v in head.items() if v is not None})
            answer = self.connection.getresponse()
            reply = Reply(answer.status, answer.headers, answer.read())
        except Exception:
            self.close()
            raise
        if answer.will_close:
            self.close()
        return reply

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Server:
    def __init__(self, *arguments, env=None, wrap=(), data_dir=None):
        if not os.access(PROGRAM, os.X_OK):
            raise RuntimeError(f"O3_PROGRAM is '{PROGRAM}', which is no program: build o3 and name it")
        self.root = tempfile.mkdtemp(prefix="o3-e2e-")
        self.data = data_dir or os.path.join(self.root, "data")
        self.told = None  # how the program itself has to call self.data, if its mounts are others
        self.arguments, self.wrap = list(arguments), list(wrap)
        self.env = clean_environment(self.root, **(env or {}))
        self.process = self.client = self.port = None
        self.starts = 0

    # -- the process

    def start(self, *more, listen="127.0.0.1:0"):
        """Starts it and returns at once."""
        assert self.process is None or self.process.poll() is not None, "it runs already"
        self.starts += 1
        self.hang_up()
        command = [PROGRAM, "serve", "--data-dir", self.told or self.data, "--listen", listen, *self.arguments, *more]
        guard = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        with open(self.output("out"), "wb") as out, open(self.output("err"), "wb") as err:
            self.process = subprocess.Popen(guard + self.wrap + command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                            env=self.env, cwd=self.root)
        return self

    def ready(self, seconds=PATIENCE):
        """Waits until it takes requests."""
        def check():
            if self.process.poll() is not None:
                raise AssertionError(f"o3 serve ended with {self.process.returncode} before it was ready\n{self.said()}")
            match = re.search(r"listens on http://127\.0\.0\.1:(\d+)/", self.stdout)
            if not match:
                return False
            self.port = int(match[1])
            return True
        until(check, lambda: f"o3 serve is ready\n{self.said()}", seconds)
        self.client = Client(self.port, self.token)
        until(lambda: self.call("GET", "/readyz").status == 200, "/readyz answers 200", seconds)
        return self

    def kill(self):
        """SIGKILL, at once."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self, seconds=PATIENCE):
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait_exit(seconds)

    def wait_exit(self, seconds=PATIENCE):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"o3 serve still runs after {seconds} s\n{self.said()}") from None

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.hang_up()
        shutil.rmtree(self.root, ignore_errors=True)

    def hang_up(self):
        if self.client:
            self.client.close()
        self.client = self.port = None

    def children(self):
        """Ids of the processes it started: its workers."""
        found, tasks = [], f"/proc/{self.process.pid}/task"
        for thread in os.listdir(tasks):
            try:
                with open(f"{tasks}/{thread}/children", encoding="ascii") as f:
                    found += [int(pid) for pid in f.read().split()]
            except OSError:
                pass  # the thread ended meanwhile
        return found

    # -- what it wrote

    def output(self, which, start=None):
        return os.path.join(self.root, f"serve-{start or self.starts}.{which}")

    def read(self, which, start=None):
        with open(self.output(which, start), encoding="utf-8", errors="replace") as f:
            return f.read()

    @property
    def stdout(self):
        return self.read("out")

    @property
    def stderr(self):
        return self.read("err")

    def said(self):
        return f"--- stdout\n{self.stdout[-2000:]}\n--- stderr\n{self.stderr[-4000:]}"

    @property
    def token(self):
        with open(os.path.join(self.data, "client-token"), encoding="ascii") as f:
            return f.read().strip()

    def database(self):
        """A connection to a private copy of the database; for a server that has ended or been killed."""
        target = tempfile.mkdtemp(prefix="copy-", dir=self.root)
        for name in ("o3.db", "o3.db-wal"):
            if os.path.exists(os.path.join(self.data, name)):
                shutil.copy(os.path.join(self.data, name), target)
        return sqlite3.connect(os.path.join(target, "o3.db"))

    # -- asking

    def call(self, method, path, body=None, headers=None, timeout=PATIENCE):
        return self.client.call(method, path, body, headers, timeout)

    def get(self, path):
        reply = self.call("GET", "/api/v1" + path)
        assert reply.status == 200, f"GET {path}: {reply}"
        return reply.json

    def submit(self, template, inputs=None, ref="", tasks=None, **headers):
        """Submits and expects 202 or 200; returns the answer's document."""
        reply = self.call("POST", "/api/v1/workflow/submit/", request_for(template, inputs, ref, tasks),
                          {k.replace("_", "-"): v for k, v in headers.items()})
        assert reply.status in (200, 202), f"submit of {template}: {reply}"
        return reply.json

    def put_template(self, document):
        reply = self.call("PUT", f"/api/v1/template/{document['ref_name']}/", document)
        assert reply.status == 200, f"PUT template {document['ref_name']}: {reply}"

    def workflow(self, workflow):
        return self.get(f"/workflow/{workflow}/")

    def tasks(self, workflow):
        return {t["ref"]: t for t in self.get(f"/workflow/{workflow}/task/")["items"]}

    def ended(self, workflow, seconds=PATIENCE):
        """Waits for the end and returns the workflow's document."""
        last = {}
        def check():
            last.update(self.workflow(workflow))
            return last["state"] in ENDED
        until(check, lambda: f"workflow {workflow} ends; it is {last}", seconds)
        return last

    def cli(self, *arguments, text=None, timeout=PATIENCE):
        """Runs `o3 --data-dir <its directory> ARGUMENTS` and returns the CompletedProcess."""
        return subprocess.run([PROGRAM, "--data-dir", self.data, *arguments], input=text or "", capture_output=True, text=True,
                              env=self.env, cwd=self.root, timeout=timeout, check=False)


def load(name):
    with open(os.path.join(DATA, name), encoding="utf-8") as f:
        return json.load(f)


def request_for(template, inputs=None, ref="", tasks=None, trace_id=""):
    return {"workflow": {"meta": {"template": template, "ref": ref, "trace_id": trace_id},
                         "vars": {"workflow": {"input": inputs or {}}}},
            "tasks": {name: {"vars": {"input": held}} for name, held in (tasks or {}).items()}, "schema_version": 2}


def task(ref, class_name="noop", depends_on=(), **more):
    inputs = more.pop("input", {"runtime_delay": 0} if class_name.endswith("noop") else {})
    return {"name": ref, "ref_name": ref, "description": "", "class": class_name, "input": inputs, "always_run": False,
            "depends_on": list(depends_on), "optional": False, **more}


def template(ref, *tasks, version=1, **more):
    return {"name": ref, "ref_name": ref, "description": "", "schema_version": version, "tasks": list(tasks), **more}


class O3Test(unittest.TestCase):
    maxDiff = None

    def server(self, *arguments, **more):
        """A server that is not started yet."""
        s = Server(*arguments, **more)
        self.addCleanup(s.close)
        return s

    def serving(self, *arguments, **more):
        return self.server(*arguments, **more).start().ready()

    def assert_problem(self, reply, status, code):
        """An RFC 9457 document with this status and code."""
        self.assertEqual(reply.status, status, reply)
        self.assertEqual(reply.headers.get_content_type(), "application/problem+json", reply)
        document = reply.json
        self.assertEqual((document["status"], document["code"]), (status, code), reply)
        self.assertTrue(document["detail"], reply)
        return document


def main():
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=2)

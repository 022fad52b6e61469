"""Stored secrets against a simulated AWX: a canary that works as its token is looked for in every byte O3 left behind."""
import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.parse

from o3proc import PROGRAM, SOURCE, O3Test, clean_environment, main, request_for, task, template, until

CANARY = "canary-7f3K/+q~9zX_ok"  # the token; not a word of any document
SECOND = "second-5b1M/+w~8yV_ok"  # a password that goes into extra_vars


def forms(secret):
    """The ways a secret shows up in files and answers."""
    raw = secret.encode()
    found = {raw, raw[:11], raw.hex().encode(), urllib.parse.quote(secret, safe="").encode(),
             urllib.parse.quote_plus(secret, safe="").lower().encode(), secret.replace("/", "\\/").encode(), secret.encode("utf-16-le")}
    for before in range(3):  # its three places in a group of base64; what depends on the neighbours is cut off
        letters = base64.b64encode(b"\0" * before + raw)
        inner = letters[before + 1 if before else 0:(before + len(raw)) * 8 // 6]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return found


class Simulator:
    """`o3 sim awx` with a user whose token is the canary, and a job that prints what it should not."""

    def __init__(self, plays):
        self.root = tempfile.mkdtemp(prefix="o3-sim-")
        world = os.path.join(self.root, "world.json")
        with open(world, "w", encoding="utf-8") as f:
            json.dump({"users": [{"name": "bird", "password": "bird-" + CANARY, "superuser": True, "token": CANARY}],
                       "job_templates": [{"id": 10, "plays": plays}]}, f)
        self.process = subprocess.Popen([PROGRAM, "sim", "awx", "--listen", "127.0.0.1:0", "--dir", self.root, "--world", world,
                                         "--duration-ms", "50"], stdout=subprocess.PIPE, text=True, env=clean_environment(self.root))
        self.url = json.loads(self.process.stdout.readline())["url"].rstrip("/")

    def launches(self):
        with open(os.path.join(self.root, "ledger.jsonl"), encoding="utf-8") as f:
            return [line for line in f if "/launch/" in line and '"POST"' in line]

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.process.stdout.close()
        shutil.rmtree(self.root, ignore_errors=True)


class SecretStore(O3Test):
    def setUp(self):
        said = f"token {CANARY}\nAuthorization: Basic {base64.b64encode(('bird:' + CANARY).encode()).decode()}\n" \
               f"?password={urllib.parse.quote(SECOND, safe='')}\nthe end\n"
        self.sim = Simulator([{"stdout": said, "artifacts": {"echo": f"got {SECOND} and {CANARY}", "vm": "vm-17"}}])
        self.addCleanup(self.sim.close)
        self.answers = []  # every byte that left a server or a command

    def awx_server(self, *more, **options):
        s = self.serving("--set", f"tasks.dir={SOURCE}/tasks/packs/awx", "--set", "poll.interval_ms=50", "--set", "log.level=debug",
                         "--set", "log.task_level=debug", *more, **options)
        asked = s.call

        def call(method, path, *rest, **named):
            reply = asked(method, path, *rest, **named)
            self.answers.append((f"{method} {path}", reply.body + str(reply.headers).encode()))
            return reply
        s.call = call
        return s

    def cli(self, s, *arguments, text=None):
        done = s.cli(*arguments, text=text)
        self.answers.append((f"o3 {' '.join(arguments)}", done.stdout.encode() + done.stderr.encode()))
        return done

    def put_awx_template(self, s, token="${workflow.input.awx_token}", password="${workflow.input.db_password}"):
        s.put_template(template("awx_once", task("job", "awx_job_launch", input={
            "awx_url": "${workflow.input.awx_url}", "awx_token": token, "job_template_id": 10,
            "extra_vars": {"db_password": password, "size": 3}})))

    def set_secret(self, s, name, value, *more):
        done = self.cli(s, "secret", "set", name, *(more or ("--origin", self.sim.url)), text=value + "\n")
        self.assertEqual(done.returncode, 0, done)
        return done

    def errors(self, s, inputs):
        reply = s.call("POST", "/api/v1/workflow/submit/", request_for("awx_once", inputs))
        self.assertEqual(reply.status, 422, reply)
        return reply.json["errors"]

    def ask_everything(self, s, workflow):
        paths = ["/api/v1/workflow/", "/api/v1/info/", "/metrics", "/api/v1/events/?follow=false&after=0.0", "/openapi.json", "/docs",
                 "/api/v1/secret/", "/api/v1/template/", "/api/v1/template/awx_once/", "/api/v1/task-class/",
                 "/api/v1/task-class/awx_job_launch/"]
        paths += [f"/api/v1/workflow/{workflow}/{part}" for part in
                  ("", "task/", "task/job/", "log/", "task/job/log/", "events/?follow=false")]
        for path in paths:
            self.assertEqual(s.call("GET", path).status, 200, path)
        for command in (("status", workflow), ("logs", workflow), ("ls",), ("secret", "ls"), ("template", "show", "awx_once"),
                        ("events", workflow), ("doctor",)):
            self.cli(s, *command)
            self.cli(s, "--json", *command)

    def found(self, s, secrets):
        """Where any form of a secret stands: files, answers, outputs. The second item: how many places were looked at."""
        places, seen = [], list(self.answers)
        for folder, _, names in os.walk(s.root):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    with open(path, "rb") as f:
                        seen.append((os.path.relpath(path, s.root), f.read()))
        for where, held in seen:
            for secret in secrets:
                places += [(where, form) for form in forms(secret) if form in held]
        return places, len(seen)

    def assert_nowhere(self, s, *secrets):
        places, looked = self.found(s, secrets or (CANARY, SECOND))
        self.assertEqual(places, [])
        self.assertGreater(looked, 5)

    def run_canary(self, s, inputs):
        workflow = s.submit("awx_once", {"awx_url": self.sim.url, **inputs})["id"]
        end = s.ended(workflow)
        self.assertEqual(end["state"], "successful", s.tasks(workflow))
        self.assertEqual(end["outputs"]["job"]["artifacts"]["vm"], "vm-17")
        self.assertIn("***", end["outputs"]["job"]["artifacts"]["echo"])
        log = s.call("GET", f"/api/v1/workflow/{workflow}/task/job/log/").body.decode()
        self.assertIn("token ***", log)
        self.assertIn("the end", log)
        s.kill()  # as a crash leaves it: everything is in the WAL
        self.assert_nowhere(s)
        s.start().ready()
        self.ask_everything(s, workflow)
        self.assertEqual(s.stop(), 0)
        self.assert_nowhere(s)
        return workflow

    def test_a_literal_token_stands_nowhere(self):
        s = self.awx_server()
        self.put_awx_template(s)
        self.run_canary(s, {"awx_token": CANARY, "db_password": SECOND})

    def test_a_stored_token_stands_nowhere(self):
        s = self.awx_server()
        self.put_awx_template(s)
        self.set_secret(s, "awx", CANARY)
        self.set_secret(s, "db", SECOND)
        self.run_canary(s, {"awx_token": "${secret.awx}", "db_password": "${secret.db}"})
        with s.database() as db:  # the journal holds the name
            held = [c if isinstance(c, bytes) else str(c).encode() for row in db.execute("SELECT * FROM journal") for c in row]
        self.assertIn(b'{"$secret":"awx"}', b"".join(held))

    def test_a_template_names_its_own_secrets(self):
        s = self.awx_server()
        self.set_secret(s, "awx", CANARY, "--origin", self.sim.url, "--template", "awx_once")
        self.set_secret(s, "db", SECOND, "--origin", "*")
        self.put_awx_template(s, "${secret.awx}", "${secret.db}")
        self.run_canary(s, {})

    def test_what_may_not_be_used_is_said_before_anything_is_accepted(self):
        s = self.awx_server()
        self.put_awx_template(s)
        self.set_secret(s, "awx_prod", CANARY)
        self.set_secret(s, "other", SECOND, "--origin", "*", "--template", "another")
        given = {"awx_url": self.sim.url, "awx_token": "${secret.awx_prod}", "db_password": "plain-enough"}
        at = "/workflow/vars/workflow/input/"
        unknown = self.errors(s, {**given, "awx_token": "${secret.awx_prd}"})[0]
        self.assertEqual((unknown["code"], unknown["pointer"]), ("bad_reference", at + "awx_token"))
        self.assertIn("awx_prod", unknown["hint"])
        wrong = self.errors(s, {**given, "awx_url": "http://localhost:1"})[0]
        self.assertEqual((wrong["code"], wrong["pointer"]), ("target_refused", at + "awx_token"))
        self.assertIn("http://localhost:1", wrong["detail"] if "detail" in wrong else wrong["message"])
        self.assertEqual(self.errors(s, {**given, "db_password": "${secret.other}"})[0]["code"], "forbidden")
        self.assertEqual(self.errors(s, {**given, "awx_token": "Bearer ${secret.awx_prod}"})[0]["code"], "bad_reference")
        self.assertEqual(self.errors(s, {**given, "awx_token": {"$secret": "awx_prod"}})[0]["code"], "bad_value")
        self.assertEqual(self.sim.launches(), [])
        s.stop()
        self.assert_nowhere(s, CANARY, SECOND)

    def test_a_new_value_counts_at_the_next_request_and_a_removed_one_fails(self):
        s = self.awx_server()
        self.put_awx_template(s)
        given = {"awx_url": self.sim.url, "awx_token": "${secret.awx}", "db_password": "plain-enough"}
        self.set_secret(s, "awx", "not-the-token")
        first = s.submit("awx_once", given)["id"]
        self.assertEqual(s.ended(first)["state"], "failed")
        self.set_secret(s, "awx", CANARY, "--from-file", "/dev/stdin")  # keeps its origins
        second = s.submit("awx_once", given)["id"]
        self.assertEqual(s.ended(second)["state"], "successful", s.tasks(second))
        self.assertEqual(self.cli(s, "secret", "rm", "awx").returncode, 0)
        self.assertEqual(self.errors(s, given)[0]["code"], "bad_reference")
        s.kill()
        s.start().ready()
        self.assertEqual(s.get("/secret/")["items"], [])
        s.stop()
        self.assert_nowhere(s, CANARY)  # the other one was no secret here, and the job said it

    def test_a_narrowed_secret_is_not_sent_by_a_workflow_accepted_before(self):
        s = self.awx_server()
        s.put_template(template("awx_once", task("wait", "timer", input={"for": 1.5}), task("job", "awx_job_launch", ["wait"], input={
            "awx_url": "${workflow.input.awx_url}", "awx_token": "${workflow.input.awx_token}", "job_template_id": 10})))
        self.set_secret(s, "awx", CANARY)
        workflow = s.submit("awx_once", {"awx_url": self.sim.url, "awx_token": "${secret.awx}"})["id"]
        done = self.cli(s, "secret", "set", "awx", "--keep-value", "--origin", "https://awx.example")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(s.ended(workflow)["state"], "failed")
        error = s.tasks(workflow)["job"]["error"]
        self.assertEqual(error["code"], "target_refused", error)
        self.assertIn("may not be sent to", error["message"])
        self.assertEqual(self.sim.launches(), [])

    def test_the_environment_and_mounted_files_are_sources_too(self):
        mounted = tempfile.mkdtemp(prefix="o3-mounted-")
        self.addCleanup(shutil.rmtree, mounted, True)
        for name, held in (("db", SECOND + "\n"), ("db.origins", self.sim.url)):
            with open(os.path.join(mounted, name), "w", encoding="utf-8") as f:
                f.write(held)
            os.chmod(os.path.join(mounted, name), 0o400)
        s = self.awx_server("--set", f"secrets.dir={mounted}", env={"O3_SECRET_AWX": CANARY, "O3_SECRET_AWX__ORIGINS": self.sim.url})
        self.put_awx_template(s)
        sources = {item["name"]: item["source"] for item in s.get("/secret/")["items"]}
        self.assertEqual(sources, {"awx": "environment", "db": "file"})
        self.assertNotEqual(self.cli(s, "secret", "rm", "awx").returncode, 0)
        for child in s.children():  # workers do not inherit it
            try:
                with open(f"/proc/{child}/environ", "rb") as f:
                    self.assertNotIn(b"O3_SECRET_", f.read())
            except PermissionError:
                pass  # not even its own user may look
        self.run_canary(s, {"awx_token": "${secret.awx}", "db_password": "${secret.db}"})

    def test_the_process_leaves_no_core_dump_unless_told_to(self):
        def limits(s):
            with open(f"/proc/{s.process.pid}/limits", encoding="ascii") as f:
                return next(line for line in f if line.startswith("Max core file size")).split()[4:6]
        s = self.serving()
        self.assertEqual(limits(s), ["0", "0"])
        told = self.serving("--set", "secrets.core_dumps=true")
        with open("/proc/self/limits", encoding="ascii") as f:
            own = next(line for line in f if line.startswith("Max core file size")).split()[4:6]
        self.assertEqual(limits(told), own)

    def test_the_check_itself_finds_a_planted_canary(self):
        s = self.awx_server()
        self.put_awx_template(s)
        self.set_secret(s, "awx", "some-other-value")
        s.stop()
        self.assert_nowhere(s)
        for form in forms(CANARY):
            path = os.path.join(s.data, "logs", "planted")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(b"some text " + form + b" and more")
            places, _ = self.found(s, (CANARY,))
            self.assertTrue(any(where.endswith("planted") for where, _ in places), form)
        os.remove(path)
        self.answers.append(("planted answer", CANARY.encode()))
        self.assertTrue(self.found(s, (CANARY,))[0])


if __name__ == "__main__":
    main()

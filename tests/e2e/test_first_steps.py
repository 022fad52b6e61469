"""What a new user does first: start with no configuration, read the token, post the documented request with curl."""
import datetime
import json
import os
import stat
import subprocess

from o3proc import DATA, EXIT_OK, O3Test, PATIENCE, SOURCE, load, main, until

REQUEST = os.path.join(DATA, "noop_request_002.json")
# What no line of the template names; its global `expires` is its own, requests do not replace it.
IGNORED = ["/tasks/noop_01/vars/input/ignored", "/tasks/noop_02/vars/input/ignored_as_well",
           "/workflow/vars/global/input/expires", "/workflow/vars/global/input/not_mapped", "/workflow/vars/workflow/input/wflow_priv_var"]


def curl(server, path, *arguments):
    """(status, headers, document) of what the documentation tells people to type."""
    command = ["curl", "-sS", "-i", "-m", str(PATIENCE), "-H", f"Authorization: Bearer {server.token}", *arguments, server.base + path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), json.loads(body)


def ms_between(early, late):
    def at(text):
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (at(late) - at(early)) // datetime.timedelta(milliseconds=1)


class FirstSteps(O3Test):
    def setUp(self):
        self.s = self.serving()
        self.s.base = f"http://127.0.0.1:{self.s.port}"

    def post(self, document):
        return curl(self.s, "/api/v1/workflow/submit/", "-H", "Content-Type: application/json", "--data-binary", document)

    def running(self, workflow, name):
        """The task once it waits for its delay."""
        def check():
            status, _, t = curl(self.s, f"/api/v1/workflow/{workflow}/task/{name}/")
            self.assertEqual(status, 200)
            return t if t["state"] == "running" and t["wake_at"] else None
        return until(check, f"{name} of {workflow} is running")

    def cancel(self, workflow):
        status, _, document = curl(self.s, f"/api/v1/workflow/{workflow}/cancel/", "-X", "POST")
        self.assertIn(status, (200, 202))
        self.assertEqual(self.s.ended(workflow)["state"], "canceled")

    def test_the_first_start_says_where_it_listens_and_prints_its_token_once(self):
        self.assertIn(f"token: {self.s.token}\n", self.s.stdout)
        self.assertIn(f"http://127.0.0.1:{self.s.port}/", self.s.stdout)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.s.data, "client-token")).st_mode), 0o600)
        self.assertEqual(self.s.stop(), EXIT_OK)
        self.s.start().ready()
        self.assertNotIn("token:", self.s.stdout)

    def test_the_documented_request_is_accepted_with_warnings_and_waits_30_seconds(self):
        status, headers, answer = self.post("@" + REQUEST)
        self.assertEqual(status, 202, answer)
        self.assertEqual(headers["Location"], f"/api/v1/workflow/{answer['id']}/")
        self.assertEqual(answer["ref"], "bb0fbf06d5284fbbb16baeb452652100")
        self.assertEqual(answer["trace_id"], "bb0fbf06d5284fbbb16baeb452652100")
        self.assertEqual(answer["revision"], 1)
        ignored = sorted(w["pointer"] for w in answer["warnings"] if w["code"] == "ignored_input")
        self.assertEqual(ignored, IGNORED)
        for name in ("noop_01", "noop_02"):
            t = self.running(answer["id"], name)
            self.assertAlmostEqual(ms_between(t["started_at"], t["wake_at"]), 30_000, delta=100)
        status, _, third = curl(self.s, f"/api/v1/workflow/{answer['id']}/task/noop_03/")
        self.assertEqual((third["state"], third["depends_on"]), ("created", ["noop_01", "noop_02"]))
        self.assertIn("noop_01, noop_02", third["why"][0]["text"])
        self.cancel(answer["id"])

    def test_a_task_without_its_own_delay_gets_the_60_seconds_of_the_template(self):
        request = load("noop_request_002.json")
        request["workflow"]["meta"]["ref"] = ""
        del request["tasks"]["noop_01"]["vars"]["input"]["delay"]
        status, _, answer = self.post(json.dumps(request))
        self.assertEqual(status, 202, answer)
        t = self.running(answer["id"], "noop_01")
        self.assertAlmostEqual(ms_between(t["started_at"], t["wake_at"]), 60_000, delta=100)
        t = self.running(answer["id"], "noop_02")
        self.assertAlmostEqual(ms_between(t["started_at"], t["wake_at"]), 30_000, delta=100)
        self.cancel(answer["id"])
        self.s.kill()
        db = self.s.database()
        self.addCleanup(db.close)
        row, = db.execute("SELECT records FROM journal WHERE workflow = ? AND seq = 1", (bytes.fromhex(answer["id"]),)).fetchone()
        self.assertEqual(json.loads(row)[0]["inputs"], {"task": {"noop_02": {"delay": 30}}})

    def test_the_same_request_twice_is_one_workflow(self):
        _, _, first = self.post("@" + REQUEST)
        status, headers, second = self.post("@" + REQUEST)
        self.assertEqual((status, second["id"], headers["Idempotency-Replayed"]), (200, first["id"], "true"))
        self.assertEqual(len(self.s.get("/workflow/")["items"]), 1)
        self.cancel(first["id"])

    def test_the_shipped_example_ends_successful_and_hands_its_numbers_on(self):
        with open(os.path.join(SOURCE, "config/examples/requests/noop_request.json"), encoding="utf-8") as f:
            request = json.load(f)
        for held in request["tasks"].values():
            held["vars"]["input"]["delay"] = 0.05
        _, _, answer = self.post(json.dumps(request))
        self.assertEqual(answer["warnings"], [])
        document = self.s.ended(answer["id"])
        self.assertEqual(document["state"], "successful")
        self.assertEqual(sorted(document["outputs"]), ["noop_01", "noop_02", "noop_03"])
        for outputs in document["outputs"].values():
            self.assertEqual(list(outputs), ["rand_no"])
            self.assertIn(outputs["rand_no"], range(1000))
        self.assertLessEqual(document["created_at"], document["started_at"])
        self.assertLessEqual(document["started_at"], document["ended_at"])
        tasks = self.s.tasks(answer["id"])
        for name in ("noop_01", "noop_02"):
            self.assertLessEqual(tasks[name]["ended_at"], tasks["noop_03"]["started_at"])
            self.assertGreaterEqual(ms_between(tasks[name]["started_at"], tasks[name]["ended_at"]), 50)


if __name__ == "__main__":
    main()

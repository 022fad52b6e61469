"""AWX jobs from end to end against the simulated AWX: outputs and log, refusals before anything is launched, cancel, lost
answers, and what an operator does where O3 cannot know."""
import json
import os
import shutil
import sqlite3
import time
import urllib.request

from o3proc import O3Test, main, task, template, until
from simproc import Sim

FAST = ("--set", "launch.quiesce_ms=1200", "--set", "launch.send_deadline_ms=800", "--set", "launch.search_interval_ms=100",
        "--set", "launch.search_interval_max_ms=300", "--set", "poll.least_ms=100", "--set", "poll.most_ms=300",
        "--set", "launch.retry_ms=50", "--set", "launch.retry_max_ms=200", "--set", "targets.circuit_first_ms=100")
LAUNCH = {"method": "POST", "route": "/api/v2/job_templates/*/launch/"}


class Awx(O3Test):
    def setUp(self):
        self.sim = Sim("awx", "--duration-ms", "500")
        self.addCleanup(self.sim.close)
        self.s = self.serving(*FAST)

    def launch(self, number=10, **more):
        """The id of a workflow of the seed's template, unchanged."""
        inputs = {"awx_url": self.sim.url, "awx_token": self.sim.tokens["operator"], "job_template_id": number,
                  "extra_vars": {"greeting": "hello"}, **more}
        return self.s.submit("awx_job_template_run", inputs)["id"]

    def task(self, workflow):
        return self.s.tasks(workflow)["launch_job_template"]

    def parked(self, workflow):
        return until(lambda: self.task(workflow)["state"] == "needs_operator" and self.task(workflow), "it needs an operator")

    def test_outputs_artifacts_and_the_jobs_own_output(self):
        workflow = self.launch()
        self.assertEqual(self.s.ended(workflow)["state"], "successful")
        made = self.task(workflow)
        entry, = self.sim.ledger("launch")
        self.assertEqual(made["outputs"]["awx_jobid"], entry["id"])
        self.assertEqual(made["outputs"]["artifacts"], {"made_by": "plain"})
        self.assertEqual([n for n in made["outputs"] if n.startswith("_")], [])
        launch, = made["launches"]
        self.assertEqual((launch["phase"], launch["external_id"]), ("confirmed", str(entry["id"])))
        self.assertIn(launch["marker"], str(entry["extra_vars"]))
        self.assertIn("greeting", str(entry["extra_vars"]))
        log = self.s.cli("logs", workflow).stdout
        self.assertIn("PLAY RECAP", log)
        self.assertNotIn(self.sim.tokens["operator"], log)

    def test_the_log_comes_while_the_job_runs(self):
        self.sim.ask("POST", "world", {"job_templates": [{"id": 10, "plays": [{"duration_ms": 20000}]}]})
        workflow = self.launch()
        until(lambda: "PLAY [all]" in self.s.cli("logs", workflow).stdout, "the first lines of a running job")
        self.assertEqual(self.task(workflow)["state"], "running")
        self.assertIn("is running", str(self.s.workflow(workflow)["why"]))

    def test_each_marker_is_in_the_job_that_was_launched(self):
        for number, place in ((10, "extra_vars"), (13, "skip_tags"), (14, "labels"), (15, "extra_vars")):
            workflow = self.launch(number, **({} if number != 13 and number != 14 else {"extra_vars": {}}))
            self.assertEqual(self.s.ended(workflow)["state"], "successful", (number, self.task(workflow)))
            self.assertIn(self.task(workflow)["launches"][0]["marker"], str(self.sim.ledger("launch")[-1][place]), number)

    def test_what_can_never_work_is_found_before_anything_is_launched(self):
        for number, words in ((11, "Prompt on launch"), (18, "ssh_password"), (999, "404")):
            workflow = self.launch(number)
            self.assertEqual(self.s.ended(workflow)["state"], "failed", number)
            self.assertIn(words, self.task(workflow)["error"]["message"], number)
        workflow = self.launch(awx_token="wrong")
        self.s.ended(workflow)
        self.assertIn("401", self.task(workflow)["error"]["message"])
        workflow = self.launch(awx_token=self.sim.tokens["operator (read)"])
        self.s.ended(workflow)
        self.assertEqual(self.task(workflow)["state"], "failed")
        self.assertEqual(self.sim.ledger("launch"), [])

    def test_an_unknown_host_is_the_reason_of_the_wait(self):
        workflow = self.launch(awx_url="http://127.0.0.1:1")
        why = until(lambda: "127.0.0.1:1" in str(self.s.workflow(workflow)["why"]) and self.s.workflow(workflow)["why"], "a reason")
        self.assertIn("launch", str(why))
        self.assertEqual(self.s.cli("cancel", workflow).returncode, 0)
        self.assertEqual(self.s.ended(workflow)["state"], "canceled")

    def test_a_failed_job_fails_the_task_with_awx_words(self):
        workflow = self.launch(21)
        self.assertEqual(self.s.ended(workflow)["state"], "failed")
        self.assertIn("AWX", self.task(workflow)["error"]["message"])
        self.assertEqual(len(self.sim.ledger("launch")), 1)

    def rerun(self, workflow, **body):
        reply = self.s.call("POST", f"/api/v1/workflow/{workflow}/rerun/", body)
        self.assertEqual(reply.status, 202, reply.body)
        return self.s.ended(workflow)

    def test_a_rerun_relaunches_the_failed_hosts_or_launches_anew_as_the_template_says(self):
        for number, rule, kind in ((10, "relaunch_failed_hosts", "relaunch"), (20, "launch", "launch")):
            mine = {"awx_url": "${workflow.input.awx_url}", "job_template_id": number, "extra_vars": {},
                    "awx_token": "${workflow.input.awx_token}"}
            name = f"rerun_{kind}"
            self.s.put_template(template(name, task("before"), task("job", "awx_job_launch", ["before"], input={**mine, "on_rerun": rule}),
                                         version=2))
            self.sim.ask("POST", "world", {"job_templates": [{"id": number, "plays": [
                {"outcome": "failed", "hosts": {"web1": {"ok": 1}, "web2": {"failures": 1}}}, {"outcome": "successful"}]}]})
            workflow = self.s.submit(name, {"awx_url": self.sim.url, "awx_token": self.sim.tokens["operator"]})["id"]
            self.assertEqual(self.s.ended(workflow)["state"], "failed")
            first = self.s.tasks(workflow)
            had = len(self.sim.ledger())
            self.assertEqual(self.rerun(workflow)["state"], "successful", self.s.tasks(workflow)["job"])
            again = self.s.tasks(workflow)
            self.assertEqual(again["before"]["attempt"], 1)
            entry, = self.sim.ledger()[had:]
            self.assertEqual(entry["kind"], kind)
            self.assertEqual(again["job"]["outputs"]["awx_jobid"], entry["id"])
            self.assertNotEqual(first["job"]["outputs"]["awx_jobid"], entry["id"])
            if kind == "relaunch":
                self.assertEqual(self.sim.job(entry["id"])["limit"], "web2")
            # What succeeded is not launched again.
            self.assertEqual(self.rerun(workflow)["state"], "successful")
            self.assertEqual(len(self.sim.ledger()), had + 1)

    def test_cancel_reaches_the_job(self):
        self.sim.ask("POST", "world", {"job_templates": [{"id": 10, "plays": [{"duration_ms": 60000}]}]})
        workflow = self.launch()
        entry, = self.sim.until_ledger(1, "launch")
        until(lambda: self.task(workflow)["launches"][0]["phase"] == "confirmed", "the job is known")
        self.assertEqual(self.s.cli("cancel", workflow).returncode, 0)
        self.assertEqual(self.s.ended(workflow)["state"], "canceled")
        self.assertEqual(self.sim.job(entry["id"])["status"], "canceled")

    def test_a_lost_answer_is_found_again_also_by_the_next_process(self):
        self.sim.faults({"match": LAUNCH, "nth": 1, "fault": {"kind": "drop_answer"}})
        workflow = self.launch()
        self.sim.until_ledger(1, "launch")
        self.s.kill()
        self.s.start().ready()
        self.assertEqual(self.s.ended(workflow)["state"], "successful")
        entry, = self.sim.ledger("launch")
        self.assertEqual(self.task(workflow)["launches"][0]["external_id"], str(entry["id"]))

    def test_a_restored_backup_is_noticed_and_launches_nothing_again(self):
        self.sim.ask("POST", "world", {"job_templates": [{"id": 10, "plays": [{"duration_ms": 4000}]}]})
        blocked = {"match": {"method": "GET", "route": "/api/v2/me/"}, "fault": {"kind": "status", "status": 503}}
        self.sim.faults(blocked)  # the backup knows the workflow, and no launch
        workflow = self.launch()
        until(lambda: "503" in str(self.s.workflow(workflow)["why"]), "the pre-flight fails")
        self.s.kill()
        backup = os.path.join(self.s.root, "backup")
        os.makedirs(backup)
        for name in ("o3.db", "o3.db-wal"):
            shutil.copy(os.path.join(self.s.data, name), backup)
        self.sim.faults()
        self.s.start().ready()
        entry, = self.sim.until_ledger(1, "launch")
        self.s.kill()
        for name in ("o3.db", "o3.db-wal", "o3.db-shm"):
            if os.path.exists(os.path.join(self.s.data, name)):
                os.remove(os.path.join(self.s.data, name))
        for name in ("o3.db", "o3.db-wal"):
            shutil.copy(os.path.join(backup, name), self.s.data)
        self.s.start().ready()
        self.assertIn("put back from a backup", self.s.stderr)
        self.assertEqual(self.s.ended(workflow)["state"], "successful")
        self.assertEqual(self.task(workflow)["launches"][0]["external_id"], str(entry["id"]))
        self.assertEqual(len(self.sim.ledger("launch")), 1)
        self.s.kill()
        self.s.start().ready()
        self.assertNotIn("put back from a backup", self.s.stderr)

    def test_a_backup_taken_while_it_ran_is_known_as_one(self):
        """The same boot, the same epoch: what tells is how far the store was, written down beside it every few seconds."""
        self.assertEqual(self.s.ended(self.launch())["state"], "successful")
        backup = os.path.join(self.s.root, "hot.db")
        with sqlite3.connect(os.path.join(self.s.data, "o3.db")) as source, sqlite3.connect(backup) as target:
            source.backup(target)
        def bookmark():
            with open(os.path.join(self.s.data, "epoch"), encoding="ascii") as f:
                return f.read()
        kept = bookmark()
        self.assertEqual(self.s.ended(self.launch())["state"], "successful")
        until(lambda: bookmark() != kept, "how far the store is, is noted")
        self.s.kill()
        for name in ("o3.db-wal", "o3.db-shm"):
            os.remove(os.path.join(self.s.data, name))
        shutil.copy(backup, os.path.join(self.s.data, "o3.db"))
        self.s.start().ready()
        self.assertIn("put back from a backup", self.s.stderr)

    def test_what_never_arrived_is_launched_once_absence_is_proven(self):
        self.sim.faults({"match": LAUNCH, "nth": 1, "fault": {"kind": "status", "status": 502}})
        workflow = self.launch()
        self.assertEqual(self.s.ended(workflow)["state"], "successful")
        entry, = self.sim.ledger("launch")
        self.assertTrue(self.task(workflow)["launches"][0]["marker"].endswith("-2"))
        self.assertIn(self.task(workflow)["launches"][0]["marker"], str(entry["extra_vars"]))

    def test_an_operator_adopts_declares_absent_or_gives_up(self):
        """Listings that show no more what the pre-flight saw: nobody can know, so somebody is asked."""
        old = {"kind": "lag", "ms": 600000}
        blind = [{"match": {"method": "GET", "route": "/api/v2/job_templates/*/jobs/"}, "skip": 1, "fault": old},
                 {"match": {"method": "GET", "route": "/api/v2/unified_jobs/"}, "fault": old}]
        lost = {"match": LAUNCH, "nth": 1, "fault": {"kind": "drop_answer"}}
        self.assertEqual(self.s.ended(self.launch())["state"], "successful")
        for verb, ends in (("adopt", "successful"), ("declare-absent", "successful"), ("give-up", "failed")):
            before = len(self.sim.ledger("launch"))
            self.sim.faults(lost, *blind)
            workflow = self.launch()
            held = self.parked(workflow)
            launch = held["launches"][-1]
            self.assertEqual(launch["phase"], "parked")
            self.assertTrue(launch["marker"].startswith("o3-"))
            why = self.s.workflow(workflow)["why"]
            self.assertIn("operator", str(why))
            entry = self.sim.ledger("launch")[before]
            self.sim.faults()
            told = self.s.cli("resolve", workflow, "launch_job_template", verb, *([str(entry["id"])] if verb == "adopt" else []))
            self.assertEqual(told.returncode, 0, told)
            self.assertEqual(self.s.ended(workflow)["state"], ends, verb)
            self.assertEqual(len(self.sim.ledger("launch")), before + (2 if verb == "declare-absent" else 1), verb)

    def test_run_follow_ends_with_4_when_somebody_is_needed(self):
        self.assertEqual(self.s.ended(self.launch())["state"], "successful")
        old = {"kind": "lag", "ms": 600000}
        self.sim.faults({"match": LAUNCH, "nth": 1, "fault": {"kind": "drop_answer"}},
                        {"match": {"method": "GET", "route": "/api/v2/job_templates/*/jobs/"}, "skip": 1, "fault": old},
                        {"match": {"method": "GET", "route": "/api/v2/unified_jobs/"}, "fault": old})
        told = self.s.cli("run", "awx_job_template_run", "-v", f"awx_url={self.sim.url}", "-v", "job_template_id=10",
                          "-v", f"awx_token={self.sim.tokens['operator']}", "-v", "extra_vars={}", "--follow")
        self.assertEqual(told.returncode, 4, told)
        workflow = self.s.get("/workflow/?state=needs_operator")["items"][0]["id"]
        shown = self.s.cli("status", workflow, "launch_job_template").stdout
        for words in ("o3-", "complete listing", "newest", "o3 resolve", "give-up"):
            self.assertIn(words, shown)

    def test_text_that_cannot_carry_the_marker_is_called_so(self):
        workflow = self.launch(extra_vars="greeting: hello")
        self.s.ended(workflow)
        self.assertIn("no JSON object", self.task(workflow)["error"]["message"])
        self.assertEqual(self.sim.ledger("launch"), [])

    def test_answers_that_are_no_awx_end_in_words(self):
        for kind, more in (("not_json", {}), ("redirect", {"status": 302})):
            self.sim.faults({"match": {"method": "GET"}, "fault": {"kind": kind, **more}})
            workflow = self.launch()
            until(lambda: "HTTP" in str(self.s.workflow(workflow)["why"]) or self.s.workflow(workflow)["state"] == "failed", kind)
            self.s.cli("cancel", workflow)
            self.s.ended(workflow)
        self.assertEqual(self.sim.ledger("launch"), [])

    def test_a_rate_limit_is_waited_for_and_burns_nothing(self):
        self.sim.faults({"match": LAUNCH, "times": 3, "fault": {"kind": "rate_limited", "retry_after": 1}})
        begin = time.monotonic()
        workflow = self.launch()
        self.assertEqual(self.s.ended(workflow)["state"], "successful")
        self.assertGreater(time.monotonic() - begin, 2.5)
        self.assertEqual(len(self.sim.ledger("launch")), 1)

    def test_a_webhook_makes_the_task_look_at_once(self):
        s = self.serving(*FAST[:-2], "--set", "poll.least_ms=30000", "--set", "poll.most_ms=30000",
                         "--set", "webhooks.awx_secret=between-us")
        def awx(path, body):
            request = urllib.request.Request(f"{self.sim.url}/api/v2/{path}", json.dumps(body).encode(), method="POST", headers={
                "Authorization": f"Bearer {self.sim.tokens['admin']}", "Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or "null")
        told = awx("notification_templates/", {
            "name": "o3", "organization": 1, "notification_type": "webhook", "notification_configuration": {
                "url": f"http://127.0.0.1:{s.port}/api/v1/webhook/awx/", "http_method": "POST", "disable_ssl_verification": False,
                "headers": {"X-O3-Webhook-Secret": "between-us"}, "username": "", "password": ""}})
        awx("job_templates/10/notification_templates_success/", {"id": told["id"]})
        begin = time.monotonic()
        inputs = {"awx_url": self.sim.url, "awx_token": self.sim.tokens["operator"], "job_template_id": 10, "extra_vars": {}}
        workflow = s.submit("awx_job_template_run", inputs)["id"]
        self.assertEqual(s.ended(workflow)["state"], "successful")
        self.assertLess(time.monotonic() - begin, 20)
        self.assertLess(self.sim.stats()["routes"]["GET /api/v2/unified_jobs/"]["count"], 4)

    def test_a_hundred_jobs_are_watched_in_few_requests(self):
        self.sim.ask("POST", "world", {"job_templates": [{"id": 20, "plays": [{"duration_ms": 2500}]}]})
        workflows = [self.launch(20) for _ in range(100)]
        for w in workflows:
            self.assertEqual(self.s.ended(w)["state"], "successful")
        routes = self.sim.stats()["routes"]
        self.assertEqual(routes["POST /api/v2/job_templates/{id}/launch/"]["statuses"].get("201"), 100)
        self.assertLess(routes["GET /api/v2/unified_jobs/"]["count"], 200)


if __name__ == "__main__":
    main()

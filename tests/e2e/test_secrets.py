"""Secret inputs: a canary is submitted every way there is, then looked for in every byte that left the process."""
import base64
import json
import os
import stat
import urllib.parse

from o3proc import O3Test, Server, main, request_for, task, template, until

CANARY = 'canary-7f3K/"9ä+x'


def forms(secret):
    """The ways a secret shows up in files and answers."""
    raw = secret.encode()
    dumped = {json.dumps(secret)[1:-1].encode(), json.dumps(secret, ensure_ascii=False)[1:-1].encode()}
    return {raw, raw.hex().encode(), base64.b64encode(raw).rstrip(b"="), urllib.parse.quote(secret, safe="").encode(),
            secret.encode("utf-16-le"), b"canary-7f3K"} | dumped


class Secrets(O3Test):
    def files(self, s):
        for folder, _, names in os.walk(s.root):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    with open(path, "rb") as f:
                        yield os.path.relpath(path, s.root), f.read()

    def assert_nowhere(self, s, secret, but=()):
        looked = 0
        for path, held in self.files(s):
            looked += 1
            for form in forms(secret) if secret == CANARY else [secret.encode()]:
                if path not in but:
                    self.assertNotIn(form, held, f"{form} stands in {path}")
        self.assertGreater(looked, 5)

    def assert_not_told(self, s, workflow):
        paths = ["/api/v1/workflow/", "/api/v1/info/", "/metrics", "/api/v1/events/?follow=false&after=0.0"]
        paths += [f"/api/v1/workflow/{workflow}/{part}" for part in
                  ("", "task/", "task/a/", "task/w/", "log/", "task/a/log/", "events/?follow=false")]
        for path in paths:
            reply = s.call("GET", path)
            self.assertEqual(reply.status, 200, path)
            for form in forms(CANARY):
                self.assertNotIn(form, reply.body, f"{form} in the answer to {path}")

    def run_canary(self, s, ref):
        """A workflow with the canary in every place a request has; returns its id while it waits, and the request."""
        named = {"runtime_delay": 0, "awx_token": "${workflow.input.awx_token}", "db_password": "${workflow.input.db_password}"}
        s.put_template(template("secretive", task("a", input=named), task("o", "worker.noop", input=named),
                                task("w", "timer", ["a", "o"], input={"for": 1.5}), task("z", depends_on=["w"], input=named)))
        request = request_for("secretive", {"awx_token": CANARY, "db_password": {"deep": [CANARY]}}, ref,
                              {"a": {"awx_token": CANARY + "-of-a"}, "z": {"client_secret_unused": CANARY}})
        request["workflow"]["vars"]["global"] = {"input": {"awx_token": CANARY, "not_used_password": CANARY}}
        reply = s.call("POST", "/api/v1/workflow/submit/", request)
        self.assertEqual(reply.status, 202, reply)
        for form in forms(CANARY):
            self.assertNotIn(form, reply.body)
        return reply.json["id"], request

    def test_a_canary_stands_nowhere_on_disk_and_in_no_answer(self):
        s = self.serving()
        workflow, request = self.run_canary(s, "with-canary")
        until(lambda: s.tasks(workflow)["w"]["state"] == "running", "the timer runs")
        s.kill()  # as a crash leaves it: everything is in the WAL
        self.assert_nowhere(s, CANARY)
        s.start().ready()
        self.assertEqual(s.ended(workflow)["state"], "successful")  # the sealed inputs can be opened again
        self.assert_not_told(s, workflow)
        replay = s.call("POST", "/api/v1/workflow/submit/", request)
        self.assertEqual((replay.status, replay.json["id"]), (200, workflow), replay)
        self.assert_not_told(s, workflow)
        self.assertEqual(s.stop(), 0)  # and as an orderly stop leaves it
        self.assert_nowhere(s, CANARY)

    def test_refused_requests_leave_no_canary_either(self):
        s = self.serving()
        workflow, request = self.run_canary(s, "first")
        s.ended(workflow)
        other = json.loads(json.dumps(request))
        other["workflow"]["vars"]["workflow"]["input"]["awx_token"] = CANARY + "!"
        for bad in (other, {**request, "schema_version": 99}, {**request, "tasks": {"nix": {"vars": {"input": {"awx_token": CANARY}}}}}):
            reply = s.call("POST", "/api/v1/workflow/submit/", bad)
            self.assertEqual(reply.status, 422, reply)
            for form in forms(CANARY):
                self.assertNotIn(form, reply.body)
        s.kill()
        self.assert_nowhere(s, CANARY)

    def test_a_canary_is_not_logged_even_at_debug(self):
        s = self.serving("--set", "log.level=debug", "--set", "log.task_level=debug")
        s.put_template(template("chatty", task("a", input={"runtime_delay": 0, "rand_no": "${workflow.input.awx_token}"}),
                                task("w", "worker.noop", input={"runtime_delay": 0, "rand_no": "${workflow.input.awx_token}"})))
        workflow = s.submit("chatty", {"awx_token": CANARY})["id"]
        self.assertEqual(s.ended(workflow)["state"], "successful")
        self.assertIn("Task Random Number", s.cli("logs", workflow).stdout)
        self.assert_not_told(s, workflow)
        s.stop()
        self.assert_nowhere(s, CANARY)

    def test_a_canary_in_a_failure_is_masked_and_the_rest_can_be_read(self):
        s = self.serving()
        s.put_template(template("telling", task("a", "fail", input={"message": "no luck with ${workflow.input.awx_token} today"}),
                                task("w", "timer", input={"until": "${workflow.input.awx_token}"})))
        workflow = s.submit("telling", {"awx_token": CANARY})["id"]
        self.assertEqual(s.ended(workflow)["state"], "failed")
        self.assertRegex(s.tasks(workflow)["a"]["error"]["message"], "^no luck with .+ today$")
        self.assert_not_told(s, workflow)
        s.kill()
        self.assert_nowhere(s, CANARY)

    def test_the_admin_token_is_stored_for_its_user_only(self):
        s = self.serving()
        s.ended(s.submit("three_noops")["id"])
        token = s.token
        s.stop()
        self.assert_nowhere(s, token, but=("data/client-token", "serve-1.out"))
        for name, mode in (("", 0o700), ("client-token", 0o600), ("secret.key", 0o600), ("o3.db", 0o600), ("o3.db-wal", 0o600)):
            path = os.path.join(s.data, name)
            if os.path.exists(path):
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), mode, path)

    def test_a_token_given_at_the_first_start_is_taken_and_never_printed(self):
        given = "given-by-the-operator-0123456789"
        s = Server(env={"O3_TOKEN": given})
        self.addCleanup(s.close)
        s.start().ready()
        self.assertEqual(s.token, given)
        self.assertEqual(s.get("/info/")["live"], 0)
        self.assertNotIn("token", s.stdout)
        s.stop()
        self.assert_nowhere(s, given, but=("data/client-token",))

    def test_the_check_itself_finds_a_canary_that_is_no_secret(self):
        s = self.serving()
        s.put_template(template("open", task("a", input={"runtime_delay": 0, "remark": "${workflow.input.remark}"})))
        s.ended(s.submit("open", {"remark": CANARY})["id"])
        s.kill()
        with self.assertRaises(AssertionError):
            self.assert_nowhere(s, CANARY)


if __name__ == "__main__":
    main()

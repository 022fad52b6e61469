"""Templates by API and command line: revisions, rollback, templates that come with a request, and the pre-flight against a
simulated AWX and Terraform Enterprise, whose ledgers show that nothing was started. Runs the README's own example."""
import json
import os
import shlex

from o3proc import EXIT_FAILED, EXIT_OK, EXIT_USAGE, O3Test, SOURCE, main, request_for, task, template
from simproc import Sim


def example():
    """The commands of the README's section, without their remarks."""
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as f:
        section = f.read().split("## Change and check templates", 1)[1].split("\n## ", 1)[0]
    return [shlex.split(line, comments=True)[1:] for line in section.split("```")[1].splitlines() if line.startswith("o3 ")]


class Templates(O3Test):
    @classmethod
    def setUpClass(cls):
        from o3proc import Server
        cls.s = Server().start().ready()
        cls.addClassCleanup(cls.s.close)

    def run_o3(self, *arguments, code=EXIT_OK):
        done = self.s.cli(*arguments)
        self.assertEqual(done.returncode, code, f"o3 {' '.join(arguments)}: {done}")
        return done

    def write(self, name, document):
        path = os.path.join(self.s.root, name)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(document, f)
        return path

    def sim(self, kind):
        sim = Sim(kind, "--duration-ms", "300")
        self.addCleanup(sim.close)
        return sim

    def preflight(self, body):
        """The lines of a pre-flight by task, and the whole."""
        reply = self.s.call("POST", "/api/v1/workflow/validate/?preflight=true", body)
        self.assertEqual(reply.status, 200, reply)
        self.assertTrue(reply.json["valid"], reply)
        whole = reply.json["preflight"]
        return {t["task"]: t for t in whole["tasks"]}, whole

    def test_the_example_of_the_readme_does_what_it_says(self):
        sim = self.sim("awx")
        self.write("nightly.json", template("nightly", task("a")))
        self.write("nightly_2.json", template("nightly", task("a"), task("b", depends_on=["a"])))
        self.write("adhoc.json", template("adhoc", task("only")))
        self.write("request.json", request_for("awx_job_template_run", {
            "awx_url": sim.url, "awx_token": sim.tokens["operator"], "job_template_id": 10, "extra_vars": {}}))
        commands = example()
        self.assertGreaterEqual(len(commands), 7)
        seen = [self.run_o3(*arguments).stdout for arguments in commands]
        told = "".join(seen)
        for words in ("as revision 1", "as revision 2", "add /tasks/", "that is revision 3 now", "too slow", "rollback to 1",
                      "pre-flight: 1 asked, 0 with a problem", "launch_job_template: ok"):
            self.assertIn(words, told)
        self.assertEqual([t["ref_name"] for t in self.s.get("/template/nightly/")["tasks"]], ["a"])
        self.assertNotIn("adhoc", [t["ref_name"] for t in self.s.get("/template/")["items"]])
        self.assertEqual(self.s.get("/workflow/?template=inline%3Aadhoc")["items"][0]["state"], "successful")
        self.assertEqual(sim.ledger(), [])

    def test_a_pre_flight_tells_what_awx_would_refuse_and_launches_nothing(self):
        sim = self.sim("awx")

        def request(number=10, **more):
            return request_for("awx_job_template_run", {"awx_url": sim.url, "awx_token": sim.tokens["operator"],
                                                        "job_template_id": number, "extra_vars": {"a": 1}, **more})
        for body, result, words in (
                (request(), "ok", ""), (request(14, extra_vars={}), "ok", "POST"), (request(11), "problem", "Prompt on launch"),
                (request(18), "problem", "ssh_password"), (request(999), "problem", "404"),
                (request(awx_token="wrong"), "problem", "401"),
                (request(awx_url="http://127.0.0.1:1"), "problem", "no connection to http://127.0.0.1:1"),
                (request(awx_url="http://awx.invalid"), "problem", "could not be resolved")):
            lines, whole = self.preflight(body)
            line = lines["launch_job_template"]
            self.assertEqual(line["result"], result, line)
            self.assertIn(words, line["text"])
            self.assertEqual(whole["ok"], result == "ok")
            self.assertNotIn(sim.tokens["operator"], json.dumps(whole))
        self.assertEqual(sim.ledger(), [])  # no job, and no label either
        self.assertEqual(self.s.get("/workflow/?template=awx_job_template_run")["items"], [])

    def test_a_pre_flight_tells_what_terraform_enterprise_would_refuse_and_runs_nothing(self):
        sim = self.sim("tfe")
        with open(os.path.join(SOURCE, "templates", "tfe", "tfe_virtual_machine_template.json"), encoding="utf-8") as f:
            steps = json.load(f)
        inputs = {"tfe_server": sim.url, "tfe_bearer_token": "tfe-o3-token", "organization_name": "acme", "workspace_name": "plain",
                  "file_url": "http://127.0.0.1:1/vm.tf", "file_hash": "0" * 64}

        def asked(**more):
            body = request_for("", {**inputs, **more})
            del body["workflow"]["meta"]["template"]
            body["workflow"]["template"] = steps
            return self.preflight(body)
        lines, whole = asked()
        self.assertEqual(lines["workspace_id_task"]["result"], "ok", lines)
        self.assertEqual((whole["ok"], whole["checked"], whole["not_checked"]), (True, 1, 4), whole)
        self.assertIn("the outputs of 'workspace_id_task'", lines["workspace_configuration_version"]["text"])
        for more, words in (({"workspace_name": "nowhere"}, "no workspace 'nowhere'"),
                            ({"tfe_bearer_token": "old"}, "expired or revoked")):
            lines, whole = asked(**more)
            self.assertEqual(lines["workspace_id_task"]["result"], "problem", lines)
            self.assertIn(words, lines["workspace_id_task"]["text"])
        # With the id written down, the next step can be asked for as well.
        where = {"tfe_server": sim.url, "tfe_bearer_token": "tfe-o3-token"}
        find = task("find", "tfe.workspace_id", input={**where, "organization_name": "acme", "workspace_name": "plain"})
        accepted = self.s.call("POST", "/api/v1/workflow/submit/", {"workflow": {"template": template("find", find)}, "schema_version": 2})
        known = self.s.ended(accepted.json["id"])["outputs"]["find"]["workspace_id"]
        had = sim.ledger()
        lines, whole = self.preflight({"workflow": {"template": template("t", task("cv", "tfe.workspace_config_version", input={
            **where, "workspace_id": known}))}, "schema_version": 2})
        self.assertEqual(lines["cv"]["result"], "ok", lines)
        self.assertEqual(sim.ledger(), had)

    def test_the_command_line_says_what_is_not_checked_and_exits_by_what_was_found(self):
        nothing = self.write("nothing.json", template("nothing", task("n")))
        self.assertIn("there is nothing to ask", self.run_o3("validate", nothing, "--preflight").stdout)
        sim = self.sim("awx")
        job = self.write("job.json", template("job", task("j", "awx_job_launch", input={
            "awx_url": sim.url, "awx_token": "${workflow.input.token}", "job_template_id": 10})))
        told = self.run_o3("validate", job, "--preflight", "-v", "token=wrong", code=EXIT_FAILED).stdout
        self.assertIn("j: problem", told)
        self.assertIn("401", told)
        self.run_o3("validate", job, "--preflight", "-v", f"token={sim.tokens['operator']}")
        self.run_o3("validate", job, "--preflight", code=EXIT_USAGE)  # the input is missing
        self.assertFalse(json.loads(self.run_o3("validate", job, "--preflight", "-v", "token=wrong", "--json",
                                                code=EXIT_FAILED).stdout)["preflight"]["ok"])
        self.assertEqual(sim.ledger(), [])

    def test_revisions_survive_kill_and_bad_input_is_refused(self):
        s = self.serving()
        for name in ("a", "b"):
            s.put_template(template("mine", task(name)))
        s.kill()
        s.start().ready()
        self.assertEqual([r["revision"] for r in s.get("/template/mine/revision/")["items"]], [1, 2])
        self.assertEqual(s.cli("template", "rollback", "mine", "1").returncode, EXIT_OK)
        self.assertIn("no difference", s.cli("template", "diff", "mine", "1", "3").stdout)
        for arguments, words in ((("rollback", "three_noops", "1"), "has no revisions here"), (("rollback", "mine", "9"), "there are 1 to 3"),
                                 (("history", "nothing"), "there is no template"), (("diff", "mine", "1"), "no revision before 1")):
            done = s.cli("template", *arguments)
            self.assertEqual(done.returncode, EXIT_FAILED, done)
            self.assertIn(words, done.stderr)
        self.assertIn("nothing was stored by the API", s.cli("template", "history", "three_noops").stdout)
        self.assertEqual(s.cli("template", "rollback", "mine", "0").returncode, EXIT_USAGE)
        bad = s.call("POST", "/api/v1/workflow/submit/", {"workflow": {"template": template("t", task("a", "no.such"))}})
        self.assertEqual(self.assert_problem(bad, 422, "validation_failed")["errors"][0]["pointer"], "/workflow/template/tasks/0/class")


if __name__ == "__main__":
    main()

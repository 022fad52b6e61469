"""Every command of `o3` against a real server: what it prints, --json, exit codes."""
import json
import os
import re
import shlex
import subprocess

from o3proc import EXIT_CANCELED, EXIT_FAILED, EXIT_OK, EXIT_USAGE, O3Test, PROGRAM, SOURCE, main, request_for, task, template

LINT = os.path.join(SOURCE, "templates/noop/three_noops.json")


class CommandLine(O3Test):
    @classmethod
    def setUpClass(cls):
        from o3proc import Server
        cls.s = Server().start().ready()
        cls.addClassCleanup(cls.s.close)
        cls.s.put_template(template("e2e_bad", task("breaks", "fail", input={"message": "broke on purpose"})))
        cls.s.put_template(template("e2e_slow", task("waits", "timer", input={"for": "${workflow.input.seconds}"})))
        cls.done = cls.s.submit("three_noops", ref="for-the-command-line")["id"]
        cls.s.ended(cls.done)

    def run_o3(self, *arguments, code=EXIT_OK, text=None):
        done = self.s.cli(*arguments, text=text)
        self.assertEqual(done.returncode, code, f"o3 {' '.join(arguments)}: {done}")
        if code == EXIT_OK:
            self.assertEqual(done.stderr, "", f"o3 {' '.join(arguments)}")
        return done

    def json_of(self, *arguments, code=EXIT_OK, text=None):
        return json.loads(self.run_o3(*arguments, "--json", code=code, text=text).stdout)

    def slow(self):
        return self.s.submit("e2e_slow", {"seconds": 3600})["id"]

    # -- workflows

    def test_ls_shows_workflows_and_filters_them(self):
        row, = [line for line in self.run_o3("ls").stdout.splitlines() if line.startswith(self.done)]
        self.assertEqual(row.split()[1:3], ["successful", "three_noops"])
        self.assertEqual([w["id"] for w in self.json_of("ls", "--ref", "for-the-command-line")["items"]], [self.done])
        self.assertEqual(self.json_of("ls", "--ref", "for-the-command-line", "--state", "failed")["items"], [])
        wrong = self.run_o3("ls", "--state", "bogus", code=EXIT_USAGE)
        self.assertIn("successful", wrong.stderr)

    def test_status_shows_the_workflow_its_tasks_and_one_task(self):
        text = self.run_o3("status", self.done).stdout
        self.assertIn("for-the-command-line", text)
        self.assertEqual([line.split()[1] for line in text.splitlines()[-3:]], ["a", "b", "c"])
        self.assertEqual(self.json_of("status", self.done), self.s.workflow(self.done))
        self.assertEqual([t["ref"] for t in self.json_of("status", self.done, "--tasks")["items"]], ["a", "b", "c"])
        held = self.json_of("status", self.done, "a")
        self.assertIn(f"output rand_no = {held['outputs']['rand_no']}", self.run_o3("status", self.done, "a").stdout)

    def test_status_of_what_is_not_there_fails_and_says_so(self):
        self.assertIn("not_found", self.run_o3("status", "0" * 32, code=EXIT_FAILED).stderr)
        self.assertIn("32 hex", self.run_o3("status", "nonsense", code=EXIT_FAILED).stderr)
        self.assertIn("zz", self.run_o3("status", self.done, "zz", code=EXIT_FAILED).stderr)
        self.assertEqual(self.json_of("status", "0" * 32, code=EXIT_FAILED)["code"], "not_found")

    def test_logs_show_all_tasks_or_one(self):
        lines = self.run_o3("logs", self.done).stdout.splitlines()
        self.assertEqual([sum(f" task.{name} " in line for line in lines) > 0 for name in "abc"], [True] * 3)
        self.assertIn("workflow ended state=successful", lines[-1])
        only = self.run_o3("logs", self.done, "b").stdout.splitlines()
        self.assertEqual(only, [line for line in lines if " task.b " in line])
        self.run_o3("logs", self.done, "zz", code=EXIT_FAILED)

    def test_logs_f_follows_a_running_workflow_to_its_end(self):
        workflow = self.s.submit("e2e_slow", {"seconds": 0.7})["id"]
        followed = self.run_o3("logs", "-f", workflow).stdout
        self.assertEqual(self.s.workflow(workflow)["state"], "successful")
        self.assertIn("workflow ended state=successful", followed)
        self.assertEqual(followed, self.run_o3("logs", workflow).stdout)

    def test_events_show_one_line_each_in_order(self):
        events = [json.loads(line) for line in self.run_o3("events", self.done, "--json").stdout.splitlines()]
        self.assertEqual([e["event"] for e in events], ["workflow.accepted"] + ["task.ended"] * 3 + ["workflow.ended"])
        self.assertEqual(len(self.run_o3("events", "-f", self.done).stdout.splitlines()), len(events))

    def test_cancel_stops_a_waiting_workflow_and_can_be_repeated(self):
        workflow = self.slow()
        self.run_o3("cancel", workflow, "--reason", "no longer needed")
        self.assertEqual(self.s.ended(workflow)["state"], "canceled")
        self.run_o3("cancel", workflow)
        self.assertIn("no longer needed", self.run_o3("status", workflow).stdout)
        self.assertIn("workflow_ended", self.run_o3("cancel", self.done, code=EXIT_FAILED).stderr)
        self.assertEqual(self.json_of("cancel", self.done, code=EXIT_FAILED)["status"], 409)

    # -- running

    def test_run_tells_the_outcome_by_its_exit_code(self):
        self.assertIn("outputs:", self.run_o3("run", "three_noops", "--follow").stdout)
        self.assertEqual(self.json_of("run", "three_noops", "--follow")["state"], "successful")
        # The commands it shows work as they stand, wherever the server keeps its data.
        shown = re.findall(r"^(?:look again|logs): +o3 (.*)$", self.run_o3("run", "three_noops", "--follow").stdout, re.M)
        self.assertEqual(len(shown), 2)
        for line in shown:
            ran = subprocess.run([PROGRAM, *shlex.split(line)], capture_output=True, text=True, env=self.s.env, check=False)
            self.assertEqual(ran.returncode, 0, f"{line}: {ran.stderr}")
        self.assertIn("broke on purpose", self.run_o3("run", "e2e_bad", "--follow", code=EXIT_FAILED).stdout)
        self.assertIn("three_noops", self.run_o3("run", "three_nops", code=EXIT_USAGE).stderr)
        self.assertIn("seconds", self.run_o3("run", "e2e_slow", code=EXIT_USAGE).stderr)

    def test_a_canceled_run_ends_with_3(self):
        command = [PROGRAM, "--data-dir", self.s.data, "run", "e2e_slow", "-v", "seconds=3600", "--ref", "to-cancel", "--follow"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.s.env) as run:
            self.addCleanup(run.kill)
            workflow = run.stdout.readline().split()[1]
            self.run_o3("cancel", workflow)
            out, err = run.communicate(timeout=60)
            self.assertEqual(run.returncode, EXIT_CANCELED, out + err)

    def test_run_follow_prints_every_event_into_a_pipe(self):
        lines = self.run_o3("run", "three_noops", "--follow").stdout.splitlines()
        self.assertEqual([name for line in lines for name in line.split()[1:2] if "." in name and line.startswith("2")],
                         ["workflow.accepted"] + ["task.ended"] * 3 + ["workflow.ended"])

    def test_submit_reads_a_request_and_waits(self):
        done = self.json_of("submit", "--wait", "30", "-", text=json.dumps(request_for("three_noops")))
        self.assertEqual(done["state"], "successful")
        self.run_o3("submit", "--wait", "30", "-", code=EXIT_FAILED, text=json.dumps(request_for("e2e_bad")))
        self.run_o3("submit", "/nonexistent.json", code=EXIT_USAGE)
        self.run_o3("submit", "-", code=EXIT_USAGE, text="{")
        self.assertIn("o3 run", self.run_o3("submit", LINT, code=EXIT_USAGE).stderr)

    def test_validate_stores_nothing_and_lists_every_error(self):
        before = len(self.s.get("/workflow/?limit=200")["items"])
        self.assertIn("step 2: c", self.run_o3("validate", "-", text=json.dumps(request_for("three_noops"))).stdout)
        document = self.json_of("validate", "-", text=json.dumps(request_for("three_noops")))
        self.assertEqual(document["plan"]["layers"], [["a", "b"], ["c"]])
        bad = request_for("three_nops")
        bad["worklfow"] = {}
        document = self.json_of("validate", "-", code=EXIT_USAGE, text=json.dumps(bad))
        self.assertEqual({e["code"] for e in document["errors"]}, {"unknown_template", "unknown_key"})
        self.assertEqual(len(self.s.get("/workflow/?limit=200")["items"]), before)

    # -- catalogue

    def test_template_ls_show_and_lint(self):
        self.assertIn("three_noops", self.run_o3("template", "ls").stdout)
        self.assertIn("three_noops", [t["ref_name"] for t in self.json_of("template", "ls")["items"]])
        with open(LINT, encoding="utf-8") as f:
            self.assertEqual(self.json_of("template", "show", "three_noops"), json.load(f))
        self.run_o3("template", "show", "nix", code=EXIT_FAILED)
        self.assertIn("step 1: a b", self.run_o3("template", "lint", LINT).stdout)
        wrong = template("wrong", task("a", depends_on=["a"]), task("b", "nooop"))
        document = self.json_of("template", "lint", "-", code=EXIT_USAGE, text=json.dumps(wrong))
        self.assertEqual([(e["pointer"], e["code"]) for e in document["errors"]],
                         [("/tasks/0/depends_on/0", "self_reference"), ("/tasks/1/class", "unknown_class")])
        self.run_o3("template", "show", "wrong", code=EXIT_FAILED)

    def test_template_put_rm_and_reload(self):
        self.run_o3("template", "put", "-", text=json.dumps(template("e2e_short_lived", task("a"))))
        self.run_o3("run", "e2e_short_lived", "--follow")
        self.run_o3("template", "reload")
        self.run_o3("template", "rm", "e2e_short_lived")
        self.run_o3("run", "e2e_short_lived", code=EXIT_USAGE)
        self.run_o3("template", "rm", "three_noops", code=EXIT_FAILED)

    def test_task_ls_and_show(self):
        text = self.run_o3("task", "ls").stdout
        names = {"noop", "worker.noop", "fail", "timer", "awx_job_launch", "http"}
        for name in names:
            self.assertIn(name, text)
        self.assertLessEqual(names, {c["name"] for c in self.json_of("task", "ls")["items"]})
        self.assertIn("runtime_delay (number, required)", self.run_o3("task", "show", "noop").stdout)
        self.assertEqual(self.json_of("task", "show", "noop")["outputs"]["required"], ["rand_no"])
        self.run_o3("task", "show", "nix", code=EXIT_FAILED)

    # -- the installation

    def test_doctor_finds_nothing_wrong_here_and_a_server_that_is_missing(self):
        self.assertNotIn("FAIL", self.run_o3("doctor").stdout)
        self.assertTrue(self.json_of("doctor")["ok"])
        self.assertIn("nothing listens", self.run_o3("doctor", "--url", "http://127.0.0.1:1", code=EXIT_FAILED).stdout)

    def test_version_is_the_servers(self):
        version = self.json_of("version")["version"]
        self.assertEqual(self.run_o3("version").stdout, f"o3 {version}\n")
        self.assertEqual(self.s.get("/info/")["version"], version)

    def test_config_explain_shows_values_and_where_they_come_from(self):
        self.assertIn('"127.0.0.1:8080"', self.run_o3("config", "explain", "http.listen").stdout)
        field, = self.json_of("config", "explain", "limits.json_depth", "--set", "limits.json_depth=32")["fields"]
        self.assertEqual((field["value"], field["default"]), (32, 64))
        self.assertIn("listen", self.run_o3("config", "explain", "http.lissen", code=EXIT_USAGE).stderr)
        self.run_o3("config", "explain", "--set", "http.lissen=1", code=EXIT_USAGE)

    # -- usage

    def test_mistakes_in_the_command_end_with_2(self):
        for arguments in ([], ["bogus"], ["status"], ["template"], ["template", "bogus"], ["ls", "--limit", "0"], ["ls", "--bogus"],
                          ["submit", "--wait", "x", "-"]):
            self.assertNotEqual(self.run_o3(*arguments, code=EXIT_USAGE).stderr, "", arguments)
        for arguments in (["--help"], ["run", "--help"], ["template", "--help"]):
            self.assertIn("Usage", self.run_o3(*arguments).stdout)

    def test_a_wrong_token_and_a_missing_server_are_named(self):
        self.assertIn("unauthorized", self.run_o3("ls", "--token", "0123456789abcdef0", code=EXIT_FAILED).stderr)
        self.assertIn("nothing listens", self.run_o3("ls", "--url", "http://127.0.0.1:1", code=EXIT_FAILED).stderr)


if __name__ == "__main__":
    main()

"""Templates of templates/patterns that compute, run as data/patterns/<their name>.json says: a list of cases {what, inputs,
state, outputs, tasks: {ref: state, or the code of its end}} or {what, inputs, refused: code}; expressions that misbehave."""
import json
import os

from o3proc import DATA, O3Test, SOURCE, load, main, request_for

PATTERNS = os.path.join(SOURCE, "templates", "patterns")


class Expressions(O3Test):
    def test_every_pattern_does_what_it_says(self):
        s = self.serving()
        names = sorted(os.listdir(os.path.join(DATA, "patterns")))
        self.assertTrue(names)
        for name in names:
            with open(os.path.join(PATTERNS, name), encoding="utf-8") as f:
                document = json.load(f)
            s.put_template(document)
            lint = s.cli("template", "lint", os.path.join(PATTERNS, name))
            self.assertEqual(lint.returncode, 0, lint.stdout + lint.stderr)
            for case in load(os.path.join("patterns", name)):
                with self.subTest(pattern=name, case=case["what"]):
                    self.check(s, document["ref_name"], case)

    def check(self, s, ref, case):
        if "refused" in case:
            reply = s.call("POST", "/api/v1/workflow/submit/", request_for(ref, case["inputs"]))
            problem = self.assert_problem(reply, 422, "validation_failed")
            self.assertIn(case["refused"], [e["code"] for e in problem["errors"]])
            return
        w = s.ended(s.submit(ref, case["inputs"])["id"])
        self.assertEqual(w["state"], case["state"], w)
        self.assertEqual(w["outputs"], case["outputs"])
        tasks = s.tasks(w["id"])
        for name, wanted in case["tasks"].items():
            t = tasks[name]
            self.assertIn(wanted, (t["state"], (t["error"] or {}).get("code")), t)

    def test_the_command_line_shows_what_the_template_declares(self):
        s = self.serving()
        with open(os.path.join(PATTERNS, "conditions.json"), encoding="utf-8") as f:
            s.put_template(json.load(f))
        done = s.cli("run", "pattern_conditions", "-v", "hosts=web-1", "-v", "users=100", "--follow")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("  runs_on = shared\n", done.stdout)
        w = s.get("/workflow/")["items"][0]["id"]
        large = s.get(f"/workflow/{w}/task/large/")
        self.assertEqual(large["error"]["message"], "its condition was false: sizes.output.memory_gb = 2")

    def test_bad_expressions_are_refused_with_their_place(self):
        s = self.serving()
        def refused(task, **more):
            document = {"ref_name": "bad", "schema_version": 2, "tasks": [{"ref_name": "a", "class": "values", **task}], **more}
            reply = s.call("PUT", "/api/v1/template/bad/", document)
            return [(e["code"], e["pointer"]) for e in self.assert_problem(reply, 422, "validation_failed")["errors"]]
        self.assertEqual(refused({"when": "${{ 1 + }}"}), [("bad_expression", "/tasks/0/when")])
        self.assertEqual(refused({"when": "os.execute('true')"}), [("bad_expression", "/tasks/0/when")])
        self.assertEqual(refused({"input": {"x": ["${{ io.open('/etc/passwd') }}"]}}), [("bad_expression", "/tasks/0/input/x/0")])
        self.assertEqual(refused({"outputs": {"x": {"type": "no"}}}), [("bad_value", "/tasks/0/outputs/x")])
        self.assertEqual(refused({}, outputs={"x": "${{ b.output.y }}"}), [("unknown_task", "/outputs/x")])

    def test_expressions_that_misbehave_fail_their_task_and_nothing_else(self):
        s = self.serving()
        for name, text, code in (("loops", "while true do end return 1", "expression_failed"),
                                 ("allocates", "string.rep('x', 1e9)", "expression_failed"),
                                 ("nests", "local t = {} t.t = t return t", "expression_failed"),
                                 ("functions", "len", "expression_failed"),
                                 ("nan", "0/0", "expression_failed")):
            with self.subTest(name):
                # What reads an output is evaluated while the workflow runs, not when the request comes.
                wrapped = f"local dummy = a.output.x {text if text.startswith(('while', 'local')) else 'return ' + text}"
                s.put_template({"ref_name": name, "schema_version": 2, "tasks": [
                    {"ref_name": "a", "class": "values", "input": {"x": 1}},
                    {"ref_name": "b", "class": "values", "input": {"y": "${{ " + wrapped + " }}"}}]})
                w = s.ended(s.submit(name)["id"])
                self.assertEqual(w["state"], "failed")
                self.assertEqual(s.tasks(w["id"])["b"]["error"]["code"], code)
        self.assertEqual(s.call("GET", "/readyz").status, 200)


if __name__ == "__main__":
    main()

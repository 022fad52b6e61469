"""Finding workflows and stopping many of them: labels, filters, orders, confirmation; the README's own example."""
import json
import os
import shlex

from o3proc import EXIT_FAILED, EXIT_OK, EXIT_USAGE, O3Test, SOURCE, main, request_for, task, template


def example():
    """The commands of the README's section, without their remarks."""
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as f:
        section = f.read().split("## Find", 1)[1].split("\n## ", 1)[0]
    return [shlex.split(line, comments=True)[1:] for line in section.split("```")[1].splitlines() if line.startswith("o3 ")]


class Find(O3Test):
    @classmethod
    def setUpClass(cls):
        from o3proc import Server
        cls.s = Server().start().ready()
        cls.addClassCleanup(cls.s.close)
        cls.s.put_template(template("slow", task("waits", "timer", input={"for": 3600})))
        cls.s.put_template(template("e2e_bad", task("breaks", "fail", input={"message": "no route to web01"})))

    def run_o3(self, *arguments, code=EXIT_OK):
        done = self.s.cli(*arguments)
        self.assertEqual(done.returncode, code, f"o3 {' '.join(arguments)}: {done}")
        return done

    def listed(self, *arguments):
        return [w["id"] for w in json.loads(self.run_o3("ls", *arguments, "--json").stdout)["items"]]

    def submit(self, ref, labels):
        body = request_for(ref)
        body["workflow"]["meta"]["labels"] = labels
        reply = self.s.call("POST", "/api/v1/workflow/submit/", body)
        self.assertEqual(reply.status, 202, reply)
        return reply.json["id"]

    def test_the_example_of_the_readme_does_what_it_says(self):
        commands = example()
        self.assertGreaterEqual(len(commands), 5)
        for _ in range(3):
            self.submit("slow", {"team": "ops"})
        seen = []
        for arguments in commands:
            question = arguments[0] in ("cancel", "rerun") and "--yes" not in arguments
            seen.append(self.run_o3(*arguments, code=EXIT_USAGE if question else EXIT_OK).stdout)
        self.assertIn("team=ops", "".join(seen))
        self.assertIn("3 to cancel", "".join(seen))
        self.assertIn("3 canceled or about to be", "".join(seen))
        self.assertEqual(self.listed("--label", "team=ops", "--state", "scheduled,waiting,running"), [])

    def test_labels_and_errors_find_workflows(self):
        bad = self.submit("e2e_bad", {"ticket": "T-1", "who": "änne \"x\""})
        self.s.ended(bad)
        for query in (["--label", "ticket=T-1"], ["--label", "ticket"], ["--label", "who=änne \"x\""],
                      ["-q", "WEB01"], ["-q", "ticket=t-1"], ["--state", "failed", "--template", "e2e_bad"]):
            self.assertEqual(self.listed(*query), [bad], query)
        for query in (["--label", "ticket=T-2"], ["--label", "ticket=t-1"], ["-q", "web02"], ["--principal", "nobody"]):
            self.assertEqual(self.listed(*query), [], query)
        self.assertIn("ticket=T-1", self.run_o3("status", bad).stdout)

    def test_pages_of_every_order_hold_each_workflow_once(self):
        made = [self.submit("three_noops", {"set": "pages"}) for _ in range(7)]
        for w in made:
            self.s.ended(w)
        for sort, wanted in (("created", made), ("-created", made[::-1]), ("name", made[::-1]), ("ended", None),
                             ("-ended", None)):
            got, cursor = [], ""
            while cursor is not None:
                page = self.s.get(f"/workflow/?label=set%3Dpages&limit=2&sort={sort}{cursor and '&cursor=' + cursor}")
                got += [w["id"] for w in page["items"]]
                cursor = page["next_cursor"]
            self.assertEqual(sorted(got), sorted(made), sort)
            if wanted:
                self.assertEqual(got, wanted, sort)

    def test_bulk_asks_for_the_count_and_holds_to_it(self):
        ours = {self.submit("slow", {"bulk": "1"}) for _ in range(12)}
        body = {"action": "cancel", "filter": {"label": {"bulk": "1"}}}
        for confirm in ({}, {"confirm": 11}, {"confirm": 13}):
            problem = self.s.call("POST", "/api/v1/workflow/bulk/", {**body, **confirm})
            self.assert_problem(problem, 409, "confirmation_needed")
            self.assertEqual(problem.json["count"], 12)
        self.assertEqual({self.s.workflow(w)["state"] for w in ours}, {"running"})
        done = self.s.call("POST", "/api/v1/workflow/bulk/", {**body, "confirm": 12})
        self.assertEqual((done.status, done.json["done"], done.json["refused"]), (200, 12, 0))
        for w in ours:
            self.assertEqual(self.s.ended(w)["state"], "canceled")
        self.assertIn("no workflows match", self.run_o3("cancel", "--all", "--label", "bulk=1").stdout)

    def test_more_than_may_be_changed_at_once_are_refused(self):
        s = self.serving("--set", "http.bulk_max=2")
        s.put_template(template("slow", task("waits", "timer", input={"for": 3600})))
        for _ in range(3):
            s.submit("slow")
        self.assert_problem(s.call("POST", "/api/v1/workflow/bulk/", {"action": "cancel", "filter": {}, "confirm": 3}), 422,
                            "too_many_matches")

    def test_bad_input_is_refused_with_its_place(self):
        for labels, pointer in (({"a b": "x"}, "/workflow/meta/labels/a b"), ({"a": 1}, "/workflow/meta/labels/a"),
                                ({"a": "x" * 257}, "/workflow/meta/labels/a"), ([], "/workflow/meta/labels"),
                                ({str(n): "" for n in range(33)}, "/workflow/meta/labels")):
            body = request_for("slow")
            body["workflow"]["meta"]["labels"] = labels
            reply = self.s.call("POST", "/api/v1/workflow/submit/", body)
            self.assert_problem(reply, 422, "validation_failed")
            self.assertEqual(reply.json["errors"][0]["pointer"], pointer)
        for query in ("label=%3Dx", "until=soon", "parent=1", "sort=size", "cursor=n.61.0", "label=a%20b"):
            self.assert_problem(self.s.call("GET", f"/api/v1/workflow/?{query}"), 400, "bad_value")
        self.run_o3("ls", "--label", "a b", code=EXIT_USAGE)
        self.run_o3("cancel", "--all", "--state", "failed", code=EXIT_USAGE)
        self.run_o3("status", "0" * 32, code=EXIT_FAILED)


if __name__ == "__main__":
    main()

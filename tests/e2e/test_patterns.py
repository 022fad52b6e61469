"""The templates of templates/patterns: each keeps what its control-flow pattern promises, in orders and ends, not only in success."""
import glob
import json
import os
import re

from o3proc import O3Test, SOURCE, Server, main, until

FOLDER = os.path.join(SOURCE, "templates/patterns")
TABLE = os.path.join(SOURCE, "runtime/workflow/PATTERNS.md")


def documents():
    """File name without its ending -> template."""
    found = {}
    for path in sorted(glob.glob(os.path.join(FOLDER, "wcp_*.json"))):
        with open(path, encoding="utf-8") as f:
            found[os.path.basename(path)[:-5]] = json.load(f)
    return found


class PatternTest(O3Test):
    @classmethod
    def setUpClass(cls):
        cls.s = Server().start().ready()
        cls.addClassCleanup(cls.s.close)
        for document in documents().values():
            cls.s.put_template(document)

    def begin(self, ref, inputs=None):
        return self.s.submit(ref, inputs)["id"]

    def end(self, workflow, state="successful"):
        """Its tasks, once it has ended as it should."""
        document = self.s.ended(workflow)
        self.assertEqual(document["state"], state, document["why"])
        return self.s.tasks(workflow)

    def run_to_end(self, ref, inputs=None, state="successful"):
        return self.end(self.begin(ref, inputs), state)

    def child_of(self, workflow, name):
        """The workflow that a task started, once it is there."""
        def check():
            held = self.s.tasks(workflow)[name]["outputs"].get("workflow_id")
            return held if held and self.s.call("GET", f"/api/v1/workflow/{held}/").status == 200 else None
        return until(check, f"task {name} of {workflow} has started its workflow")

    def running(self, workflow, *names):
        until(lambda: all(self.s.tasks(workflow).get(n, {}).get("state") == "running" for n in names), f"{names} of {workflow} run")

    def tell(self, workflow, verb, body=None, status=(200, 202)):
        reply = self.s.call("POST", f"/api/v1/workflow/{workflow}/{verb}/", body)
        self.assertIn(reply.status, status, reply)
        return reply.json

    # -- what times say; the server's own, so they can be compared as text

    def assert_after(self, tasks, later, *earlier):
        for name in earlier:
            self.assertLessEqual(tasks[name]["ended_at"], tasks[later]["started_at"], f"{later} begins after the end of {name}")

    def assert_together(self, tasks, *names):
        """At some moment all of them run."""
        self.assertLess(max(tasks[n]["started_at"] for n in names), min(tasks[n]["ended_at"] for n in names), f"{names} run together")

    def assert_never_together(self, spans):
        for (_, ended), (started, _) in zip(sorted(spans), sorted(spans)[1:]):
            self.assertLessEqual(ended, started, spans)

    def assert_states(self, tasks, **states):
        self.assertEqual({n: tasks[n]["state"] for n in states}, states)


class Catalogue(O3Test):
    def test_every_file_is_named_after_its_template_and_stands_in_the_table(self):
        found = documents()
        self.assertTrue(found)
        with open(TABLE, encoding="utf-8") as f:
            table = f.read()
        numbers = [int(n) for n in re.findall(r"^\| (\d+) \|", table, re.M)]
        self.assertEqual(numbers, list(range(1, 44)), "the table has each of the 43 patterns once, in order")
        for name, document in found.items():
            self.assertEqual(document["ref_name"], name)
            self.assertTrue(document["description"], name)
            self.assertIn(f"`{name}`", table, "the table names every template")
        for name in re.findall(r"`(wcp_\w+)`", table):
            self.assertIn(name, found, "the table names no template that is not there")

    def test_every_template_is_run_by_a_test_or_by_a_template_that_is(self):
        with open(__file__, encoding="utf-8") as f:
            tests = f.read()
        for name in documents():
            others = json.dumps([d for other, d in documents().items() if other != name])
            self.assertTrue(f'"{name}"' in tests or f'"{name}"' in others, name)

    def test_none_of_them_has_an_error_or_a_warning(self):
        s = self.serving()
        for name, document in documents().items():
            done = s.cli("template", "lint", "--json", os.path.join(FOLDER, name + ".json"))
            answer = json.loads(done.stdout)
            self.assertEqual((answer.get("errors", []), answer.get("warnings", [])), ([], []), name)
            s.put_template(document)


class Basic(PatternTest):
    def test_01_sequence(self):
        t = self.run_to_end("wcp_01_sequence")
        self.assert_after(t, "second", "first")
        self.assert_after(t, "third", "second")

    def test_02_parallel_split(self):
        t = self.run_to_end("wcp_02_parallel_split")
        self.assert_after(t, "left", "before")
        self.assert_after(t, "right", "before")
        self.assert_together(t, "left", "right")

    def test_03_synchronization(self):
        t = self.run_to_end("wcp_03_synchronization")
        self.assert_together(t, "quick", "slow")
        self.assert_after(t, "after", "quick", "slow")
        self.assertLess(t["quick"]["ended_at"], t["slow"]["ended_at"])


class Merging(PatternTest):
    def test_04_exclusive_choice_and_05_simple_merge(self):
        for branch in ("wcp_01_sequence", "wcp_02_parallel_split"):
            w = self.begin("wcp_04_exclusive_choice", {"branch": branch})
            t = self.end(w)
            self.assertEqual(self.s.workflow(self.child_of(w, "branch"))["template"], branch)
            self.assert_after(t, "branch", "before")
            self.assert_after(t, "after", "branch")

    def test_06_multi_choice_and_07_structured_synchronizing_merge(self):
        for branches in (["wcp_02_parallel_split", "wcp_03_synchronization"], ["wcp_01_sequence"], []):
            w = self.begin("wcp_06_multi_choice", {"branches": branches})
            t = self.end(w)
            items = [name for name in t if name.startswith("branches[")]
            self.assertEqual([self.s.workflow(self.child_of(w, name))["template"] for name in items], branches)
            self.assert_after(t, "after", "before", "branches", *items)
            if len(items) > 1:
                self.assert_together(t, *items)

    def test_08_multi_merge_runs_the_rest_once_for_each_branch(self):
        w = self.begin("wcp_08_multi_merge")
        t = self.end(w)
        self.assertNotEqual(t["rest_of_left"]["outputs"]["workflow_id"], t["rest_of_right"]["outputs"]["workflow_id"])
        for side in ("left", "right"):
            self.assert_after(t, "rest_of_" + side, side)
            self.assert_states(self.s.tasks(self.child_of(w, "rest_of_" + side)), first="successful", third="successful")
        self.assertLess(t["rest_of_left"]["started_at"], t["right"]["ended_at"], "neither rest waits for the other branch")

    def test_29_cancelling_discriminator_stops_the_slower_branch(self):
        w = self.begin("wcp_29_cancelling_discriminator")
        t = self.end(w)
        self.assert_after(t, "after", "race")
        race = self.s.tasks(self.child_of(w, "race"))
        self.assert_states(race, quick="successful", quick_was_first="failed", slow="failed", slow_was_first="skipped")
        self.assertEqual(race["slow"]["error"]["code"], "grace_over")
        self.assertIn("quick was first", t["race"]["error"]["message"])

    def test_42_thread_split_and_41_thread_merge(self):
        w = self.begin("wcp_42_thread_split")
        t = self.end(w)
        threads = [self.child_of(w, f"three[{i}]") for i in range(3)]
        self.assertEqual(len(set(threads)), 3)
        self.assertEqual([self.s.workflow(c)["name"] for c in threads], ["thread 0", "thread 1", "thread 2"])
        for c in threads:
            steps = self.end(c)
            self.assert_after({**steps, **t}, "first", "one")
            self.assert_after({**steps, **t}, "one_again", "third")


class Instances(PatternTest):
    def items(self, tasks, name):
        return [t for ref, t in tasks.items() if ref.startswith(name + "[")]

    def test_12_without_synchronization(self):
        t = self.run_to_end("wcp_12_instances_without_synchronization")
        items = self.items(t, "each_host")
        self.assertEqual([i["value"] for i in items], ["a", "b", "c"])
        self.assert_after(t, "each_host", "begin")
        self.assert_after(t, "goes_on", "begin")
        for i in items:
            self.assertLess(t["goes_on"]["ended_at"], i["ended_at"], "what comes after does not wait for an instance")
        self.assert_together(t, *(i["ref"] for i in items))

    def test_13_known_at_design_time(self):
        t = self.run_to_end("wcp_13_instances_known_at_design_time")
        self.assert_together(t, "each_host[0]", "each_host[1]", "each_host[2]")
        self.assert_after(t, "after", "each_host[0]", "each_host[1]", "each_host[2]")

    def test_14_known_at_run_time(self):
        for hosts in (["a"], ["a", "b", "c", "d", "e"], [], {"x": 1, "y": 2}):
            t = self.run_to_end("wcp_14_instances_known_at_run_time", {"hosts": hosts})
            items = self.items(t, "each_host")
            self.assertEqual([i["value"] for i in items], list(hosts.values()) if isinstance(hosts, dict) else hosts)
            results = [i["outputs"] for i in items]
            self.assertEqual(t["each_host"]["outputs"]["results"], dict(zip(hosts, results)) if isinstance(hosts, dict) else results)
            for i in items:
                self.assert_after(t, "after", i["ref"])
            # Two at a time: a third begins when one of the two before it has ended.
            for k in range(2, len(items)):
                ended = [i for i in items[:k] if i["ended_at"] <= items[k]["started_at"]]
                self.assertGreaterEqual(len(ended), k - 1, "at most two run at once")

    def test_26_cancel_and_27_complete_the_instances(self):
        w = self.begin("wcp_26_cancel_instances")
        c = self.child_of(w, "instances")
        until(lambda: self.s.tasks(c).get("each_second[0]", {}).get("state") == "successful", "the first instance has ended")
        self.running(c, "each_second[1]", "each_second[2]")
        self.tell(c, "cancel")
        inside = self.end(c, "canceled")
        self.assert_states(inside, **{"each_second[0]": "successful", "each_second[1]": "canceled", "each_second[2]": "canceled"})
        t = self.end(w)
        self.assert_states(t, instances="failed", after="successful")
        self.assert_after(t, "after", "instances")


class State(PatternTest):
    def test_40_interleaved_routing(self):
        w = self.begin("wcp_40_interleaved_routing")
        t = self.end(w)
        pieces = [self.s.workflow(self.child_of(w, f"one_at_a_time[{i}]")) for i in range(3)]
        self.assertEqual({p["template"] for p in pieces}, {"wcp_01_sequence", "wcp_02_parallel_split", "wcp_03_synchronization"})
        self.assert_never_together([(p["started_at"], p["ended_at"]) for p in pieces])
        self.assertLessEqual(max(p["ended_at"] for p in pieces), t["after"]["started_at"])


class Ending(PatternTest):
    def test_11_implicit_termination(self):
        w = self.begin("wcp_11_implicit_termination")
        t = self.end(w)
        self.assert_after(t, "one_end", "begin")
        self.assert_after(t, "other_end", "begin")
        self.assertEqual(self.s.workflow(w)["ended_at"], max(t["one_end"]["ended_at"], t["other_end"]["ended_at"]))

    def test_20_cancel_case(self):
        w = self.begin("wcp_20_cancel_case")
        self.running(w, "one", "two")
        self.tell(w, "cancel", {"reason": "nobody needs it"})
        t = self.end(w, "canceled")
        self.assert_states(t, one="canceled", two="canceled", later="canceled", put_in_order="successful")
        self.assert_after(t, "put_in_order", "one", "two")

    def test_25_cancel_region_and_19_cancel_task(self):
        w = self.begin("wcp_25_cancel_region")
        region = self.child_of(w, "region")
        self.running(region, "one", "two")
        self.tell(region, "cancel")
        inside = self.end(region, "canceled")
        self.assert_states(inside, one="canceled", two="canceled", put_in_order="successful")
        t = self.end(w)
        self.assert_states(t, region="failed", beside="successful", after="successful")
        self.assert_after(t, "after", "region")
        self.assertLessEqual(inside["put_in_order"]["ended_at"], t["after"]["started_at"])

    def test_43_explicit_termination(self):
        t = self.run_to_end("wcp_43_explicit_termination", state="failed")
        self.assert_states(t, work="failed", decide="successful", stop="failed", put_in_order="successful")
        self.assertEqual(t["work"]["error"]["code"], "grace_over")
        self.assert_after(t, "put_in_order", "work", "stop")


class Iteration(PatternTest):
    def test_21_structured_loop(self):
        t = self.run_to_end("wcp_21_structured_loop")
        self.assertEqual(t["until_it_works"]["attempt"], 3)
        self.assert_after(t, "after", "until_it_works")

    def test_22_recursion_and_15_instances_that_start_further_ones(self):
        tree = {"a": {"b": {}, "c": {"d": {}}}, "e": {}}
        w = self.begin("wcp_22_recursion", {"tree": tree})
        self.end(w)

        def seen(workflow, depth):
            document = self.s.workflow(workflow)
            self.assertEqual((document["state"], document.get("parent", {"depth": 0})["depth"]), ("successful", depth))
            items = self.s.tasks(workflow)
            self.assert_after(items, "children", "visit")
            held = items["children"]["outputs"]["keys"]
            return {key: seen(items[f"children[{i}]"]["outputs"]["workflow_id"], depth + 1) for i, key in enumerate(held)}
        self.assertEqual(seen(w, 0), tree)


if __name__ == "__main__":
    main()

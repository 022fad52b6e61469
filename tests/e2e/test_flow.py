"""Every template and command of templates/FLOW.md as it stands there, and that what the text says about them is so."""
import json
import os
import re
import subprocess

from o3proc import EXIT_FAILED, EXIT_OK, O3Test, PATIENCE, PROGRAM, SOURCE, Server, main, until

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def sections():
    """Heading -> [(language, text)] of its blocks, in order."""
    with open(os.path.join(SOURCE, "templates/FLOW.md"), encoding="utf-8") as f:
        parts = re.split(r"^## (.*)$", f.read(), flags=re.M)
    return {heading: BLOCK.findall(text) for heading, text in zip(parts[1::2], parts[2::2]) if BLOCK.search(text)}


class Flow(O3Test):
    @classmethod
    def setUpClass(cls):
        cls.s = Server().start().ready()
        cls.addClassCleanup(cls.s.close)
        cls.bin = os.path.join(cls.s.root, "bin")
        os.mkdir(cls.bin)
        os.symlink(PROGRAM, os.path.join(cls.bin, "o3"))
        for blocks in sections().values():
            for language, text in blocks:
                if language == "json":
                    cls.s.put_template(json.loads(text))

    def walk(self, heading):
        """Runs the section's commands; returns [(workflow, what it printed)], one per command."""
        done, workflow = [], ""
        env = {**self.s.env, "PATH": self.bin + ":" + os.environ["PATH"], "O3_DATA_DIR": self.s.data}
        for language, text in sections()[heading]:
            for line in [] if language else text.splitlines():
                command, _, remark = line.partition(" #")
                command = re.sub(r"^o3 ", f"o3 --data-dir {self.s.data} ", re.sub(r"\bID\b", workflow, command))
                ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=env, cwd=self.s.root, timeout=PATIENCE, check=False)
                wanted = EXIT_FAILED if "exit code 1" in remark else EXIT_OK
                self.assertEqual(ran.returncode, wanted, f"{line}: {ran}")
                accepted = re.search(r"^workflow ([0-9a-f]{32}) ", ran.stdout)
                workflow = accepted[1] if accepted else workflow
                done.append((workflow, ran.stdout))
        return done

    def test_every_section_with_commands_is_walked_through(self):
        with open(__file__, encoding="utf-8") as f:
            walked = set(re.findall(r'self\.walk\("(.*?)"\)', f.read()))
        self.assertEqual(walked, set(sections()))

    def test_the_commands_named_in_the_readme_are_there(self):
        with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as f:
            lists = re.findall(r"^build/dev/bin/o3 ((?:\w.*?)(?: \| .*)+)$", f.read(), re.M)
        self.assertGreaterEqual(len(lists), 2)
        for command in " | ".join(lists).split(" | "):
            words = [w for w in command.split() if w.islower()]
            flags = [w for w in words if w.startswith("-")]
            helped = self.s.cli(*[w for w in words if w not in flags], "--help")
            self.assertEqual(helped.returncode, EXIT_OK, command)
            for flag in flags:
                self.assertRegex(helped.stdout, rf"(?m)^\s*(-\w,)?{flag}\b|^\s*{flag},", command)

    def test_loops(self):
        (w, out), (_, status), (_, log) = self.walk("Loops")
        self.assertIn("successful", out)
        t = self.s.tasks(w)
        self.assertEqual([t[f"build[{i}]"]["value"]["name"] for i in range(3)], ["a", "b", "c"])
        self.assertEqual(t["build"]["outputs"]["results"], [t[f"build[{i}]"]["outputs"] for i in range(3)])
        self.assertEqual((t["build"]["outputs"]["states"], t["build"]["outputs"]["count"]), (["successful"] * 3, 3))
        self.assertLessEqual(min(t["build[0]"]["ended_at"], t["build[1]"]["ended_at"]), t["build[2]"]["started_at"])
        self.assertIn("task build[1]  successful", status)
        self.assertTrue(log and all(" task.build[1] " in line for line in log.splitlines()), log)

    def test_loops_over_what_is_no_list(self):
        for hosts, word in ((17, "gives a whole number"), ("abc", "gives text"), (True, "true/false"), (None, "null"), (list(range(10_001)), "10001 items")):
            w = self.s.submit("flow_hosts", {"hosts": hosts})["id"]
            self.assertEqual(self.s.ended(w)["state"], "failed")
            error = self.s.tasks(w)["build"]["error"]
            self.assertEqual(error["code"], "loop_invalid")
            self.assertIn(word, error["message"])
        w = self.s.submit("flow_hosts", {"hosts": [{"name": "a"}, {"nam": "b"}, {"name": "c"}]})["id"]
        self.assertEqual(self.s.ended(w)["state"], "failed")
        t = self.s.tasks(w)
        self.assertEqual([t[f"build[{i}]"]["state"] for i in range(3)], ["successful", "failed", "successful"])
        self.assertEqual((t["build"]["error"]["code"], t["build[1]"]["error"]["code"]), ("loop_failed", "output_missing"))
        self.assertEqual(t["register"]["state"], "skipped")

    def test_failure_and_the_end(self):
        (w, out), (_, why) = self.walk("Failure and the end")
        self.assertIn("no space left", out)
        self.assertIn("no space left", why)
        t = self.s.tasks(w)
        self.assertEqual({name: t[name]["state"] for name in t},
                         {"open": "successful", "work": "failed", "extra": "failed", "report": "skipped", "tell": "successful", "close": "successful"})
        self.assertLessEqual(t["work"]["ended_at"], t["tell"]["started_at"])
        self.assertLessEqual(t["tell"]["ended_at"], t["close"]["started_at"])
        self.assertEqual([t[name]["phase"] for name in ("open", "tell", "close")], ["main", "on_failure", "finally"])

    def test_time(self):
        (w, _), (_, status), (_, why) = self.walk("Time")
        t = self.s.tasks(w)
        self.assertEqual((t["shaky"]["state"], t["shaky"]["attempt"]), ("successful", 3))
        self.assertIn("attempt  3/4", status)
        self.assertEqual((t["hangs"]["state"], t["hangs"]["error"]["code"]), ("timeout", "task_timeout"))
        self.assertIn("[task_timeout]", why)

    def test_trying_again(self):
        (w, _), (_, status), (_, log), (_, why) = self.walk("Trying again")
        t = self.s.tasks(w)
        self.assertEqual((t["flaky"]["state"], t["flaky"]["attempt"], t["flaky"]["attempts_max"]), ("successful", 3, 4))
        self.assertIn("attempt  3/4", status)
        self.assertEqual((t["refused"]["state"], t["refused"]["attempt"]), ("failed", 1))
        self.assertIn("[target_refused]", why)
        self.assertEqual((t["stubborn"]["state"], t["stubborn"]["attempt"]), ("failed", 3))
        self.assertIn("retry 2 of 9", log)
        self.assertIn("attempts_max", log)

    def test_retry_rules_that_cannot_work_are_refused(self):
        for rule, pointer in (({"times": -1}, "times"), ({"times": 1, "on": ["unreachable"]}, "on/0"), ({"times": 1, "on": ["canceled"]}, "on/0"),
                              ({"times": 1, "delay_s": 9, "delay_max_s": 1}, "delay_max_s"), ({"times": 1, "jitter": 2}, "jitter")):
            doc = {"ref_name": "bad_retries", "schema_version": 2, "tasks": [{"ref_name": "a", "class": "noop", "input": {}, "retry": [rule]}]}
            reply = self.s.call("PUT", "/api/v1/template/bad_retries/", doc)
            self.assertEqual(reply.status, 422, reply)
            self.assertIn(f"/tasks/0/retry/0/{pointer}", [e["pointer"] for e in reply.json["errors"]])

    def test_workflows_that_run_workflows(self):
        (w, _), (joined, _) = self.walk("Workflows that run workflows")
        t = self.s.tasks(w)
        child = self.s.workflow(t["hosts"]["outputs"]["workflow_id"])
        self.assertEqual((child["template"], child["name"], child["trace_id"]), ("flow_hosts", "the hosts of a site", w))
        self.assertEqual((child["parent"]["workflow"], child["parent"]["root"], child["parent"]["depth"]), (w, w, 1))
        self.assertEqual(t["hosts"]["outputs"]["outputs"], child["outputs"])
        self.assertEqual(self.s.tasks(joined)["other"]["outputs"]["workflow_id"], w)

    def test_running_again(self):
        walked = self.walk("Running again")
        (w, _), (_, plan), (_, _) = walked[:3]
        lines = {line.split()[1]: line for line in plan.splitlines()[1:]}
        self.assertEqual(sorted(lines), ["close", "extra", "open", "report", "tell", "work"])
        self.assertIn("stays", lines["open"])
        for name in ("work", "extra", "report", "close"):
            self.assertIn("runs again", lines[name])
        self.assertEqual(self.s.ended(w)["state"], "successful")
        t = self.s.tasks(w)
        self.assertEqual({name: (t[name]["state"], t[name]["attempt"]) for name in t},
                         {"open": ("successful", 1), "work": ("successful", 1), "extra": ("failed", 2), "report": ("successful", 1),
                          "tell": ("skipped", 1), "close": ("successful", 2)})
        self.assertEqual(t["work"]["outputs"], {"attempts": 1})
        (hosts, _), _, _, (_, diff), _ = walked[3:]
        self.assertIn("replace /workflow/hosts/1/name = \"x\"", diff)
        self.assertEqual((self.s.ended(hosts)["state"], self.s.workflow(hosts)["revision"]), ("successful", 2))
        t = self.s.tasks(hosts)
        self.assertEqual([(t[f"build[{i}]"]["value"]["name"], t[f"build[{i}]"]["state"]) for i in range(2)], [("a", "successful"), ("x", "successful")])
        self.assertEqual(t["build[1]"]["attempt"], 2)

    def test_pausing_and_why(self):
        walked = self.walk("Pausing, and why something waits")
        w = walked[0][0]
        self.assertIn("is paused", walked[1][1])
        self.assertIn("[paused] paused by admin: change freeze", walked[2][1])
        self.assertEqual(self.s.ended(w)["state"], "successful")
        w = self.s.submit("flow_slow")["id"]
        self.s.call("POST", f"/api/v1/workflow/{w}/pause/", {"reason": "change freeze"})
        until(lambda: self.s.tasks(w)["wait"]["state"] == "successful", "what runs goes on")
        document = self.s.workflow(w)
        self.assertEqual((document["state"], document["paused"]["reason"]), ("waiting", "change freeze"))
        self.assertEqual(self.s.tasks(w)["then"]["state"], "created")
        self.s.call("POST", f"/api/v1/workflow/{w}/resume/")
        self.assertEqual(self.s.ended(w)["state"], "successful")


if __name__ == "__main__":
    main()

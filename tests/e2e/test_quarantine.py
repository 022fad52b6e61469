"""Crashes of the process itself: who is parked, who goes on, and the release. Runs `o3_crashing`, which is `o3` with a
task class that crashes it (crashing/main.cpp); O3_CRASHING names it."""
import json
import os
import signal

import o3proc
from o3proc import EXIT_FAILED, EXIT_OK, EXIT_STORE, O3Test, main, task, template, until

o3proc.PROGRAM = os.environ.get("O3_CRASHING") or os.path.join(
    os.path.dirname(o3proc.PROGRAM), "..", "tests", "e2e", "o3_crashing")


class Quarantine(O3Test):
    def setUp(self):
        self.s = self.server()
        self.file = os.path.join(self.s.root, "crash-while-this-exists")
        self.broken()

    def broken(self):
        with open(self.file, "w", encoding="ascii"):
            pass

    def mended(self):
        os.remove(self.file)

    def crashing(self, name="poison", how="segv", wait=False):
        """Submits a workflow that crashes the server soon after."""
        self.s.put_template(template(name, task("a"), task("x", "test.crash", ["a"], input={
            "how": how, "file": self.file, "wait": wait}), task("z", depends_on=["x"])))
        return self.s.submit(name)["id"]

    def notes(self):
        with open(os.path.join(self.s.data, "crashes"), encoding="ascii") as f:
            return f.read().splitlines()

    def crashes(self, times, code=-signal.SIGSEGV):
        for _ in range(times):
            self.s.start()
            self.assertEqual(self.s.wait_exit(), code, self.s.said())

    def quarantined(self):
        listed = self.s.cli("quarantine", "ls", "--json")
        self.assertEqual(listed.returncode, EXIT_OK, listed)
        return [w["id"] for line in listed.stdout.splitlines() for w in json.loads(line)["items"]]

    def test_after_three_crashes_the_server_runs_without_it_and_a_release_runs_it(self):
        self.s.start().ready()
        self.s.put_template(template("slow", task("a"), task("t", "timer", ["a"], input={"for": 2})))
        good, bad = self.s.submit("slow")["id"], self.crashing()
        self.assertEqual(self.s.wait_exit(), -signal.SIGSEGV)
        self.crashes(2)
        self.assertEqual(self.notes(), [bad + " 11"] * 3)
        self.s.start().ready()
        self.assertEqual(self.s.ended(good)["state"], "successful")
        self.assertEqual(self.s.ended(self.s.submit("three_noops")["id"])["state"], "successful")
        document = self.s.workflow(bad)
        self.assertEqual((document["state"], document["why"][0]["code"]), ("needs_operator", "quarantined"))
        self.assertIn("3 crashes", document["why"][0]["text"])
        self.assertIn("SIGSEGV", document["why"][0]["text"])
        self.assertEqual(self.quarantined(), [bad])
        self.assertIn(bad, self.s.cli("quarantine", "ls").stdout)
        self.assertIn("quarantine: workflow " + bad, self.s.cli("doctor").stdout)
        self.assertIn("3 crashes", self.s.cli("status", bad).stdout)
        self.s.kill()
        self.s.start().ready()
        self.assertEqual(self.quarantined(), [bad])
        self.mended()
        released = self.s.cli("quarantine", "release", bad)
        self.assertEqual(released.returncode, EXIT_OK, released)
        self.assertEqual(self.s.ended(bad)["state"], "successful")
        self.assertEqual([t["attempt"] for t in self.s.tasks(bad).values()], [1, 1, 1])
        self.assertEqual(self.quarantined(), [])
        self.assertIn("quarantine: empty", self.s.cli("doctor").stdout)
        self.assertEqual(self.s.cli("quarantine", "release", bad).returncode, EXIT_FAILED)

    def test_two_that_crash_are_both_parked_and_a_release_that_crashes_did_not_happen(self):
        self.s.start().ready()
        bad = [self.crashing("one"), self.crashing("two", "abort")]
        self.s.wait_exit()
        for _ in range(6):
            self.s.start()
            if self.parked_or_gone(bad):
                break
        self.assertEqual(set(self.quarantined()), set(bad))
        for w in bad:
            self.assertEqual(self.notes().count(w + " 00"), 1)
        with self.assertRaises((OSError, o3proc.http.client.HTTPException)):
            self.s.call("POST", f"/api/v1/workflow/{bad[0]}/release/")
        self.assertEqual(self.s.wait_exit(), -signal.SIGSEGV)
        self.s.start().ready()
        self.assertEqual(set(self.quarantined()), set(bad))
        self.mended()
        for w in bad:
            self.assertEqual(self.s.call("POST", f"/api/v1/workflow/{w}/release/").status, 200)
            self.assertEqual(self.s.ended(w)["state"], "successful")

    def parked_or_gone(self, bad):
        """True once the server is up with all of them parked; else waits for its crash."""
        try:
            self.s.ready()
            if all(self.s.workflow(w)["state"] == "needs_operator" for w in bad):
                return True
        except (AssertionError, OSError, o3proc.http.client.HTTPException):
            pass
        self.s.wait_exit()
        return False

    def test_every_way_to_crash_is_noted(self):
        for how, code in (("abort", signal.SIGABRT), ("terminate", signal.SIGABRT), ("overflow", signal.SIGSEGV)):
            with self.subTest(how):
                self.s = self.server()
                self.s.start().ready()
                bad = self.crashing(how=how)
                self.assertEqual(self.s.wait_exit(), -code)
                self.assertEqual(self.notes(), [f"{bad} {code:02}"])

    def test_what_is_no_crash_of_the_process_itself_parks_nobody(self):
        self.mended()
        self.s.start().ready()
        held = self.crashing("held", wait=True)
        for end in [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT] * 2:
            until(lambda: self.s.tasks(held)["x"]["wake_at"], "it is in hand")
            self.s.process.send_signal(end)
            self.assertEqual(self.s.wait_exit(), -end)
            self.s.start().ready()
        self.assertEqual(self.s.call("POST", f"/api/v1/workflow/{held}/cancel/").status, 202)
        self.s.ended(held)
        self.broken()
        exiting = self.crashing("exiting", "exit")
        self.assertEqual(self.s.wait_exit(), EXIT_STORE)
        self.crashes(3, EXIT_STORE)
        self.assertEqual(self.notes(), [])
        self.mended()
        self.s.start().ready()
        self.assertEqual(self.s.ended(exiting)["state"], "successful")

    def test_a_calm_time_and_an_end_make_earlier_crashes_count_no_more(self):
        self.s.arguments = ["--set", "engine.crash_calm_s=1"]
        self.s.start().ready()
        bad = self.crashing(wait=True)
        self.s.wait_exit()
        self.crashes(1)
        self.mended()
        self.s.start().ready()
        until(lambda: self.notes() == [], "the notes are empty")
        self.broken()
        self.s.wait_exit()
        self.s.arguments = []
        self.crashes(1)
        self.assertEqual(self.notes(), [bad + " 11"] * 2)
        self.mended()
        self.s.start().ready()
        self.assertEqual(self.s.call("POST", f"/api/v1/workflow/{bad}/cancel/").status, 202)
        self.s.ended(bad)
        until(lambda: self.notes() == [bad + " 11"] * 2 + [bad + " 00"], "its end is noted")


if __name__ == "__main__":
    main()

"""kill -9, SIGTERM, restarts: what was accepted goes on, what ended stays as it was."""
import http.client
import os
import signal
import threading

from o3proc import EXIT_OK, Client, O3Test, main, request_for, task, template, until


def gone(pid):
    """A process that ended; one that waits for its parent to notice has ended too."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


class Crash(O3Test):
    def restarted(self, s):
        s.kill()
        return s.start().ready()

    def waiting_at(self, s, workflow, name):
        """The task once it waits for its time."""
        def check():
            t = s.tasks(workflow)[name]
            return t if t["state"] == "running" and t["wake_at"] else None
        return until(check, f"{name} waits")

    def in_a_worker(self, s, workflow, name):
        def check():
            return [w["code"] for w in s.tasks(workflow)[name]["why"]] == ["worker"]
        until(check, f"a worker runs {name}")

    def test_a_killed_server_goes_on_and_repeats_nothing(self):
        s = self.serving()
        s.put_template(template("steps", task("a"), task("w", "timer", ["a"], input={"for": 1.5}), task("z", depends_on=["w"])))
        workflow = s.submit("steps", ref="goes-on")["id"]
        before = s.tasks(workflow)
        due = self.waiting_at(s, workflow, "w")["wake_at"]
        self.restarted(s)
        after = s.tasks(workflow)
        self.assertEqual(after["a"], before["a"])
        self.assertEqual((after["w"]["wake_at"] or due, after["w"]["attempt"]), (due, 1))
        self.assertEqual(s.ended(workflow)["state"], "successful")
        after = s.tasks(workflow)
        self.assertEqual(after["a"], before["a"])
        self.assertGreaterEqual(after["w"]["ended_at"], due)
        self.assertEqual([t["attempt"] for t in after.values()], [1, 1, 1])
        events = s.cli("events", workflow).stdout.splitlines()
        self.assertEqual([sum(" task.ended " + name + " " in e for e in events) for name in "awz"], [1, 1, 1])

    def test_an_ended_workflow_is_the_same_after_every_restart(self):
        s = self.serving()
        workflow = s.submit("three_noops")["id"]
        document, tasks = s.ended(workflow), s.tasks(workflow)
        for end in (s.kill, s.stop, s.kill):
            end()
            s.start().ready()
            self.assertEqual((s.workflow(workflow), s.tasks(workflow)), (document, tasks))

    def test_what_was_acknowledged_survives_a_kill_right_after_the_answer(self):
        s = self.serving()
        for n in range(5):
            answer = s.submit("three_noops", ref=f"acknowledged-{n}")
            s.kill()
            s.start().ready()
            self.assertEqual(s.ended(answer["id"])["state"], "successful")
            self.assertEqual(s.submit("three_noops", ref=f"acknowledged-{n}")["id"], answer["id"])

    def test_retries_are_counted_across_a_kill(self):
        s = self.serving()
        s.put_template(template("again", task("f", "fail", input={"tries": 2}, retry=[{"times": 2, "delay_s": 0.7}]), version=2))
        workflow = s.submit("again")["id"]
        until(lambda: s.tasks(workflow)["f"]["attempt"] == 1 and s.tasks(workflow)["f"]["state"] == "waiting", "the first attempt failed")
        self.restarted(s)
        self.assertEqual(s.ended(workflow)["outputs"], {"f": {"attempts": 3}})

    def test_a_task_in_a_worker_process_goes_on_after_a_kill(self):
        s = self.serving()
        s.put_template(template("outside", task("w", "worker.noop", input={"runtime_delay": 0.8}), task("z", depends_on=["w"])))
        workflow = s.submit("outside")["id"]
        workers = until(s.children, "there are workers")
        self.in_a_worker(s, workflow, "w")
        s.kill()
        for pid in workers:
            until(lambda pid=pid: gone(pid), f"worker {pid} ends with its server")
        s.start().ready()
        self.assertEqual(s.ended(workflow)["state"], "successful")

    def test_a_killed_worker_is_replaced_and_its_task_is_done(self):
        s = self.serving("--set", "workers.count=1")
        s.put_template(template("outside", task("w", "worker.noop", input={"runtime_delay": 1})))
        workflow = s.submit("outside")["id"]
        first, = until(s.children, "there is a worker")
        until(lambda: f"pid={first}" in s.stderr, "the worker is ready")
        self.in_a_worker(s, workflow, "w")
        os.kill(first, signal.SIGKILL)
        self.assertEqual(s.ended(workflow)["state"], "successful")
        self.assertEqual(s.tasks(workflow)["w"]["attempt"], 2)
        self.assertNotIn(first, s.children())

    def test_a_parked_timer_wakes_on_time_after_a_restart(self):
        s = self.serving()
        s.put_template(template("parked", task("w", "timer", input={"for": "${workflow.input.seconds}"})))
        short = s.submit("parked", {"seconds": 2.5})["id"]
        long = s.submit("parked", {"seconds": 3600})["id"]
        due = self.waiting_at(s, short, "w")["wake_at"]
        until(lambda: s.get("/info/")["live"] == 0, "both are parked: no actor is left")
        self.restarted(s)
        self.assertEqual(s.ended(short)["state"], "successful")
        self.assertGreaterEqual(s.tasks(short)["w"]["ended_at"], due)
        self.assertLess(s.tasks(short)["w"]["attempt"], 2)
        self.assertIn(s.workflow(long)["state"], ("running", "waiting"))

    def test_a_timer_that_was_due_while_the_server_was_down_fires_at_the_start(self):
        s = self.serving()
        s.put_template(template("parked", task("w", "timer", input={"for": 0.3})))
        workflow = s.submit("parked")["id"]
        s.kill()
        # Down until its time has passed for certain: another server's timer, submitted later, is the clock.
        clock = self.serving()
        clock.put_template(template("parked", task("w", "timer", input={"for": 0.4})))
        clock.ended(clock.submit("parked")["id"])
        s.start().ready()
        self.assertEqual(s.ended(workflow)["state"], "successful")
        self.assertEqual(s.tasks(workflow)["w"]["attempt"], 1)

    def test_a_cancel_that_was_acknowledged_is_not_forgotten(self):
        s = self.serving()
        s.put_template(template("parked", task("w", "timer", input={"for": 3600})))
        workflow = s.submit("parked")["id"]
        self.assertIn(s.call("POST", f"/api/v1/workflow/{workflow}/cancel/").status, (200, 202))
        self.restarted(s)
        self.assertEqual(s.ended(workflow)["state"], "canceled")


class Stop(O3Test):
    def test_sigterm_under_load_settles_within_ten_seconds_and_loses_nothing(self):
        s = self.serving()
        s.put_template(template("mixed", task("a"), task("w", "timer", ["a"], input={"for": 1}), task("o", "worker.noop", ["a"]),
                                task("z", depends_on=["w", "o"])))
        ids = [s.submit("mixed")["id"] for _ in range(50)]
        self.assertEqual(s.stop(10), EXIT_OK)
        self.assertIn("stopped after", s.stderr)
        s.start().ready()
        for workflow in ids:
            self.assertEqual(s.ended(workflow)["state"], "successful")
            self.assertEqual({t["attempt"] for t in s.tasks(workflow).values()} - {1}, set())

    def test_sigterm_ends_open_streams_and_waits(self):
        s = self.serving()
        s.put_template(template("parked", task("w", "timer", input={"for": 3600})))
        workflow = s.submit("parked")["id"]
        stream = http.client.HTTPConnection("127.0.0.1", s.port, timeout=30)
        self.addCleanup(stream.close)
        stream.request("GET", f"/api/v1/workflow/{workflow}/events/", headers={"Authorization": f"Bearer {s.token}"})
        answer = stream.getresponse()
        self.assertTrue(answer.readline().startswith(b"id:"))
        waiting = []
        waiter = threading.Thread(target=lambda: waiting.append(
            Client(s.port, s.token).call("POST", "/api/v1/workflow/submit/", request_for("parked", ref="waits"), {"Prefer": "wait=60"})))
        waiter.start()
        until(lambda: len(s.get("/workflow/")["items"]) == 2, "the second is accepted")
        self.assertEqual(s.stop(10), EXIT_OK)
        waiter.join(10)
        self.assertEqual(waiting[0].status, 202, waiting[0])
        self.assertEqual(waiting[0].json["ref"], "waits")
        try:
            answer.read()
        except (OSError, http.client.IncompleteRead):
            pass  # the connection may be cut, but it must not stay open
        self.assertFalse(os.path.exists(os.path.join(s.data, "listen")))

    def test_sigterm_at_any_moment_of_the_start_ends_it_cleanly(self):
        s = self.serving()
        workflow = s.submit("three_noops")["id"]
        document = s.ended(workflow)
        s.stop()
        # Moments of the start that can be seen from outside, the earliest first.
        marks = [lambda: s.process.poll() is None, lambda: s.stdout or s.stderr, lambda: "loaded" in s.stderr, lambda: "listens" in s.stdout]
        for mark in marks:
            s.start()
            until(lambda mark=mark: s.process.poll() is not None or mark(), "the start gets so far")
            code = s.stop(10)
            # Before the program has taken over its signals, SIGTERM ends it the kernel's way.
            self.assertIn(code, (EXIT_OK, -signal.SIGTERM), s.said())
        s.start().ready()
        self.assertEqual(s.workflow(workflow), document)

    def test_sigint_stops_like_sigterm(self):
        s = self.serving()
        s.process.send_signal(signal.SIGINT)
        self.assertEqual(s.wait_exit(10), EXIT_OK)


if __name__ == "__main__":
    main()

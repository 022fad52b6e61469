"""Schedules and calendars as their page shows them, on the real program and its real clock."""
import datetime
import os
import re
import sqlite3

from o3proc import SOURCE, O3Test, main, task, template, until

EXAMPLES = os.path.join(SOURCE, "config", "examples", "schedules")


def commands():
    """The lines of the page's first block, as arguments; files by their full path."""
    with open(os.path.join(EXAMPLES, "README.md"), encoding="utf-8") as f:
        block = f.read().split("```")[1]
    lines = [line.split() for line in block.strip().splitlines()]
    assert lines and all(line[0] == "o3" for line in lines)
    return [[os.path.join(EXAMPLES, word) if word.endswith(".json") else word for word in line[1:]] for line in lines]


def utc(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def at_once(name, tpl, seconds, **more):
    return {"name": name, "at": utc(seconds), "request": {"workflow": {"meta": {"template": tpl}}, "schema_version": 2}, **more}


class Schedule(O3Test):
    def setUp(self):
        self.s = self.serving()

    def put(self, kind, document):
        reply = self.s.call("PUT", f"/api/v1/{kind}/{document['name']}/", document)
        self.assertEqual(reply.status, 200, reply)
        return reply.json

    def runs(self, name):
        return [w for w in self.s.get("/workflow/?limit=200")["items"] if w["ref"].startswith(f"sched:{name}:")]

    def test_the_page_works_as_it_stands(self):
        said = {}
        for line in commands():
            done = self.s.cli(*line)
            self.assertEqual(done.returncode, 0, f"{line}: {done.stdout}{done.stderr}")
            said[" ".join(line[:2])] = done.stdout
            if line[:2] == ["schedule", "next"]:
                planned = re.findall(r"^  (\S+Z)", done.stdout, re.M)
                self.assertEqual(len(planned), 5)
                self.assertTrue(all(re.search(r"T0[01]:30:00", at) for at in planned), planned)
        self.assertIn("every_minute", said["schedule ls"])
        self.assertIn("nightly", said["schedule ls"])
        self.assertEqual([i["name"] for i in self.s.get("/schedule/")["items"]], ["every_minute"])
        self.assertEqual(self.s.get("/calendar/")["items"], [])

    def test_a_run_starts_at_its_time_once_though_the_server_is_killed(self):
        self.put("schedule", at_once("soon", "three_noops", 3))
        self.s.kill()
        self.s.start().ready()
        found = until(lambda: self.runs("soon"), "the run has started")
        self.assertEqual(len(found), 1)
        self.assertEqual(self.s.ended(found[0]["id"])["state"], "successful")
        self.s.kill()
        self.s.start().ready()
        until(lambda: self.s.get("/schedule/soon/")["active"] is None, "the schedule knows of the end")
        self.assertEqual(len(self.runs("soon")), 1)
        shown = self.s.get("/schedule/soon/")
        self.assertEqual((shown["started"], shown["next_at"]), (1, None))

    def test_work_waits_for_its_calendar_and_says_so_through_a_restart(self):
        self.put("calendar", {"name": "gate", "blackout": ["2020-01-01/2099-01-01"]})
        self.s.put_template(template("held", task("a"), version=2, calendars=["gate"]))
        held = self.s.submit("held")["id"]
        until(lambda: self.s.workflow(held)["state"] == "waiting", "it waits")
        said = self.s.cli("why", held).stdout
        self.assertIn("[window]", said)
        self.assertEqual(self.s.workflow(held)["why"][0]["code"], "window")
        self.s.kill()
        self.s.start().ready()
        self.assertEqual(self.s.workflow(held)["state"], "waiting")
        self.put("calendar", {"name": "gate"})
        self.assertEqual(self.s.ended(held)["state"], "successful")

    def test_bad_schedules_are_refused_with_every_reason(self):
        bad = at_once("p", "nothing", -10, zone="Mars/Base", overlap="wait", calendars=["none"])
        document = self.assert_problem(self.s.call("POST", "/api/v1/schedule/", bad), 422, "validation_failed")
        self.assertEqual({e["pointer"]: e["code"] for e in document["errors"]},
                         {"/at": "bad_schedule", "/zone": "unknown_zone", "/overlap": "bad_value", "/calendars/0": "unknown_calendar",
                          "/request/workflow/meta/template": "unknown_template"})
        for line in ("61 * * * *", "* * * *", "0 0 30 2 *", "*/0 * * * *", "5-1 * * * *", "@reboot", ""):
            bad = {"name": "p", "cron": line, "request": {"workflow": {"meta": {"template": "three_noops"}}}}
            document = self.assert_problem(self.s.call("POST", "/api/v1/schedule/", bad), 422, "validation_failed")
            self.assertEqual([(e["pointer"], e["code"]) for e in document["errors"]], [("/cron", "bad_schedule")], line)
            self.assertTrue(all(e["hint"] for e in document["errors"]), (line, document))
        bad = at_once("p", "three_noops", 60, at="2027-02-30T00:00:00Z", zone="europe/berlin")
        document = self.assert_problem(self.s.call("PUT", "/api/v1/schedule/p/", bad), 422, "validation_failed")
        self.assertEqual({e["pointer"]: e["code"] for e in document["errors"]}, {"/at": "bad_schedule", "/zone": "unknown_zone"})
        self.assertTrue(all(e["hint"] for e in document["errors"]), document)
        self.assertEqual(self.s.get("/schedule/")["items"], [])

    def test_what_was_answered_is_there_after_a_kill(self):
        self.put("calendar", {"name": "gate", "blackout": ["2020-01-01/2099-01-01"]})
        self.put("schedule", at_once("kept", "three_noops", 3600, calendars=["gate"]))
        self.put("schedule", at_once("gone", "three_noops", 3600))
        self.assertEqual(self.s.call("POST", "/api/v1/schedule/kept/pause/").status, 200)
        self.assertEqual(self.s.call("DELETE", "/api/v1/schedule/gone/").status, 204)
        self.s.kill()
        self.s.start().ready()
        self.assertEqual([(i["name"], i["paused"], i["problem"]) for i in self.s.get("/schedule/")["items"]], [("kept", True, None)])
        self.assertFalse(self.s.get("/calendar/gate/")["open"])

    def test_a_schedule_that_cannot_run_says_so(self):
        self.s.put_template(template("leaves", task("a")))
        self.put("schedule", at_once("orphan", "leaves", 3600))
        self.assertEqual(self.s.call("DELETE", "/api/v1/template/leaves/").status, 204)
        self.assertIn("unknown_template", self.s.cli("schedule", "ls").stdout)
        self.assertIn("why [unknown_template] there is no template 'leaves'", self.s.cli("schedule", "show", "orphan").stdout)
        self.s.put_template(template("leaves", task("a")))
        self.assertIsNone(self.s.get("/schedule/orphan/")["problem"])
        self.s.kill()
        db = sqlite3.connect(os.path.join(self.s.data, "o3.db"))
        with db:
            self.assertEqual(db.execute("UPDATE document SET body = '{}' WHERE kind = 'schedule'").rowcount, 1)
        db.close()
        self.s.start().ready()
        self.assertEqual([(i["name"], i["problem"]["code"]) for i in self.s.get("/schedule/")["items"]], [("orphan", "store_corrupt")])
        self.assertEqual(self.s.get("/schedule/orphan/")["why"][0]["code"], "store_corrupt")
        self.assert_problem(self.s.call("POST", "/api/v1/schedule/", at_once("orphan", "leaves", 3600)), 409, "conflict")
        self.assertEqual(self.s.call("DELETE", "/api/v1/schedule/orphan/").status, 204)
        self.assertEqual(self.s.get("/schedule/")["items"], [])

    def test_a_rerun_keeps_the_time_it_was_to_start_at(self):
        request = {"workflow": {"meta": {"template": "three_noops"}, "schedule": {"when": "at", "start": utc(3600)}}, "schema_version": 2}
        reply = self.s.call("POST", "/api/v1/workflow/submit/", request)
        self.assertEqual((reply.status, reply.json["state"]), (202, "scheduled"), reply)
        held = reply.json["id"]
        self.assertEqual(self.s.cli("cancel", held).returncode, 0)
        self.assertEqual(self.s.ended(held)["state"], "canceled")
        self.assertIn("--now starts it at once", self.s.cli("rerun", held, "--dry-run").stdout)
        self.assertEqual(self.s.cli("rerun", held).returncode, 0)
        self.s.kill()
        self.s.start().ready()
        self.assertEqual(self.s.workflow(held)["state"], "scheduled")
        self.assertEqual(self.s.cli("cancel", held).returncode, 0)
        self.assertEqual(self.s.ended(held)["state"], "canceled")
        done = self.s.cli("rerun", held, "--now")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.s.ended(held)["state"], "successful")


if __name__ == "__main__":
    main()

"""Idempotency, Prefer: wait, cancel of what has ended, and event streams that resume without a gap or a double."""
import http.client
import json
import socket
import threading

from o3proc import ENDED, O3Test, Server, main, request_for, task, template, until

SUBMIT = "/api/v1/workflow/submit/"


class Stream:
    """A reader of server-sent events; `read` returns (id, event, data) until the server ends the stream."""

    def __init__(self, server, path, last_id=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        head = {"Authorization": f"Bearer {server.token}", "Accept": "text/event-stream"}
        if last_id is not None:
            head["Last-Event-ID"] = last_id
        self.connection.request("GET", "/api/v1" + path, headers=head)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.status

    def read(self):
        held = {}
        for line in iter(self.answer.readline, b""):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name and not line.startswith(b":"):
                held[name] = value
            elif held:
                return held.get("id"), held.get("event"), json.loads(held["data"])
        return None

    def all(self):
        """Every event but the last word, which must be 'end'."""
        found = []
        while (e := self.read()) and e[1] != "end":
            found.append(e)
        assert e and e[1] == "end", "the stream broke off without its last word"
        return found

    def close(self):
        self.connection.close()


class Api(O3Test):
    @classmethod
    def setUpClass(cls):
        cls.s = Server().start().ready()
        cls.addClassCleanup(cls.s.close)
        cls.s.put_template(template("slow", task("w", "timer", input={"for": "${workflow.input.seconds}"}), task("z", depends_on=["w"])))

    def stream(self, path, last_id=None):
        s = Stream(self.s, path, last_id)
        self.addCleanup(s.close)
        return s


class Idempotency(Api):
    def test_a_repeated_ref_answers_the_first_workflow_with_its_state_now(self):
        body = request_for("slow", {"seconds": 0.2}, "repeated")
        first = self.s.call("POST", SUBMIT, body)
        self.assertEqual((first.status, first.headers.get("Idempotency-Replayed")), (202, None))
        self.s.ended(first.json["id"])
        # The same document in another order of keys and with other blanks is the same request.
        second = self.s.call("POST", SUBMIT, json.dumps(dict(reversed(body.items())), indent=3).encode())
        self.assertEqual((second.status, second.headers["Idempotency-Replayed"]), (200, "true"))
        self.assertEqual((second.json["id"], second.json["state"]), (first.json["id"], "successful"))

    def test_a_repeated_ref_with_another_body_is_refused(self):
        self.s.submit("three_noops", ref="taken")
        self.assert_problem(self.s.call("POST", SUBMIT, request_for("three_noops", {"x": 1}, "taken")), 422, "idempotency_mismatch")
        self.assertEqual(len(self.s.get("/workflow/?ref=taken")["items"]), 1)

    def test_the_key_of_the_header_wins_and_makes_the_ref_a_label(self):
        first = self.s.submit("three_noops", ref="label", Idempotency_Key="key-1")
        second = self.s.submit("three_noops", ref="label", Idempotency_Key="key-2")
        self.assertNotEqual(first["id"], second["id"])
        self.assertEqual(self.s.submit("three_noops", ref="label", Idempotency_Key="key-1")["id"], first["id"])
        self.assert_problem(self.s.call("POST", SUBMIT, request_for("three_noops", ref="other"), {"Idempotency-Key": "key-1"}),
                            422, "idempotency_mismatch")

    def test_without_ref_and_key_every_request_is_new(self):
        self.assertNotEqual(self.s.submit("three_noops")["id"], self.s.submit("three_noops")["id"])

    def test_many_at_once_with_one_ref_are_one_workflow(self):
        ids, body = [], json.dumps(request_for("three_noops", ref="stampede")).encode()
        def post():
            from o3proc import Client
            c = Client(self.s.port, self.s.token)
            ids.append(c.call("POST", SUBMIT, body).json.get("id"))
            c.close()
        threads = [threading.Thread(target=post) for _ in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual((len(ids), len(set(ids)), len(self.s.get("/workflow/?ref=stampede")["items"])), (16, 1, 1), ids)

    def test_keys_survive_a_kill(self):
        s = self.serving()
        first = s.submit("three_noops", ref="kept")
        s.kill()
        s.start().ready()
        self.assertEqual(s.submit("three_noops", ref="kept")["id"], first["id"])
        self.assert_problem(s.call("POST", SUBMIT, request_for("three_noops", {"x": 1}, "kept")), 422, "idempotency_mismatch")


class Waiting(Api):
    def test_prefer_wait_answers_when_the_workflow_ended(self):
        reply = self.s.call("POST", SUBMIT, request_for("slow", {"seconds": 0.3}), {"Prefer": "wait=30"})
        self.assertEqual((reply.status, reply.headers["Preference-Applied"]), (200, "wait=30"), reply)
        self.assertEqual((reply.json["state"], list(reply.json["outputs"])), ("successful", ["w", "z"]))

    def test_prefer_wait_answers_202_when_the_time_is_over(self):
        reply = self.s.call("POST", SUBMIT, request_for("slow", {"seconds": 3600}), {"Prefer": "wait=1"})
        self.assertEqual(reply.status, 202, reply)
        self.assertNotIn(reply.json["state"], ENDED)
        self.assertIn("/workflow/" + reply.json["id"], reply.headers["Location"])

    def test_a_waiter_that_hangs_up_does_not_matter(self):
        body = json.dumps(request_for("slow", {"seconds": 1}, "hung-up")).encode()
        with socket.create_connection(("127.0.0.1", self.s.port)) as c:
            c.sendall(f"POST {SUBMIT} HTTP/1.1\r\nHost: o3\r\nAuthorization: Bearer {self.s.token}\r\nContent-Type: application/json\r\n"
                      f"Prefer: wait=60\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            row, = until(lambda: self.s.get("/workflow/?ref=hung-up")["items"], "it is accepted")
        self.assertEqual(self.s.ended(row["id"])["state"], "successful")


class Cancel(Api):
    def cancel(self, workflow, body=None, query=""):
        return self.s.call("POST", f"/api/v1/workflow/{workflow}/cancel/{query}", body)

    def test_cancel_is_accepted_once_and_then_repeated(self):
        workflow = self.s.submit("slow", {"seconds": 3600})["id"]
        self.assertEqual(self.cancel(workflow, {"reason": "wrong machine"}).status, 202)
        document = self.s.ended(workflow)
        self.assertEqual(document["state"], "canceled")
        self.assertIn("wrong machine", document["why"][0]["text"])
        again = self.cancel(workflow)
        self.assertEqual((again.status, again.json["state"]), (200, "canceled"))
        self.assertEqual(self.s.workflow(workflow), document)
        self.assertEqual({t["state"] for t in self.s.tasks(workflow).values()}, {"canceled"})

    def test_cancel_of_what_has_ended_otherwise_is_refused(self):
        workflow = self.s.submit("three_noops")["id"]
        document = self.s.ended(workflow)
        self.assert_problem(self.cancel(workflow), 409, "workflow_ended")
        self.assert_problem(self.cancel(workflow, query="?force=true"), 409, "workflow_ended")
        self.assertEqual(self.s.workflow(workflow), document)

    def test_cancel_of_nothing_and_with_a_bad_body_is_refused(self):
        self.assert_problem(self.cancel("0" * 32), 404, "not_found")
        workflow = self.s.submit("slow", {"seconds": 3600})["id"]
        self.assert_problem(self.cancel(workflow, {"reasn": ""}), 422, "unknown_key")
        self.assert_problem(self.cancel(workflow, {"reason": 7}), 422, "wrong_type")
        self.assertNotIn(self.s.workflow(workflow)["state"], ENDED)
        self.assertEqual(self.cancel(workflow).status, 202)


class Events(Api):
    def events_of(self, workflow):
        return self.stream(f"/workflow/{workflow}/events/?follow=false").all()

    def test_a_stream_ends_with_the_workflow(self):
        workflow = self.s.submit("slow", {"seconds": 0.5})["id"]
        live = self.stream(f"/workflow/{workflow}/events/").all()
        self.assertEqual((live[0][1], live[-1][1]), ("workflow.accepted", "workflow.ended"))
        self.assertEqual(live, self.events_of(workflow))
        self.assertEqual(len({e[0] for e in live}), len(live))

    def test_resuming_after_any_event_gives_exactly_the_rest(self):
        workflow = self.s.submit("slow", {"seconds": 0.1})["id"]
        self.s.ended(workflow)
        everything = self.events_of(workflow)
        self.assertGreater(len(everything), 4)
        for n, (last, _, _) in enumerate(everything):
            self.assertEqual(self.stream(f"/workflow/{workflow}/events/", last).all(), everything[n + 1:])
            self.assertEqual(self.stream(f"/workflow/{workflow}/events/?after={last}").all(), everything[n + 1:])

    def test_a_client_that_loses_the_stream_after_each_event_sees_each_once(self):
        self.s.put_template(template("ten", *(task(f"t{n}", "timer", [f"t{n - 1}"] if n else [], input={"for": 0.05}) for n in range(10))))
        workflow = self.s.submit("ten")["id"]
        seen = []
        while True:
            s = Stream(self.s, f"/workflow/{workflow}/events/", seen[-1][0] if seen else None)
            e = s.read()
            s.close()
            if e[1] == "end":
                break
            seen.append(e)
        self.assertEqual(seen, self.events_of(workflow))
        self.assertEqual([e[2]["task"] for e in seen if e[1] == "task.ended"], [f"t{n}" for n in range(10)])

    def test_resuming_across_a_kill_gives_no_gap_and_no_double(self):
        s = self.serving()
        s.put_template(template("three", *(task(f"t{n}", "timer", [f"t{n - 1}"] if n else [], input={"for": 0.4}) for n in range(3))))
        workflow = s.submit("three")["id"]
        first = Stream(s, f"/workflow/{workflow}/events/")
        seen = []
        while not seen or seen[-1][1] != "task.ended":
            seen.append(first.read())
        s.kill()
        first.close()
        s.start().ready()
        rest = Stream(s, f"/workflow/{workflow}/events/", seen[-1][0])
        seen += rest.all()
        rest.close()
        whole = Stream(s, f"/workflow/{workflow}/events/?follow=false")
        self.assertEqual(seen, whole.all())
        whole.close()
        self.assertEqual([e[2]["task"] for e in seen if e[1] == "task.ended"], ["t0", "t1", "t2"])

    def test_the_stream_of_everything_resumes_as_well(self):
        everything = self.stream("/events/")
        ids = [self.s.submit("three_noops")["id"] for _ in range(5)]
        seen = []
        while len([e for e in seen if e[1] == "workflow.ended" and e[2]["workflow"] in ids]) < 5:
            seen.append(everything.read())
        everything.close()
        self.assertEqual(len({e[0] for e in seen}), len(seen))
        middle = len(seen) // 2
        again = self.stream("/events/", seen[middle][0])
        self.assertEqual([again.read() for _ in seen[middle + 1:]], seen[middle + 1:])

    def test_a_bad_cursor_is_refused(self):
        workflow = self.s.submit("three_noops")["id"]
        for bad in ("x", "1.x", "-1", "1.0.0", "99999999999999999999999", "1;DROP"):
            self.assert_problem(self.s.call("GET", f"/api/v1/workflow/{workflow}/events/", headers={"Last-Event-ID": bad}), 400, "bad_value")

    def test_followed_logs_end_with_the_workflow_and_are_complete(self):
        workflow = self.s.submit("slow", {"seconds": 0.5})["id"]
        followed = self.s.call("GET", f"/api/v1/workflow/{workflow}/log/?follow=1")
        self.assertEqual(followed.body, self.s.call("GET", f"/api/v1/workflow/{workflow}/log/").body)
        self.assertIn(b"workflow ended state=successful", followed.body)


if __name__ == "__main__":
    main()

"""Bad input over HTTP: each with a clear error document, nothing stored, and the server answers on."""
import gzip
import json
import socket

from o3proc import O3Test, Server, main, request_for, task, template

SUBMIT = "/api/v1/workflow/submit/"


def nested(depth):
    return b"[" * depth + b"]" * depth


class BadInput(O3Test):
    @classmethod
    def setUpClass(cls):
        cls.s = Server().start().ready()
        cls.addClassCleanup(cls.s.close)
        cls.s.put_template(template("needs", task("a", "timer", input={"for": "${workflow.input.seconds}"})))

    def setUp(self):
        self.before = self.ids()

    def tearDown(self):
        """Whatever came in: nothing was stored and good requests are served."""
        self.assertEqual(self.ids(), self.before)
        done = self.s.submit("three_noops")["id"]
        self.assertEqual(self.s.ended(done)["state"], "successful")

    def ids(self):
        return [w["id"] for w in self.s.get("/workflow/?limit=200")["items"]]

    def post(self, body, **headers):
        return self.s.call("POST", SUBMIT, body, headers)

    def head(self):
        """A submission's head but for what says how long it is."""
        return f"POST {SUBMIT} HTTP/1.1\r\nHost: o3\r\nAuthorization: Bearer {self.s.token}\r\nContent-Type: application/json\r\n".encode()

    def errors(self, document):
        """The errors of a submission as (pointer, code); validate must list the same."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        found = self.assert_problem(self.post(body), 422, "validation_failed")
        errors = [(e.get("pointer", ""), e["code"]) for e in found["errors"]]
        for e in found["errors"]:
            self.assertTrue(e["message"])
        validated = self.s.call("POST", "/api/v1/workflow/validate/", body)
        self.assertEqual(validated.status, 200, validated)
        self.assertFalse(validated.json["valid"])
        self.assertEqual([(e.get("pointer", ""), e["code"]) for e in validated.json["errors"]], errors)
        self.hints = " ".join(e.get("hint", "") + e["message"] for e in found["errors"])
        return errors

    def template_errors(self, document):
        """The errors of a template as [(pointer, code)], by a dry run and by a real PUT; neither stores it."""
        path = f"/api/v1/template/{document['ref_name']}/"
        dry = self.s.call("PUT", path + "?dry_run=true", document)
        self.assertEqual(dry.status, 200, dry)
        self.assertFalse(dry.json["valid"] or dry.json["stored"], dry)
        errors = [(e["pointer"], e["code"]) for e in dry.json["errors"]]
        found = self.assert_problem(self.s.call("PUT", path, document), 422, "validation_failed")
        self.assertEqual([(e.get("pointer", ""), e["code"]) for e in found["errors"]], errors)
        self.assertEqual(self.s.call("GET", path).status, 404)
        self.text = " ".join(e["message"] + e["hint"] for e in dry.json["errors"])
        return errors

    # -- the text

    def test_malformed_json_says_where(self):
        for body in (b"{", b"", b"nonsense", b'{"a":1,}', b'{"a":1} x', b"\x00", b"{'a':1}", b'{"a":NaN}', b'"\\ud800"', b"[1 2]"):
            with self.subTest(body):
                self.assert_problem(self.post(body), 400, "json_malformed")
        self.assertIn("line 2, column", self.post(b'{\n"a": x}').json["detail"])

    def test_deep_json_is_refused_without_recursion(self):
        for body in (nested(10_000), b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b"[" * 10_000, b'{"workflow":' + nested(65) + b"}"):
            with self.subTest(body[:20]):
                self.assert_problem(self.post(body), 400, "json_too_deep")

    def test_huge_json_is_refused(self):
        wide = b"[" + b"1," * 300_000 + b"1]"
        self.assert_problem(self.post(wide), 413, "json_too_large")
        self.assert_problem(self.post(b'{"a":"' + b"x" * (1 << 20) + b'"}'), 413, "body_too_large")

    def test_a_huge_body_is_refused_while_it_is_sent(self):
        with socket.create_connection(("127.0.0.1", self.s.port), timeout=30) as c:
            try:
                c.sendall(self.head() + f"Content-Length: {8 << 20}\r\n\r\n".encode() + b"[" * (8 << 20))
            except OSError:
                pass  # it does not have to take it all
            self.assertIn(b" 413 ", c.recv(65536).split(b"\r\n")[0])

    def test_a_body_announced_huge_is_refused_before_it_is_sent(self):
        with socket.create_connection(("127.0.0.1", self.s.port), timeout=30) as c:
            c.sendall(self.head() + b"Content-Length: 99999999999\r\n\r\n{")
            self.assertIn(b" 413 ", c.recv(65536).split(b"\r\n")[0])

    def test_a_key_twice_is_refused_and_named(self):
        found = self.assert_problem(self.post(b'{"workflow":{"meta":{"template":"three_noops","template":"x"}}}'), 400, "json_duplicate_key")
        self.assertEqual(found["pointer"], "/workflow/meta/template")
        self.assert_problem(self.post(b'{"a":1,"\\u0061":2}'), 400, "json_duplicate_key")

    def test_bytes_that_are_not_utf8_are_refused(self):
        for bad in (b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"):
            with self.subTest(bad):
                self.assert_problem(self.post(b'{"workflow":{"meta":{"template":"' + bad + b'"}}}'), 400, "json_invalid_utf8")

    def test_numbers_that_would_lose_digits_are_refused(self):
        for number in (b"18446744073709551616", b"-9223372036854775809", b"1e999"):
            with self.subTest(number):
                self.assert_problem(self.post(b'{"a":' + number + b"}"), 400, "json_number_range")

    def test_another_content_type_is_refused(self):
        self.assert_problem(self.post(json.dumps(request_for("three_noops")).encode(), **{"Content-Type": "text/plain"}),
                            415, "unsupported_media_type")

    def test_a_compressed_body_is_refused(self):
        body = gzip.compress(json.dumps(request_for("three_noops")).encode())
        self.assert_problem(self.post(body, **{"Content-Encoding": "gzip"}), 415, "unsupported_media_type")

    # -- the request

    def test_an_unknown_template_names_the_nearest(self):
        self.assertEqual(self.errors(request_for("three_nops")), [("/workflow/meta/template", "unknown_template")])
        self.assertIn("three_noops", self.hints)

    def test_an_unknown_task_and_an_unknown_key_name_the_nearest(self):
        self.assertEqual(self.errors(request_for("noop_template_run", {"delay": 1}, tasks={"noop_1": {}})), [("/tasks/noop_1", "unknown_task")])
        self.assertIn("noop_01", self.hints)
        wrong = request_for("three_noops")
        wrong["workflow"]["metta"] = {}
        self.assertEqual(self.errors(wrong), [("/workflow/metta", "unknown_key")])
        self.assertIn("meta", self.hints)

    def test_a_missing_input_names_task_variable_and_input(self):
        (pointer, code), = self.errors(request_for("needs"))
        self.assertEqual(code, "missing_input")
        for word in ("'a'", "for", "seconds"):
            self.assertIn(word, self.hints)

    def test_wrong_types_are_all_listed(self):
        self.assertIn("wrong_type", [code for _, code in self.errors(b"[]")])
        wrong = request_for("three_noops")
        wrong["workflow"]["meta"]["ref"] = 7
        wrong["workflow"]["schedule"] = []
        wrong["tasks"] = "none"
        self.assertEqual({code for _, code in self.errors(wrong)}, {"wrong_type"})
        self.assertEqual({p for p, _ in self.errors(wrong)}, {"/workflow/meta/ref", "/workflow/schedule", "/tasks"})
        self.assertEqual([code for _, code in self.errors(request_for("needs", {"seconds": "soon"}))], ["wrong_type"])

    def test_a_bad_ref_trace_or_schedule_is_refused(self):
        for key in ("ref", "trace_id"):
            for bad in ("x" * 129, "a\nb", "ü"):
                wrong = request_for("three_noops")
                wrong["workflow"]["meta"][key] = bad
                self.assertEqual([p for p, _ in self.errors(wrong)], [f"/workflow/meta/{key}"], bad)
        wrong = request_for("three_noops")
        wrong["workflow"]["schedule"] = {"when": "someday", "start": ""}
        self.assertEqual([p for p, _ in self.errors(wrong)], ["/workflow/schedule/when"])
        wrong["workflow"]["schedule"] = {"when": "at", "start": "tomorrow"}
        self.assertEqual([p for p, _ in self.errors(wrong)], ["/workflow/schedule/start"])

    # -- templates

    def test_a_cycle_is_spelled_out(self):
        ring = template("ring", task("a", depends_on=["c"]), task("b", depends_on=["a"]), task("c", depends_on=["b"]))
        self.assertEqual({code for _, code in self.template_errors(ring)}, {"cycle"})
        self.assertRegex(self.text, "a → b → c → a|b → c → a → b|c → a → b → c")
        ring = template("ring", task("a", input={"runtime_delay": "${b.output.rand_no}"}), task("b", depends_on=["a"]))
        self.assertEqual({code for _, code in self.template_errors(ring)}, {"cycle"})

    def test_a_task_that_needs_itself_is_refused(self):
        self.assertEqual(self.template_errors(template("selfish", task("a", depends_on=["a"]))), [("/tasks/0/depends_on/0", "self_reference")])
        self.assertEqual([c for _, c in self.template_errors(template("selfish", task("a", input={"runtime_delay": "${a.output.rand_no}"})))],
                         ["self_reference"])

    def test_unknown_classes_tasks_outputs_and_keys_are_all_listed(self):
        wrong = template("wrong", task("a", "nooop"), task("b", depends_on=["aa"]), task("c", input={"runtime_delay": "${b.output.rand}"}),
                         task("d", input={"runtime_delay": "${e.output.x}"}), task("d"), task("f", input={}), optionall=True)
        self.assertEqual(sorted(self.template_errors(wrong)),
                         [("/optionall", "unknown_key"), ("/tasks/0/class", "unknown_class"), ("/tasks/1/depends_on/0", "unknown_task"),
                          ("/tasks/2/input/runtime_delay", "unknown_output"), ("/tasks/3/input/runtime_delay", "unknown_task"),
                          ("/tasks/4/ref_name", "duplicate_ref"), ("/tasks/5", "missing_input")])

    def test_more_tasks_than_the_limit_are_refused(self):
        many = template("many", *({"name": "", "ref_name": f"t{n}", "class": "timer", "input": {"for": 0}} for n in range(10_001)))
        self.assertLess(len(json.dumps(many, separators=(",", ":"))), 1 << 20)
        many = json.dumps(many, separators=(",", ":")).encode()
        found = self.s.call("PUT", "/api/v1/template/many/?dry_run=true", many)
        self.assertEqual([e["code"] for e in found.json["errors"]], ["too_many_tasks"], found)
        self.assertIn("10001", found.json["errors"][0]["message"].replace(",", ""))

    def test_a_template_under_another_name_is_refused(self):
        reply = self.s.call("PUT", "/api/v1/template/other/", template("one", task("a")))
        self.assertEqual(reply.status, 422, reply)
        for name in ("..%2f..%2fetc", "%00", "a%2fb", "x" * 300):
            self.assertIn(self.s.call("PUT", f"/api/v1/template/{name}/", template("one", task("a"))).status, (400, 404), name)

    # -- callers

    def test_no_unknown_or_foreign_token_is_let_in(self):
        other = self.serving()
        good = json.dumps(request_for("three_noops")).encode()
        for value in (None, "Bearer", "Bearer nothing", f"Bearer {other.token}", f"Basic {self.s.token}", f"Bearer {self.s.token}x",
                      f"Bearer {self.s.token[:-1]}", f"Bearer x, Bearer {self.s.token}"):
            for method, path in (("POST", SUBMIT), ("GET", "/api/v1/workflow/"), ("GET", "/api/v1/events/"), ("GET", "/metrics"),
                                 ("DELETE", "/api/v1/template/needs/")):
                with self.subTest(value=value and value.replace(self.s.token, "T"), path=path):
                    reply = self.s.call(method, path, good if method == "POST" else None, {"Authorization": value})
                    self.assert_problem(reply, 401, "unauthorized")
                    self.assertTrue(reply.headers["WWW-Authenticate"].startswith("Bearer"))
                    self.assertNotIn(self.s.token.encode(), reply.body)

    def test_the_door_is_open_only_for_health_and_documentation(self):
        for path in ("/healthz", "/readyz", "/docs", "/openapi.json"):
            self.assertEqual(self.s.call("GET", path, headers={"Authorization": None}).status, 200, path)
        for path in ("/api/v1/healthz", "/api/v1/workflow/healthz", "/metrics/healthz", "/nothing", "/docs/../api/v1/workflow/"):
            self.assertIn(self.s.call("GET", path, headers={"Authorization": None}).status, (400, 401, 404), path)

    def test_what_is_not_there_and_methods_that_are_not_allowed(self):
        self.assert_problem(self.s.call("GET", f"/api/v1/workflow/{'0' * 32}/"), 404, "not_found")
        self.assert_problem(self.s.call("GET", "/api/v1/nothing/"), 404, "not_found")
        reply = self.s.call("DELETE", "/api/v1/workflow/")
        self.assert_problem(reply, 405, "method_not_allowed")
        self.assertIn("GET", reply.headers["Allow"])
        unknown = self.s.call("GET", "/api/v1/workflow/?bogus=1")
        self.assertEqual((unknown.status, "template" in unknown.json["hint"]), (400, True), unknown)
        self.assert_problem(self.s.call("GET", "/api/v1/workflow/?state=bogus"), 400, "bad_value")

    def test_odd_http_is_answered_400_and_the_connection_closed(self):
        for odd in ("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "Content-Length: +2\r\n\r\n{}",
                    "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
                    "Content-Length : 2\r\n\r\n{}", "X: a\r\n folded\r\nContent-Length: 2\r\n\r\n{}", "X: a\x00b\r\nContent-Length: 2\r\n\r\n{}"):
            with self.subTest(odd), socket.create_connection(("127.0.0.1", self.s.port), timeout=30) as c:
                c.sendall(self.head() + odd.encode())
                answer = b""
                while piece := c.recv(65536):
                    answer += piece
                self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer[:100])
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1, answer)


if __name__ == "__main__":
    main()

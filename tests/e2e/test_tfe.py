"""Terraform for real: the program, its own HTTP client, `o3 sim tfe` and a file server, all over sockets."""
import hashlib
import http.server
import json
import os
import subprocess
import threading

from o3proc import O3Test, PROGRAM, SOURCE, clean_environment, main, until

CONFIGURATION = b'resource "null_resource" "n" {\n  count = 2\n}\n'
TEMPLATE = "tfe_virtual_machine_template"


class Files(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802, the library's name
        found = self.path.split("?")[0] == "/vm.tf"
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(CONFIGURATION) if found else 0))
        self.end_headers()
        if found:
            self.wfile.write(CONFIGURATION)

    def log_message(self, *_):
        pass


class Terraform(O3Test):
    def setUp(self):
        self.s = self.server("--set", f"templates.dir={os.path.join(SOURCE, 'templates')}").start().ready()
        self.sim_dir = os.path.join(self.s.root, "tfe")
        self.sim = subprocess.Popen([PROGRAM, "sim", "tfe", "--dir", self.sim_dir, "--duration-ms", "300"], stdout=subprocess.PIPE,
                                    env=clean_environment(self.s.root), text=True)
        self.addCleanup(self.sim.wait)
        self.addCleanup(self.sim.stdout.close)
        self.addCleanup(self.sim.terminate)
        self.tfe = json.loads(self.sim.stdout.readline())
        self.files = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
        self.addCleanup(self.files.server_close)
        self.addCleanup(self.files.shutdown)
        threading.Thread(target=self.files.serve_forever, daemon=True).start()

    def submit(self, **more):
        return self.s.submit(TEMPLATE, {
            "tfe_server": self.tfe["url"], "tfe_bearer_token": "tfe-o3-token", "organization_name": "acme", "workspace_name": "plain",
            "file_url": f"http://127.0.0.1:{self.files.server_port}/vm.tf?sig=canary", "file_hash": hashlib.sha256(CONFIGURATION).hexdigest(),
            **more})["id"]

    def ledger(self):
        with open(os.path.join(self.sim_dir, "ledger.jsonl"), encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def log(self, workflow):
        return self.s.call("GET", f"/api/v1/workflow/{workflow}/log/").body.decode()

    def test_five_steps_make_a_machine(self):
        workflow = self.submit()
        end = self.s.ended(workflow)
        self.assertEqual(end["state"], "successful", end)
        self.assertEqual(end["outputs"]["workspace_run_apply"]["terraform_outputs"], {"address": "192.0.2.10", "count": 2})
        self.assertEqual(end["outputs"]["workspace_configuration_version"]["config_version_url"], "***")
        effects = self.ledger()
        self.assertEqual([e["kind"] for e in effects], ["configuration_version", "upload", "run", "apply"])
        self.assertEqual(effects[1]["content_type"], "application/octet-stream")
        log = self.log(workflow)
        self.assertIn("Plan: 2 to add", log)
        self.assertIn("Apply complete!", log)
        for secret in ("tfe-o3-token", "canary", "/v1/upload/", "/v1/log/"):
            self.assertNotIn(secret, log + self.s.stderr)

    def test_a_kill_in_the_middle_makes_no_second_run(self):
        workflow = self.submit()
        until(lambda: os.path.exists(os.path.join(self.sim_dir, "ledger.jsonl"))
              and any(e["kind"] == "run" for e in self.ledger()), "the run was started")
        self.s.kill()
        self.s.start().ready()
        end = self.s.ended(workflow, 300)
        self.assertEqual(end["state"], "successful", end)
        kinds = [e["kind"] for e in self.ledger()]
        self.assertEqual((kinds.count("run"), kinds.count("apply")), (1, 1))

    def test_what_cannot_be_reached_is_told_in_words(self):
        unknown = self.submit(tfe_server="https://tfe.invalid")
        until(lambda: "the name of https://tfe.invalid:443 could not be resolved" in self.log(unknown), lambda: self.log(unknown))
        unsafe = self.submit(tfe_server=self.tfe["url"].replace("http:", "https:"))
        until(lambda: "no safe connection to" in self.log(unsafe), lambda: self.log(unsafe))
        closed = self.submit(file_url="http://127.0.0.1:1/vm.tf")
        until(lambda: "no connection to http://127.0.0.1:1" in self.log(closed), lambda: self.log(closed))
        changed = self.s.ended(self.submit(file_hash="0" * 64))
        self.assertEqual(changed["state"], "failed")
        self.assertIn("not the one that was meant", json.dumps(changed))


if __name__ == "__main__":
    main()

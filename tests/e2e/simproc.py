"""A simulated AWX or Terraform Enterprise (`o3 sim`) for tests: start, ask, script faults, read its ledger."""
import json
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

from o3proc import PROGRAM, until


class Sim:
    def __init__(self, kind, *arguments, world=None, script=None):
        self.root = tempfile.mkdtemp(prefix="o3-sim-")
        more = []
        for name, document in (("world", world), ("script", script)):
            if document is not None:
                path = os.path.join(self.root, f"{name}.json")
                with open(path, "w", encoding="utf-8") as f:
                    json.dump(document, f)
                more += [f"--{name}", path]
        guard = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        self.errors = open(os.path.join(self.root, "err"), "w", encoding="utf-8")
        self.process = subprocess.Popen(guard + [PROGRAM, "sim", kind, "--dir", self.root, *more, *arguments],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        assert line, f"o3 sim {kind} did not start: {open(self.errors.name, encoding='utf-8').read()}"
        self.about = json.loads(line)
        self.url, self.tokens = self.about["url"], self.about["tokens"]
        self.ledger_path = os.path.join(self.root, "ledger.jsonl")

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sim/{path}", data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        for tries in range(20, 0, -1):  # a scripted fault of connections meets these as well
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError:
                raise
            except OSError:
                if tries == 1:
                    raise

    def faults(self, *rules):
        """Replaces all rules."""
        self.ask("POST", "faults", {"rules": list(rules)})

    def stats(self):
        return self.ask("GET", "stats")

    def job(self, number, **change):
        return self.ask("POST", f"jobs/{number}", change) if change else self.ask("GET", f"jobs/{number}")

    def ledger(self, *kinds):
        """The accepted effects, all or those of some kinds, read from the file as it lies there."""
        if not os.path.exists(self.ledger_path):
            return []
        with open(self.ledger_path, encoding="utf-8") as f:
            lines = [json.loads(line) for line in f if line.endswith("\n")]
        return [line for line in lines if not kinds or line["kind"] in kinds]

    def ledger_size(self):
        try:
            return os.path.getsize(self.ledger_path)
        except OSError:
            return 0

    def until_ledger(self, count, *kinds):
        return until(lambda: len(self.ledger(*kinds)) >= count and self.ledger(*kinds), f"{count} of {kinds} in the ledger")

    def close(self):
        self.process.kill()
        self.process.wait(30)
        self.process.stdout.close()
        self.errors.close()
        shutil.rmtree(self.root, ignore_errors=True)

"""What has ended leaves nothing in memory: the journal and the log store are on disk."""
import re

from o3proc import O3Test, main, task, template


def resident_kib(pid):
    """Proportional set size of a process, in KiB."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return int(re.search(r"^Pss:\s+(\d+) kB", f.read(), re.MULTILINE).group(1))


class Memory(O3Test):
    TASKS = 100
    ALLOWED_KIB = 8192  # of allocator noise; a leaked actor a call would be twice that

    def grown(self, class_name, rounds):
        s = self.serving("--set", "log.level=error", "--set", "log.task_level=error")
        with open(f"/proc/{s.process.pid}/maps", encoding="ascii") as f:
            if "libasan" in f.read():
                self.skipTest("ASan keeps freed memory")
        s.put_template(template("wide", *[task(f"t{n}", class_name) for n in range(self.TASKS)]))
        for n in range(2 * rounds):  # caches and allocator arenas reach their size
            self.run_one(s, f"warm-{n}")
        before = resident_kib(s.process.pid)
        for n in range(rounds):
            self.run_one(s, f"counted-{n}")
        return resident_kib(s.process.pid) - before

    def run_one(self, s, ref):
        answer = s.submit("wide", {"delay": 0}, ref=ref, Prefer="wait=60")
        self.assertEqual(answer["state"], "successful")

    def test_ten_thousand_ended_worker_calls_leave_nothing(self):
        self.assertLess(self.grown("worker.noop", 100), self.ALLOWED_KIB)

    def test_ended_workflows_leave_nothing(self):
        self.assertLess(self.grown("noop", 400), self.ALLOWED_KIB)


if __name__ == "__main__":
    main()

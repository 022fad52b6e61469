#!/usr/bin/env python3
"""Figures of launches against the simulated AWX, one JSON line each: rate of launches, many waiting jobs, restart with them,
how soon an ended job is noticed. Nothing here passes or fails but duplicates.

launch_bench.py [--jobs N]     Environment: O3_PROGRAM.
"""
import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from o3proc import Server, task, template, until  # noqa: E402
from simproc import Sim  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid):
    """Proportional set size in bytes."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("Pss:"))


def show(what, **figures):
    print(json.dumps({"bench": what, **{k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()}}), flush=True)


def requests(sim, route):
    return sim.stats()["routes"].get(route, {}).get("count", 0)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--jobs", type=int, default=10_000)
    n = options.parse_args().jobs
    long = {"plays": [{"duration_ms": 3_600_000, "pending_ms": 3_600_000}], "allow_simultaneous": True}
    sim = Sim("awx", world={"job_templates": [{"id": 20, **long}]})
    server = Server("--set", "targets.requests_per_s=0", "--set", "webhooks.awx_secret=bench")
    try:
        server.start().ready()
        given = {"awx_url": sim.url, "awx_token": sim.tokens["operator"], "job_template_id": 20}
        server.put_template(template("one_job", task("job", "awx_job_launch", input=given)))
        base, used, begin = memory(server.process.pid), cpu(server.process.pid), time.monotonic()
        for i in range(n):
            server.submit("one_job", {}, f"job-{i}")
        until(lambda: sim.ledger_size() and sim.stats()["ledger"] >= n, "every job is launched", 900)
        took = time.monotonic() - begin
        show("launch rate", jobs=n, per_s=n / took, server_cpu_ms_a_job=1000 * (cpu(server.process.pid) - used) / n)

        time.sleep(40)  # until each job is old enough to be asked for as seldom as it will be
        used, asked, begin = cpu(server.process.pid), requests(sim, "GET /api/v2/unified_jobs/"), time.monotonic()
        time.sleep(60)
        took = time.monotonic() - begin
        per_s = (requests(sim, "GET /api/v2/unified_jobs/") - asked) / took
        show("waiting jobs", jobs=n, requests_per_s=per_s, requests_per_job_and_minute=60 * per_s / n,
             cpu_share=(cpu(server.process.pid) - used) / took, bytes_a_job=(memory(server.process.pid) - base) // n)

        server.kill()
        asked, begin = requests(sim, "GET /api/v2/unified_jobs/"), time.monotonic()
        server.start().ready()
        ready = time.monotonic() - begin
        until(lambda: requests(sim, "GET /api/v2/unified_jobs/") > asked, "the first poll", 300)
        first = time.monotonic() - begin
        until(lambda: requests(sim, "GET /api/v2/unified_jobs/") >= asked + n // 200, "every job was asked for", 300)
        show("restart", jobs=n, ready_s=ready, first_poll_s=first, all_polled_s=time.monotonic() - begin,
             duplicates=len(sim.ledger("launch")) - n)

        late = []
        for i, job in jobs_of(server, range(5)):
            sim.job(job, status="successful")
            begin = time.monotonic()
            until(lambda: ended(server, i), "the task ends", 120)
            late.append(time.monotonic() - begin)
        show("job end to task end by poll", seconds=sorted(late), most_by_setting=30)
        told = []
        for i, job in jobs_of(server, range(5, 10)):
            sim.job(job, status="successful")
            begin = time.monotonic()
            reply = server.call("POST", "/api/v1/webhook/awx/", {"id": job, "status": "successful"}, {"X-O3-Webhook-Secret": "bench"})
            assert reply.status == 200, reply
            until(lambda: ended(server, i), "the task ends", 60)
            told.append(time.monotonic() - begin)
        show("job end to task end by webhook", seconds=sorted(told))
        return 0 if len(sim.ledger("launch")) == n else 1
    finally:
        server.close()
        sim.close()


def workflow(server, i):
    return server.get(f"/workflow/?ref=job-{i}")["items"][0]


def jobs_of(server, numbers):
    for i in numbers:
        yield i, int(server.tasks(workflow(server, i)["id"])["job"]["launches"][-1]["external_id"])


def ended(server, i):
    return workflow(server, i)["state"] == "successful"


if __name__ == "__main__":
    sys.exit(main())

"""The checker of the launch torture: joins the target's ledger with O3's answers, and shows that it can fail.

`Answers` are what O3 says at the end: {ref: {"id", "state", "tasks": {ref: task document}}}; the ledger is what the
target had on disk before it answered. No duplicate, nothing lost, nothing orphaned, nobody adopted another's job.
"""
import copy
import re

MARKER = re.compile(r"o3-([0-9a-f]{8})-([0-9a-f]{32})-(\d+)")


def marker_of(line):
    """(launch id, attempt) of a ledger line, or None."""
    for place in ("extra_vars", "skip_tags", "labels", "name", "prompts"):
        found = MARKER.search(str(line.get(place, "")))
        if found:
            return found[2], int(found[3])
    return None


def check(ledger, accepted, answers, jobs):
    """Problems, each beginning with duplicate, lost, orphan, adoption, order or stuck.

    ledger: the lines of kind `launch`; accepted: refs O3 answered 202 to; answers: see above; jobs: id to status there.
    """
    problems = []
    by_launch = {}
    for line in ledger:
        found = marker_of(line)
        if not found:
            problems.append(f"orphan: job {line['id']} carries no marker")
            continue
        by_launch.setdefault(found[0], []).append(line)
    for launch, lines in by_launch.items():
        if len(lines) > 1:
            problems.append(f"duplicate: launch {launch} was accepted as {[(x['id'], marker_of(x)[1], x.get('late')) for x in lines]}")
    owned, taken = set(), {}
    for ref in accepted:
        answer = answers.get(ref)
        if answer is None:
            problems.append(f"lost: {ref} was accepted and is not there")
            continue
        if answer["state"] != "successful":
            word = "lost" if answer["state"] in ("failed", "canceled") else "stuck"
            problems.append(f"{word}: {ref} ({answer['id']}) is {answer['state']}: "
                            f"{[(t['ref'], t['state'], t.get('error')) for t in answer['tasks'].values()]}")
        before = None
        for task in answer["tasks"].values():
            for launch in task["launches"]:
                owned.add(launch["launch_id"])
                external = str(launch["external_id"] or "")
                if not external:
                    continue
                if external in taken:
                    problems.append(f"adoption: job {external} belongs to {taken[external]} and to {ref}.{task['ref']}")
                taken[external] = f"{ref}.{task['ref']}"
                mine = [str(x["id"]) for x in by_launch.get(launch["launch_id"], [])]
                if external not in mine:
                    problems.append(f"adoption: {ref}.{task['ref']} holds job {external}, its launch made {mine}")
                if answer["state"] == "successful" and jobs.get(external) != "successful":
                    problems.append(f"lost: {ref}.{task['ref']} is successful, its job {external} is {jobs.get(external)}")
                if before is not None and int(external) < before:
                    problems.append(f"order: {ref}.{task['ref']} started job {external} before its predecessor's {before}")
                before = int(external)
            if task["state"] == "successful" and str(task["outputs"].get("awx_jobid")) not in taken:
                problems.append(f"adoption: {ref}.{task['ref']} says job {task['outputs'].get('awx_jobid')}")
    for launch in by_launch:
        if launch not in owned:
            problems.append(f"orphan: launch {launch} ({by_launch[launch][0]['id']}) belongs to no task")
    return problems


def spoiled(ledger, accepted, answers, jobs):
    """Each control with what it spoils: the checker must speak of it."""
    def twice(l, *_):
        l.append(dict(l[0], id=999_999))
    def forgotten(l, a, n, j):
        n.pop(a[0])
    def foreign(l, a, n, j):
        next(iter(n[a[0]]["tasks"].values()))["launches"][-1]["external_id"] = "424242"
    def nobody(l, a, n, j):
        l.append(dict(l[0], id=999_998, extra_vars="o3_request: o3-00000000-" + "0" * 32 + "-1", skip_tags="", labels=""))
    def waits(l, a, n, j):
        n[a[0]]["state"] = "needs_operator"
    for word, spoil in (("duplicate", twice), ("lost", forgotten), ("adoption", foreign), ("orphan", nobody), ("stuck", waits)):
        held = [copy.deepcopy(x) for x in (ledger, accepted, answers, jobs)]
        spoil(*held)
        yield word, any(p.startswith(word) for p in check(*held))

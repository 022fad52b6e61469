"""Templates: what is broken never hides what is good; SIGHUP reads again; accepted workflows keep their copy."""
import json
import os
import signal

from o3proc import O3Test, main, request_for, task, template, until


class Catalogue(O3Test):
    def setUp(self):
        self.s = self.server()
        self.dir = os.path.join(self.s.root, "templates")
        os.mkdir(self.dir)
        self.s.arguments = ["--set", f"templates.dir={self.dir}"]

    def write(self, name, document):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(document if isinstance(document, str) else json.dumps(document))
        return path

    def listed(self):
        answer = self.s.get("/template/")
        return {t["ref_name"]: t for t in answer["items"]}, {(p["code"], p["pointer"]) for p in answer["problems"]}

    def hang_up(self):
        """SIGHUP, and until it has been served."""
        before = self.s.stderr.count("catalogue loaded")
        self.s.process.send_signal(signal.SIGHUP)
        until(lambda: self.s.stderr.count("catalogue loaded") > before, "the catalogue was read again")

    def runs(self, ref):
        return self.s.ended(self.s.submit(ref)["id"])["state"] == "successful"

    def spoil(self):
        """Files of every bad kind among the good ones; returns the problems they must be reported as."""
        self.write("good.json", template("good", task("a")))
        self.write("deeper/also_good.json", template("also_good", task("a")))
        found = {("file_broken", self.write("a_broken.json", "{ this is no JSON")),
                 ("file_broken", self.write("b_wrong.json", template("wrong", task("a", "no.such.class")))),
                 ("file_broken", self.write("c_empty.json", "")),
                 ("file_broken", self.write("d_binary.json", "\x00\x01\x02")),
                 ("file_duplicate", self.write("z_duplicate.json", template("good", task("other"))))}
        for name, target in (("loop", self.dir), ("deeper/up", "..")):
            os.symlink(target, os.path.join(self.dir, name))
            found.add(("file_symlink_loop", os.path.join(self.dir, name)))
        os.symlink("self.json", os.path.join(self.dir, "self.json"))
        found.add(("file_symlink_loop", os.path.join(self.dir, "self.json")))
        os.symlink("nowhere.json", os.path.join(self.dir, "dangling.json"))
        found.add(("file_broken", os.path.join(self.dir, "dangling.json")))
        os.mkfifo(os.path.join(self.dir, "pipe.json"))
        found.add(("file_broken", os.path.join(self.dir, "pipe.json")))
        self.write("readme.txt", "no template and no problem")
        self.write(".hidden.json", "no problem either")
        return found

    def test_bad_files_at_the_start_are_listed_and_the_good_ones_run(self):
        found = self.spoil()
        self.s.start().ready()
        good, problems = self.listed()
        self.assertEqual(set(good), {"good", "also_good"})
        self.assertEqual(problems, found)
        self.assertEqual(good["good"]["origin"], os.path.join(self.dir, "good.json"))
        self.assertTrue(self.runs("good") and self.runs("also_good"))
        doctor = self.s.cli("doctor").stdout
        self.assertIn("a_broken.json", doctor)

    def own(self, name, document):
        """A file in the server's own directory of templates."""
        path = os.path.join(self.s.data, "templates", name)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(document, f)
        return path

    def tasks_of(self, ref):
        return [t["ref_name"] for t in self.s.get(f"/template/{ref}/")["tasks"]]

    def test_put_replaces_the_template_in_use_whatever_its_file_is_called(self):
        path = self.own("a.json", template("mine", task("old")))
        self.s.start().ready()
        self.assertEqual(self.tasks_of("mine"), ["old"])
        self.s.put_template(template("mine", task("new")))
        self.assertEqual(self.tasks_of("mine"), ["new"])
        self.assertEqual(self.listed()[0]["mine"]["origin"], path)
        later = self.own("0.json", template("mine", task("copied")))  # sorts before the other one
        self.s.put_template(template("mine", task("newest")))
        self.assertEqual(self.tasks_of("mine"), ["newest"])
        self.s.stop()
        self.s.start().ready()
        self.assertEqual(self.tasks_of("mine"), ["newest"])
        # DELETE removes it, not only the file that is used.
        self.assertEqual(self.s.call("DELETE", "/api/v1/template/mine/").status, 204)
        self.assertFalse(os.path.exists(path) or os.path.exists(later))
        self.assert_problem(self.s.call("GET", "/api/v1/template/mine/"), 404, "not_found")

    def test_put_does_not_overwrite_the_file_of_another_template(self):
        self.own("taken.json", template("other", task("kept")))
        self.s.start().ready()
        reply = self.s.call("PUT", "/api/v1/template/taken/", template("taken", task("a")))
        self.assertIn("taken.json", self.assert_problem(reply, 409, "conflict")["detail"])
        self.assertEqual(self.tasks_of("other"), ["kept"])

    def test_delete_of_an_own_template_brings_back_the_one_it_replaced(self):
        self.write("shared.json", template("shared", task("theirs")))
        self.s.start().ready()
        self.s.put_template(template("shared", task("ours")))
        self.assertEqual(self.tasks_of("shared"), ["ours"])
        self.assertEqual(self.s.call("DELETE", "/api/v1/template/shared/").status, 204)
        self.assertEqual(self.tasks_of("shared"), ["theirs"])
        self.assert_problem(self.s.call("DELETE", "/api/v1/template/shared/"), 409, "conflict")

    def test_a_directory_that_is_not_there_is_a_problem(self):
        os.rmdir(self.dir)
        self.s.start().ready()
        templates, problems = self.listed()
        self.assertEqual((templates, {pointer for _, pointer in problems}), ({}, {self.dir}))

    def test_sighup_reads_again_with_bad_files_among_good_ones(self):
        self.write("first.json", template("first", task("a")))
        self.s.start().ready()
        found = self.spoil()
        self.hang_up()
        good, problems = self.listed()
        self.assertEqual((set(good), problems), ({"first", "good", "also_good"}, found))
        self.assertTrue(self.runs("first") and self.runs("good"))

    def test_a_template_that_breaks_later_is_used_as_it_was(self):
        path = self.write("first.json", template("first", task("a")))
        self.s.start().ready()
        self.write("first.json", '{"name": ')
        self.hang_up()
        good, problems = self.listed()
        self.assertEqual((set(good), problems), ({"first"}, {("file_broken", path)}))
        self.assertTrue(self.runs("first"))
        self.write("first.json", template("first", task("b")))
        self.hang_up()
        self.assertEqual(self.listed()[1], set())
        self.assertIn("b", self.s.ended(self.s.submit("first")["id"])["outputs"])

    def test_a_removed_template_is_gone_and_its_workflows_end(self):
        path = self.write("first.json", template("first", task("w", "timer", input={"for": 1}), task("z", depends_on=["w"])))
        self.s.start().ready()
        workflow = self.s.submit("first")["id"]
        os.remove(path)
        self.hang_up()
        self.assertEqual(self.listed(), ({}, set()))
        refused = self.s.call("POST", "/api/v1/workflow/submit/", request_for("first"))
        self.assertEqual(self.assert_problem(refused, 422, "validation_failed")["errors"][0]["code"], "unknown_template")
        self.s.kill()
        self.s.start().ready()
        self.assertEqual(self.s.ended(workflow)["state"], "successful")

    def test_a_changed_template_does_not_change_an_accepted_workflow(self):
        self.write("first.json", template("first", task("w", "timer", input={"for": 1}), task("old", depends_on=["w"])))
        self.s.start().ready()
        workflow = self.s.submit("first")["id"]
        self.write("first.json", template("first", task("new")))
        self.hang_up()
        self.assertEqual(list(self.s.ended(self.s.submit("first")["id"])["outputs"]), ["new"])
        self.s.kill()
        self.s.start().ready()
        self.assertIn("old", self.s.ended(workflow)["outputs"])

    def test_a_put_template_survives_kill_and_can_be_deleted(self):
        self.s.start().ready()
        document = template("mine", task("a"))
        self.s.put_template(document)
        self.s.kill()
        self.s.start().ready()
        self.assertEqual(self.s.get("/template/mine/"), document)
        self.assertTrue(self.runs("mine"))
        self.assertEqual(self.s.call("DELETE", "/api/v1/template/mine/").status, 204)
        self.assert_problem(self.s.call("GET", "/api/v1/template/mine/"), 404, "not_found")

    def test_a_reload_keeps_what_did_not_change(self):
        names = [f"a_template_with_a_rather_long_name_{n}" for n in range(20)]
        for name in names:
            self.write(name + ".json", template(name, task("a")))
        self.s.start().ready()
        for _ in range(3):
            self.hang_up()
            self.assertEqual(sorted(self.listed()[0]), sorted(names))
        self.s.put_template(template("one_more", task("a")))
        self.assertEqual(sorted(self.listed()[0]), sorted(names + ["one_more"]))
        self.assertTrue(all(self.runs(name) for name in names))

    def test_sighup_in_a_row_and_under_load_hides_nothing(self):
        self.write("first.json", template("first", task("a")))
        self.s.start().ready()
        for _ in range(30):
            self.s.process.send_signal(signal.SIGHUP)
            self.assertTrue(self.runs("first"))


if __name__ == "__main__":
    main()

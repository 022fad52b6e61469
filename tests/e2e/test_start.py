"""What keeps a server from starting, or stops it: each with a clear message, the right exit code and nothing lost."""
import os
import resource
import socket
import sqlite3
import subprocess
import unittest

from o3proc import EXIT_FAILED, EXIT_OK, EXIT_STORE, EXIT_USAGE, O3Test, main, request_for, task, template, until

ROOT = os.geteuid() == 0


def can_mount():
    return ROOT and subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0


class Refused(O3Test):
    def refused(self, s, code, *words, exit_code=EXIT_FAILED, **how):
        """Starts it, expects it to end soon, and all `words` on stderr."""
        s.start(**how)
        self.assertEqual(s.wait_exit(), exit_code, s.said())
        self.assertIn(f"o3: {code}: ", s.stderr)
        for word in words:
            self.assertIn(word, s.stderr)
        self.assertNotIn("listens on", s.stdout)

    def test_a_second_server_on_the_same_data_is_refused_and_the_first_goes_on(self):
        first = self.serving()
        self.refused(self.server(data_dir=first.data), "data_dir_busy", first.data, str(first.process.pid))
        self.assertEqual(first.ended(first.submit("three_noops")["id"])["state"], "successful")

    def test_a_taken_port_is_named_and_the_data_stays_usable(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            s = self.server()
            self.refused(s, "port_taken", address, listen=address)
        s.start().ready()
        self.assertEqual(s.ended(s.submit("three_noops")["id"])["state"], "successful")

    def test_a_taken_port_is_noticed_before_anything_is_taken_up(self):
        s = self.serving()
        s.put_template(template("slow", task("a", "worker.noop", input={"runtime_delay": 60})))
        workflow = s.submit("slow")["id"]
        until(lambda: s.tasks(workflow)["a"]["state"] == "running", "the task runs")
        s.kill()
        def held():
            db = s.database()
            self.addCleanup(db.close)
            return db.execute("SELECT (SELECT count(*) FROM journal), (SELECT max(epoch) FROM shard)").fetchone()
        before = held()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.refused(s, "port_taken", listen=f"127.0.0.1:{taken.getsockname()[1]}")
        self.assertEqual(held(), before, "a start that was refused changed the store")

    def test_a_file_in_place_of_the_data_directory_is_refused(self):
        s = self.server()
        with open(s.data, "wb"):
            pass
        self.refused(s, "data_dir_unwritable", s.data)

    def test_a_data_directory_below_a_file_is_refused(self):
        s = self.server()
        with open(s.data, "wb"):
            pass
        self.refused(self.server(data_dir=os.path.join(s.data, "below")), "data_dir_unwritable", s.data)

    @unittest.skipIf(ROOT, "root may write everywhere")
    def test_a_directory_without_the_right_to_write_is_refused(self):
        s = self.server()
        os.mkdir(s.data, 0o500)
        self.refused(s, "data_dir_unwritable", s.data)

    @unittest.skipUnless(can_mount(), "needs root and mount namespaces")
    def test_a_read_only_file_system_is_refused(self):
        s = self.serving()
        s.stop()
        mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
        s.wrap = ["unshare", "-m", "sh", "-c", mount, s.data]
        self.refused(s, "data_dir_unwritable", s.data)
        s.wrap = []
        s.start().ready()

    def test_a_store_of_a_newer_version_is_refused_and_left_alone(self):
        s = self.serving()
        s.stop()
        with sqlite3.connect(os.path.join(s.data, "o3.db")) as db:
            version, = db.execute("PRAGMA user_version").fetchone()
            db.execute("PRAGMA user_version = 99")
        db.close()
        self.refused(s, "store_newer", "99", str(version))
        with sqlite3.connect(os.path.join(s.data, "o3.db")) as db:
            self.assertEqual(db.execute("PRAGMA user_version").fetchone(), (99,))
            db.execute(f"PRAGMA user_version = {version}")
        db.close()
        s.start().ready()

    def test_a_database_of_another_program_is_refused(self):
        s = self.server()
        os.mkdir(s.data, 0o700)
        with sqlite3.connect(os.path.join(s.data, "o3.db")) as db:
            db.execute("CREATE TABLE theirs(x)")
        db.close()
        self.refused(s, "store_corrupt", "o3.db")

    def test_a_damaged_database_is_refused(self):
        s = self.serving()
        s.stop()
        for name in ("o3.db-wal", "o3.db-shm"):
            if os.path.exists(os.path.join(s.data, name)):
                os.remove(os.path.join(s.data, name))
        with open(os.path.join(s.data, "o3.db"), "r+b") as f:
            f.write(b"this is no database at all, whatever its name may say")
        self.refused(s, "store_corrupt", "o3.db")

    def test_a_damaged_or_open_key_file_is_refused(self):
        s = self.serving()
        s.stop()
        key = os.path.join(s.data, "secret.key")
        os.chmod(key, 0o644)
        self.refused(s, "file_broken", "secret.key")
        os.chmod(key, 0o600)
        with open(key, "r+", encoding="ascii") as f:
            held = f.read()
            f.seek(0)
            f.truncate()
        self.refused(s, "file_broken", "secret.key")
        with open(key, "w", encoding="ascii") as f:
            f.write(held)
        s.start().ready()

    def test_a_lost_or_foreign_key_is_refused_and_the_right_one_goes_on(self):
        s = self.serving()
        s.stop()
        key = os.path.join(s.data, "secret.key")
        os.rename(key, key + ".away")
        self.refused(s, "key_mismatch", key)
        self.assertFalse(os.path.exists(key), "a new key was made beside an existing store")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as f:
            f.write("0123456789abcdef" * 4)
        self.refused(s, "key_mismatch", key)
        os.rename(key + ".away", key)
        s.start().ready()

    def test_a_first_token_that_no_request_can_carry_is_refused(self):
        s = self.server(env={"O3_TOKEN": "correct horse battery!"})
        self.refused(s, "config_invalid", "O3_TOKEN")
        self.assertNotIn("horse", s.said())
        s.env["O3_TOKEN"] = "correct-horse-battery"
        s.start().ready()
        self.assertEqual(s.token, "correct-horse-battery")

    def test_mistakes_in_the_configuration_are_all_listed(self):
        s = self.server("--set", "http.lissen=1", "--set", "limits.json_depth=99999")
        self.refused(s, "unknown_key", "listen", "json_depth", exit_code=EXIT_USAGE)
        s = self.server("--config", "/nonexistent/o3.toml")
        self.refused(s, "file_broken", "/nonexistent/o3.toml", exit_code=EXIT_USAGE)

    def test_other_machines_are_not_served_without_tls_by_accident(self):
        s = self.server()
        s.start(listen="0.0.0.0:0")
        self.assertEqual(s.wait_exit(), EXIT_USAGE, s.said())
        self.assertIn("http.insecure", s.stderr)


class OpenFiles(O3Test):
    """Clients may take all connections there are, but never the descriptors the store needs."""

    def test_clients_that_take_every_connection_do_not_stop_it(self):
        s = self.server(wrap=["prlimit", "--nofile=200:200", "--"]).start().ready()
        self.assertIn("http.connections is cut", s.stderr)
        idle = []
        self.addCleanup(lambda: [c.close() for c in idle])
        for _ in range(190):
            c = socket.create_connection(("127.0.0.1", s.port), timeout=10)
            idle.append(c)
        # The first API read of this server, over the connection that ready() left open.
        self.assertEqual(s.get("/workflow/")["items"], [])
        self.assertEqual(s.ended(s.submit("three_noops")["id"])["state"], "successful")
        self.assertIsNone(s.process.poll(), s.said())
        while idle:
            idle.pop().close()
        until(lambda: s.cli("ls").returncode == 0, "a new connection is served again")

    def test_the_soft_limit_is_raised_to_the_hard_one(self):
        s = self.server(wrap=["prlimit", "--nofile=256:4000", "--"]).start().ready()
        self.assertEqual(resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE), (4000, 4000))

    def test_a_limit_that_leaves_nothing_for_clients_is_refused(self):
        s = self.server(wrap=["prlimit", "--nofile=100:100", "--"]).start()
        self.assertEqual(s.wait_exit(), EXIT_FAILED, s.said())
        self.assertIn("o3: start_failed: at most 100 files", s.stderr)


class FullDisk(O3Test):
    """The disk fills up under load: the process ends with 75 and says why; with room again it goes on."""

    def fill(self, s):
        """Submits until the server is gone; returns what was acknowledged, and the template's name."""
        s.put_template(template("wide", *[task(f"t{n}") for n in range(50)]))
        accepted = []
        try:
            for n in range(100_000):
                reply = s.call("POST", "/api/v1/workflow/submit/", request_for("wide", ref=f"fill-{n}"))
                if reply.status != 202:
                    break
                accepted.append(reply.json["id"])
        except Exception:  # whichever way the connection broke
            pass
        return accepted

    def check_stopped(self, s, accepted):
        self.assertEqual(s.wait_exit(), EXIT_STORE, s.said())
        self.assertIn("o3: storage_full: ", s.stderr)
        self.assertGreater(len(accepted), 0)

    def check_goes_on(self, s, accepted):
        s.start().ready()
        for workflow in accepted:
            self.assertEqual(s.ended(workflow)["state"], "successful")

    @unittest.skipUnless(can_mount(), "needs root and mount namespaces")
    def test_a_full_file_system_stops_it_and_freed_space_lets_it_go_on(self):
        s = self.server()
        os.mkdir(s.data, 0o700)
        # The mount lives in a namespace of its own: it goes with the last process in it. A ballast is freed later.
        keeper = subprocess.Popen(["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=24m,mode=0700 none "$0" && '
                                   'head -c 6000000 /dev/zero > "$0/ballast" && echo ready && exec cat', s.data],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(keeper.communicate)
        self.assertEqual(keeper.stdout.readline(), b"ready\n")
        s.wrap = ["nsenter", "-m", "-t", str(keeper.pid), "--"]
        s.told, s.data = s.data, f"/proc/{keeper.pid}/root{s.data}"
        s.arguments = ["--set", "journal.wal_limit_bytes=4194304"]
        s.start().ready()
        accepted = self.fill(s)
        self.check_stopped(s, accepted)
        s.start()
        if s.process.poll() is None:
            until(lambda: s.process.poll() is not None or "listens on" in s.stdout, "it starts or ends")
        if s.process.poll() is not None:
            self.assertIn("storage_full", s.stderr, s.said())
        else:
            s.kill()
        os.remove(os.path.join(s.data, "ballast"))
        self.check_goes_on(s, accepted)
        s.stop()

    def test_a_limit_on_file_size_stops_it_and_without_the_limit_it_goes_on(self):
        s = self.serving()
        resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (9 << 20, 9 << 20))
        accepted = self.fill(s)
        self.assertEqual(s.wait_exit(), EXIT_STORE, s.said())
        self.assertIn("o3: storage_", s.stderr)
        self.assertGreater(len(accepted), 0)
        self.check_goes_on(s, accepted)


if __name__ == "__main__":
    main()

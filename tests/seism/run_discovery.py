#!/usr/bin/python3
"""`seism run -- COMMAND`: unmodified programs, whose back-ends are real servers that their environment tells of. The last line
is `discovery: N passed, N failed`.

run_discovery.py PROGRAM [NAME...]: the program is seism, names are as unittest takes them
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE))

import real_servers
from processes import free_port

PATIENTS = HERE / "patients"
SEISM = ""
SECRET = "correct-horse"


class Result:
    def __init__(self, ran, folder):
        self.code, self.out, self.err, self.folder = ran.returncode, ran.stdout, ran.stderr, folder
        file = folder / "verdict.json"
        self.verdict = json.loads(file.read_text()) if file.exists() else {}

    def rules(self, colour):
        return {(each["id"], rule["id"]) for each in self.verdict["experiments"] for rule in each["rules"] if rule["verdict"] == colour}

    def names(self):
        return {each["id"] for each in self.verdict["experiments"]}


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="homespun-seism-")
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def start(self, *words, **variables):
        """seism with these variables and none of ours that it would look at."""
        plain = {name: value for name, value in os.environ.items() if not name.endswith(("_URL", "_URI", "_DSN", "HOST", "PORT"))}
        return subprocess.Popen(
            [SEISM, *map(str, words)], env={**plain, **variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def seism(self, *words, **variables):
        process = self.start(*words, **variables)
        try:
            out, err = process.communicate(timeout=200)
        finally:
            process.kill()
        process.stdout, process.stderr = out, err
        return Result(process, self.folder / "out")

    def run_patient(self, *command, options=(), **variables):
        return self.seism("run", "-o", self.folder / "out", *options, "--", *command, **variables)

    def server(self, make, *arguments):
        folder = self.folder / make.__name__
        folder.mkdir()
        return self.enterContext(make(folder, *arguments))

    def assert_hidden(self, result):
        """The password is in nothing that was said or written."""
        self.assertNotIn(SECRET, result.out + result.err)
        files = [path for path in result.folder.iterdir() if path.is_file()]
        self.assertIn("verdict.json", [path.name for path in files])
        for path in files:
            self.assertNotIn(SECRET.encode(), path.read_bytes(), path.name)


class Programs(Case):
    """Whole runs."""

    def test_redis(self):
        server = self.server(real_servers.redis)
        said = real_servers.run_client("redis-cli", "-p", server.port, "config", "set", "requirepass", SECRET)
        self.assertEqual(said.status, 0, said.all)
        url = f"redis://:{SECRET}@localhost:{server.port}/0"
        result = self.run_patient(sys.executable, PATIENTS / "visits.py", free_port(), REDIS_URL=url)
        self.assertEqual(result.code, 0, result.err)
        self.assertEqual(result.names(), {f"redis/{each}" for each in ("latency:500", "refuse", "reset_peer", "hang", "redis_error")})
        for each in result.verdict["experiments"]:
            self.assertGreater(each["bites"], 0, each["id"])
        self.assertIn(f"redis at localhost:{server.port}, called redis: REDIS_URL", result.err)
        self.assert_hidden(result)
        # What was done is left as an experiment, and can be done again.
        experiment = json.loads((result.folder / "experiment.json").read_text())
        self.assertEqual(experiment["backs"], [{"name": "redis", "variables": ["REDIS_URL"], "protocol": "redis"}])
        experiment["perturbations"], experiment["schedule"] = [], {"matrix": {"behaviours": ["blackout"], "for": "500ms"}}
        file = self.folder / "shorter.json"
        file.write_text(json.dumps(experiment))
        again = self.seism("run", file, "-o", self.folder / "out", REDIS_URL=url)
        self.assertEqual((again.code, again.names()), (0, {"redis/blackout"}), again.err)
        unset = self.seism("run", file, "-o", self.folder / "out")
        self.assertEqual(unset.code, 2)
        self.assertIn("backs[0].variables: REDIS_URL is not set", unset.err)

    def test_postgres(self):
        server = self.server(real_servers.postgres)
        said = real_servers.run_psql(server.port, f"alter user tester password '{SECRET}'")
        self.assertEqual(said.status, 0, said.all)
        result = self.run_patient(
            sys.executable, PATIENTS / "orders.py", free_port(),
            DATABASE_URL=f"postgresql://tester:{SECRET}@127.0.0.1:{server.port}/postgres?application_name=orders",
        )
        self.assertEqual(result.code, 1, result.err)
        self.assertEqual(result.rules("inconclusive"), set(), result.err)
        sins = {(f"database/{each}", "status_during") for each in ("refuse", "reset_peer", "hang", "postgres_error")}
        self.assertLessEqual(sins, result.rules("red"), result.err)
        self.assert_hidden(result)

    def test_http_service(self):
        """And a server that is told host and port as words of its command, by a shell."""
        server = self.server(real_servers.nginx)
        (server.folder / "pages" / "served").write_text("served\n")
        port = free_port()
        result = self.run_patient(
            "sh", "-c", f'{sys.executable} {PATIENTS}/page.py {port} "$CATALOGUE_URL"', options=("--get", "/things"),
            CATALOGUE_URL=f"http://{server.address}/served",
        )
        self.assertEqual(result.code, 0, result.err)
        self.assertIn("catalogue/http_error", result.names())
        self.assertIn(f"the application listens on 127.0.0.1:{port}\n", result.err)
        self.assertEqual({json.loads(line)["path"] for line in (result.folder / "requests.jsonl").read_text().splitlines()}, {"/things"})


class Finding(Case):
    """What is found and told, without a run."""

    def test_check_tells_and_changes_nothing(self):
        result = self.seism(
            "check", "--", "no-such-program", PGHOST="db.example", PGPORT="5433", CACHE_URL=f"redis://u:{SECRET}@cache:6380",
            DATABASE_URL=f"postgres://u:{SECRET}@db.example:5433/x", QUEUE_URL=f"amqp://u:{SECRET}@queue/", BAD_URL=f"mysql://u:{SECRET}",
        )
        self.assertEqual(result.code, 0, result.err)
        self.assertIn("redis at cache:6380, called cache: CACHE_URL\n", result.err)
        self.assertIn("postgres at db.example:5433, called database: DATABASE_URL, PGHOST\n", result.err)
        self.assertIn("left alone: QUEUE_URL: Seism does not know amqp\n", result.err)
        self.assertIn("left alone: BAD_URL: names no single host and port\n", result.err)
        self.assertIn("cache/redis_error: redis_error", result.out)
        self.assertIn("database/latency:500: latency latency=500 on database, 2s", result.out)
        self.assertNotIn(SECRET, result.out + result.err)
        self.assertFalse(result.folder.exists())

    def test_check_prints_the_experiment(self):
        result = self.seism("check", "--json", "--front", 8080, "--", "shop", "-v", LDAP_HOST="ldap.example")
        self.assertEqual(result.code, 0, result.err)
        experiment = json.loads(result.out)
        self.assertEqual(experiment["app"], {"command": ["shop", "-v"]})
        self.assertEqual(experiment["front"], {"upstream": "127.0.0.1:8080"})
        self.assertEqual(experiment["backs"], [{"name": "ldap", "variables": ["LDAP_HOST"], "protocol": "ldap", "tls": "strip"}])

    def test_nothing_found(self):
        result = self.run_patient("shop", SENTRY_DSN="https://key@sentry.example/1")
        self.assertEqual(result.code, 2)
        self.assertIn("left alone: SENTRY_DSN: Seism does not know https\n", result.err)
        self.assertIn("no variable of the environment tells of a back-end", result.err)
        self.assertIn("REDIS_HOST", result.err)

    def test_wrong_words(self):
        self.assertEqual(self.seism("run").code, 2)
        self.assertEqual(self.run_patient("shop", options=("--get", "things"), REDIS_HOST="cache").code, 2)
        self.assertEqual(self.seism("run", "file.json", "--front", "80").code, 2)


class Fronts(Case):
    """How the port of the application is found, or is not."""

    def listening(self, script, *options):
        """A run of a Python program that never calls its back-end."""
        return self.run_patient(sys.executable, "-c", "import socket, time\n" + script, options=options, REDIS_HOST="127.0.0.1", REDIS_PORT="1")

    def test_program_that_ends(self):
        result = self.listening("raise SystemExit(7)")
        self.assertEqual(result.code, 4)
        self.assertIn("the application ended with status 7; it was to open a port; ", result.err)
        self.assertIn("app.log has what it wrote", result.err)

    def test_port_that_is_no_http(self):
        experiment = self.seism("check", "--json", "--", sys.executable, "-c", "import socket, time; s = socket.create_server(('127.0.0.1', 0)); time.sleep(60)", REDIS_HOST="cache")
        plan = json.loads(experiment.out)
        plan["app"]["start_within"] = "1s"
        file = self.folder / "plan.json"
        file.write_text(json.dumps(plan))
        result = self.seism("run", file, "-o", self.folder / "out", REDIS_HOST="cache")
        self.assertEqual(result.code, 4)
        self.assertRegex(result.err, r"does not speak HTTP on any port that it opened: 127\.0\.0\.1:\d+ within 1s")
        plan["app"]["command"] = ["sleep", "60"]
        file.write_text(json.dumps(plan))
        result = self.seism("run", file, "-o", self.folder / "out", REDIS_HOST="cache")
        self.assertEqual(result.code, 4)
        self.assertIn("the application does not open a port within 1s", result.err)

    def test_first_port_that_speaks_http_and_the_chosen_one(self):
        """A program with a port that is no HTTP's and two that are: `/` of the second calls the back-end."""
        server = self.server(real_servers.redis)
        ports = [free_port() for _ in range(3)]
        script = (
            "import http.server, socket, sys, threading\n"
            f"sys.path.insert(0, {str(PATIENTS)!r})\n"
            "import visits\n"
            f"silent = socket.create_server(('127.0.0.1', {ports[0]}))\n"
            "threading.Thread(target=lambda: silent.accept()[0].close(), daemon=True).start()\n"
            f"first = http.server.ThreadingHTTPServer(('127.0.0.1', {ports[1]}), http.server.SimpleHTTPRequestHandler)\n"
            "threading.Thread(target=first.serve_forever, daemon=True).start()\n"
            f"visits.Server(('127.0.0.1', {ports[2]}), visits.Handler).serve_forever()\n"
        )
        variables = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(server.port)}
        plan = json.loads(self.seism("check", "--json", "--", sys.executable, "-c", script, **variables).out)
        plan["perturbations"], plan["schedule"] = [], {"matrix": {"behaviours": ["blackout"], "for": "500ms"}}
        file = self.folder / "plan.json"
        file.write_text(json.dumps(plan))
        result = self.seism("run", file, "-o", self.folder / "out", **variables)
        self.assertEqual(result.code, 3, result.err)  # nothing bites there
        self.assertIn(f"the application listens on 127.0.0.1:{ports[1]}, and on 127.0.0.1:{ports[0]}, and on 127.0.0.1:{ports[2]}\n", result.err)
        plan["front"] = {"upstream": f"127.0.0.1:{ports[2]}"}
        file.write_text(json.dumps(plan))
        result = self.seism("run", file, "-o", self.folder / "out", **variables)
        self.assertEqual(result.code, 0, result.err)

    def test_signal_ends_the_application(self):
        server = self.server(real_servers.redis)
        port = free_port()
        process = self.start("run", "-o", self.folder / "out", "--", sys.executable, PATIENTS / "visits.py", port, REDIS_URL=f"redis://{server.address}")
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 130, err)
        with socket.socket() as plug:
            self.assertNotEqual(plug.connect_ex(("127.0.0.1", port)), 0, "the application lives on")


if __name__ == "__main__":
    SEISM = os.path.abspath(sys.argv.pop(1))
    done = unittest.main(exit=False).result
    bad = len(done.failures) + len(done.errors)
    print(f"discovery: {max(done.testsRun - bad, 0)} passed, {bad} failed")
    sys.exit(1 if bad or not done.testsRun else 0)

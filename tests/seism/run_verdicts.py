#!/usr/bin/python3
"""Applications with known sins behind Seism: each must be found out by the rule made for its sin, and by no
other; a good one must pass. The last line is `verdicts: N passed, N failed`.

run_verdicts.py PROGRAM [NAME...]: the program is seism, names are as unittest takes them
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENTS = os.path.join(HERE, "patients")
SEISM = ""

# The sin, and the rule that must find it.
SINS = {
    "error": "status_during",
    "hang": "no_hang",
    "crash": "front_reachable",
    "leak": "memory",
    "stale": "answers_after",
    "stuck": "recovery",
    "silent": "logged",
}


def free_port():
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return plug.getsockname()[1]


def wait_for(port):
    """Until something listens there."""
    for _ in range(500):
        with socket.socket() as plug:
            if plug.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on {port}")


class Clinic:
    """A store, and a folder for the results; runs experiments on shops."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.store_port = free_port()
        self.store = subprocess.Popen([sys.executable, os.path.join(PATIENTS, "store.py"), str(self.store_port)])
        wait_for(self.store_port)
        self.number = 0

    def close(self):
        self.store.terminate()
        self.store.wait()
        self.folder.cleanup()

    def experiment(self, sin, **changes):
        """A plain experiment on a shop; `changes` replace its members."""
        port, back = free_port(), free_port()
        plain = {
            "seism": 1,
            "title": f"the shop that sins by {sin}",
            "app": {
                "command": [sys.executable, os.path.join(PATIENTS, "shop.py"), str(port), str(back), sin],
                "ready": f"http://127.0.0.1:{port}/ready",
            },
            "front": {"upstream": f"127.0.0.1:{port}"},
            "backs": [
                {"name": "store", "listen": f"127.0.0.1:{back}", "upstream": f"127.0.0.1:{self.store_port}"}
            ],
            "traffic": {"rate": 30, "requests": [{"GET": "/"}]},
            "steady-state": {"for": "1s"},
            "perturbations": [
                {
                    "name": "store-gone",
                    "proxy": "store",
                    "behaviour": "blackout",
                    "for": "2s",
                    "observe": {"within": "10s"},
                }
            ],
            "verdict": {"hang": "1500ms"},
            "logged": {"output": True, "match": "{back} failed"},
        }
        plain.update(changes)
        return plain

    def write(self, experiment):
        self.number += 1
        folder = os.path.join(self.folder.name, str(self.number))
        os.mkdir(folder)
        file = os.path.join(folder, "experiment.json")
        with open(file, "w", encoding="utf-8") as out:
            json.dump(experiment, out)
        return folder, file

    def run(self, experiment, *options):
        folder, file = self.write(experiment)
        ran = subprocess.run(
            [SEISM, "run", file, "-o", folder, *options], capture_output=True, text=True, timeout=120, check=False
        )
        verdict = {}
        if os.path.exists(os.path.join(folder, "verdict.json")):
            with open(os.path.join(folder, "verdict.json"), encoding="utf-8") as text:
                verdict = json.load(text)
        return Result(ran, verdict, folder)


class Result:
    def __init__(self, ran, verdict, folder):
        self.code, self.out, self.err = ran.returncode, ran.stdout, ran.stderr
        self.verdict, self.folder = verdict, folder

    def rules(self, colour):
        return sorted(
            rule["id"] for each in self.verdict["experiments"] for rule in each["rules"] if rule["verdict"] == colour
        )

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as text:
            return text.read()


class Verdicts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.clinic = Clinic()
        # Each run waits most of its time: they share the machine.
        with ThreadPoolExecutor(4) as pool:
            plain = {sin: pool.submit(cls.clinic.run, cls.clinic.experiment(sin)) for sin in [*SINS, "none"]}
            blind = {
                sin: pool.submit(cls.clinic.run, cls.clinic.experiment(sin), "--off", rule)
                for sin, rule in SINS.items()
            }
            cls.plain = {sin: run.result() for sin, run in plain.items()}
            cls.blind = {sin: run.result() for sin, run in blind.items()}

    @classmethod
    def tearDownClass(cls):
        cls.clinic.close()

    def test_good_application_passes(self):
        result = self.plain["none"]
        self.assertEqual(result.code, 0, result.err)
        self.assertEqual(result.rules("red") + result.rules("inconclusive"), [], result.err)
        self.assertRegex(result.out, r"\n[0-9]+ passed, 0 failed, 0 skipped\n$")

    def test_each_sin_is_found_by_its_rule_alone(self):
        for sin, rule in SINS.items():
            with self.subTest(sin):
                result = self.plain[sin]
                self.assertEqual(result.code, 1, result.err)
                self.assertEqual(result.rules("red"), [rule], result.err)
                self.assertRegex(result.out, r"\n[0-9]+ passed, 1 failed, 0 skipped\n$")

    def test_without_its_rule_a_sin_is_not_seen(self):
        for sin, rule in SINS.items():
            with self.subTest(sin):
                result = self.blind[sin]
                self.assertEqual(result.code, 0, f"without {rule}: {result.err}")

    def test_evidence_leads_to_the_requests(self):
        result = self.plain["error"]
        rule = next(r for r in result.verdict["experiments"][0]["rules"] if r["id"] == "status_during")
        requests = {r["id"]: r for r in map(json.loads, result.read("requests.jsonl").splitlines())}
        self.assertTrue(rule["evidence"])
        for number in rule["evidence"]:
            self.assertEqual(requests[number]["status"], 500)
            self.assertEqual(requests[number]["phase"], "during")

    def test_artefacts_agree(self):
        result = self.plain["error"]
        suites = xml.fromstring(result.read("junit.xml"))
        failures = suites.findall(".//failure")
        self.assertEqual(len(failures), 1)
        self.assertIn("status_during", failures[0].get("message"))
        types = [json.loads(line)["type"] for line in result.read("events.jsonl").splitlines()]
        self.assertEqual(types[0], "perturbation.armed")
        self.assertIn("perturbation.bite", types)
        self.assertEqual(types[-1], "perturbation.stop")
        page = result.read("report.html")
        for word in ("status_during", "store-gone", "<svg"):
            self.assertIn(word, page)
        self.assertIsNone(re.search(r"<script|src=|https?://(?!www\.w3\.org)(?!127\.0\.0\.1)", page))
        self.assertIn("red", result.read("badge.svg"))


class Runs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.clinic = Clinic()

    @classmethod
    def tearDownClass(cls):
        cls.clinic.close()

    def test_nothing_bitten_is_inconclusive(self):
        other = {"name": "unused", "listen": f"127.0.0.1:{free_port()}", "upstream": "127.0.0.1:9"}
        experiment = self.clinic.experiment("none")
        experiment["backs"].append(other)
        experiment["perturbations"][0].update({"proxy": "unused", "for": "500ms"})
        result = self.clinic.run(experiment)
        self.assertEqual(result.code, 3, result.err)
        self.assertIn("bite", result.rules("inconclusive"))

    def test_sick_application_is_inconclusive(self):
        experiment = self.clinic.experiment("error")
        experiment["backs"][0]["upstream"] = f"127.0.0.1:{free_port()}"  # no store at all
        result = self.clinic.run(experiment)
        self.assertEqual(result.code, 3, result.err)
        self.assertEqual(result.rules("inconclusive"), ["steady_before"])

    def test_matrix_with_closed_port(self):
        experiment = self.clinic.experiment("none")
        experiment["perturbations"] = []
        del experiment["logged"]  # a shop that stands a delay has nothing to tell
        experiment["schedule"] = {
            "pause": "100ms",
            "matrix": {"behaviours": ["refuse", "latency:20", "reset_peer"], "for": "1s"},
        }
        result = self.clinic.run(experiment)
        self.assertEqual(result.code, 0, result.err)
        self.assertEqual(len(result.verdict["experiments"]), 3)
        self.assertEqual(result.verdict["resilience"], 1)
        for each in result.verdict["experiments"]:
            self.assertGreater(each["bites"], 0, each["id"])

    def test_behaviours_that_know_the_protocol(self):
        port, back, service = free_port(), free_port(), free_port()
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "index.html"), "w", encoding="utf-8") as page:
                page.write("served")
            command = [sys.executable, "-m", "http.server", str(service), "--bind", "127.0.0.1", "-d", folder]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
                try:
                    wait_for(service)
                    experiment = self.clinic.experiment(
                        "none",
                        app={
                            "command": [
                                sys.executable,
                                os.path.join(PATIENTS, "page.py"),
                                str(port),
                                f"http://127.0.0.1:{back}/",
                            ]
                        },
                        front={"upstream": f"127.0.0.1:{port}"},
                        backs=[
                            {
                                "name": "service",
                                "listen": f"127.0.0.1:{back}",
                                "upstream": f"127.0.0.1:{service}",
                                "protocol": "http",
                            }
                        ],
                        perturbations=[
                            {
                                "name": "sometimes-500",
                                "proxy": "service",
                                "behaviour": "http_error",
                                "attributes": {"code": 500},
                                "toxicity": 0.5,
                                "for": "2s",
                            }
                        ],
                    )
                    result = self.clinic.run(experiment)
                finally:
                    server.terminate()
        self.assertEqual(result.code, 0, result.err)
        during = result.verdict["experiments"][0]["phases"]["during"]["statuses"]
        self.assertEqual(set(during), {"200", "503"}, result.err)
        # Every request of the application that bit became a 503.
        self.assertAlmostEqual(result.verdict["experiments"][0]["bites"], during["503"], delta=2)

    def test_requests_that_end_late_are_no_leak(self):
        """The shop gives up long after the perturbation: what it held until then is looked at when it had time to let go."""
        experiment = self.clinic.experiment("none", verdict={"hang": "10s"})
        experiment["app"]["environment"] = {"STORE_TIMEOUT": "4"}
        experiment["perturbations"][0]["behaviour"] = "hang"
        result = self.clinic.run(experiment)
        self.assertEqual(result.rules("red"), [], result.err)
        self.assertEqual(result.code, 0, result.err)

    def test_client_state(self):
        for command, code in ((["true"], 0), (["sh", "-c", "echo one record is lost; exit 1"], 1)):
            experiment = self.clinic.experiment("none", client_state={"command": command})
            experiment["perturbations"][0]["for"] = "500ms"
            result = self.clinic.run(experiment)
            self.assertEqual(result.code, code, result.err)
        self.assertIn("one record is lost", result.read("client_state.log"))

    def test_wrong_file_names_the_place(self):
        experiment = self.clinic.experiment("none")
        experiment["perturbations"][0]["behaviour"] = "explode"
        result = self.clinic.run(experiment)
        self.assertEqual(result.code, 2)
        self.assertIn("perturbations[0].behaviour: there is no behaviour \"explode\"", result.err)

    def test_application_that_does_not_start(self):
        experiment = self.clinic.experiment("none")
        experiment["app"]["command"] = ["false"]
        result = self.clinic.run(experiment)
        self.assertEqual(result.code, 4)
        self.assertIn("ended with status 1", result.err)
        self.assertEqual(result.verdict["exit"], 4)

    def test_port_that_is_taken(self):
        with socket.socket() as plug:
            plug.bind(("127.0.0.1", 0))
            plug.listen()
            experiment = self.clinic.experiment("none")
            experiment["backs"][0]["listen"] = f"127.0.0.1:{plug.getsockname()[1]}"
            result = self.clinic.run(experiment)
        self.assertEqual(result.code, 4)
        self.assertIn("address already in use", result.err)

    def test_signal_takes_everything_back(self):
        experiment = self.clinic.experiment("none")
        experiment["perturbations"][0]["for"] = "30s"
        folder, file = self.clinic.write(experiment)
        with subprocess.Popen([SEISM, "run", file, "-o", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            time.sleep(3)
            run.send_signal(signal.SIGINT)
            run.communicate(timeout=20)
        self.assertEqual(run.returncode, 130)
        port = int(experiment["front"]["upstream"].split(":")[1])
        with socket.socket() as plug:
            self.assertNotEqual(plug.connect_ex(("127.0.0.1", port)), 0, "the application lives on")
        with open(os.path.join(folder, "events.jsonl"), encoding="utf-8") as events:
            self.assertEqual(json.loads(events.readlines()[-1])["type"], "perturbation.stop")

    def test_requests_of_others(self):
        """A command makes the requests, through the front proxy, and knows nothing of Seism."""
        reds = {"none": [], "error": ["status_during"], "hang": ["no_hang"], "crash": ["front_reachable"]}
        for sin, red in reds.items():
            with self.subTest(sin):
                front = free_port()
                experiment = self.clinic.experiment(sin)
                experiment["front"]["listen"] = f"127.0.0.1:{front}"
                client = (
                    "import sys, time, urllib.error, urllib.request\n"
                    "end = time.monotonic() + 8\n"
                    "while time.monotonic() < end:\n"
                    "    try:\n"
                    "        urllib.request.urlopen(sys.argv[1], timeout=5).read()\n"
                    "    except OSError:\n"
                    "        pass\n"
                    "    time.sleep(0.02)\n"
                )
                result = self.clinic.run(experiment, "--", sys.executable, "-c", client, f"http://127.0.0.1:{front}/")
                self.assertEqual(result.rules("red"), red, result.err)
                self.assertEqual(result.code, 1 if red else 0, result.err)
                self.assertEqual(result.verdict["rules"][0]["verdict"], "green", result.err)
                outcomes = {json.loads(line)["outcome"] for line in result.read("requests.jsonl").splitlines()}
                self.assertEqual("connect_refused" in outcomes, sin == "crash", outcomes)
                statuses = {json.loads(line)["status"] for line in result.read("requests.jsonl").splitlines()}
                self.assertLessEqual({200}, statuses)

    def test_dead_application_is_started_again(self):
        experiment = self.clinic.experiment("crash")
        experiment["app"]["environment"] = {"SUPERVISED": "1"}  # so that it has no supervisor
        experiment["perturbations"] = []
        experiment["schedule"] = {"pause": "100ms", "matrix": {"behaviours": ["blackout", "refuse"], "for": "500ms"}}
        result = self.clinic.run(experiment)
        self.assertEqual(result.code, 1, result.err)
        self.assertEqual(result.rules("red"), ["front_reachable"] * 2 + ["recovery"] * 2, result.err)
        self.assertIn("the process ended with status 1", result.err)

    def test_application_that_does_not_recover_is_started_again(self):
        """Each experiment begins with a well application: one red cell does not hide what the next would have told."""
        experiment = self.clinic.experiment("stuck", perturbations=[])
        behaviours = {"behaviours": ["blackout", "refuse"], "for": "500ms", "observe": {"within": "3s"}}
        experiment["schedule"] = {"pause": "100ms", "matrix": behaviours}
        result = self.clinic.run(experiment)
        self.assertEqual(result.rules("red"), ["recovery"] * 2, result.err)
        self.assertEqual(result.rules("inconclusive"), [], result.err)
        self.assertEqual(result.err.count("it is started again"), 1, result.err)

    def test_clients_that_fail_are_red(self):
        front = free_port()
        experiment = self.clinic.experiment("none")
        experiment["front"]["listen"] = f"127.0.0.1:{front}"
        result = self.clinic.run(experiment, "--", "false")
        self.assertEqual(result.code, 1, result.err)
        self.assertEqual(result.rules("inconclusive"), ["steady_before"])
        self.assertEqual(result.verdict["rules"][0]["verdict"], "red")

    def test_signal_while_the_application_starts(self):
        experiment = self.clinic.experiment("none")
        experiment["app"]["command"] = ["sleep", "60"]
        folder, file = self.clinic.write(experiment)
        with subprocess.Popen([SEISM, "run", file, "-o", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            time.sleep(1)
            run.send_signal(signal.SIGTERM)
            run.communicate(timeout=10)
        self.assertEqual(run.returncode, 130)

    def test_check_and_replay(self):
        experiment = self.clinic.experiment("error", seed=7)
        experiment["perturbations"][0]["for"] = "500ms"
        result = self.clinic.run(experiment)
        self.assertEqual(result.code, 1, result.err)
        file = os.path.join(result.folder, "experiment.json")
        checked = subprocess.run([SEISM, "check", file], capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertIn("store-gone: blackout", checked.stdout)
        os.remove(file)
        again = subprocess.run(
            [SEISM, "replay", os.path.join(result.folder, "verdict.json"), "-o", result.folder + "/again"],
            capture_output=True, text=True, timeout=60, check=False,
        )
        self.assertEqual(again.returncode, 1, again.stderr)
        with open(result.folder + "/again/verdict.json", encoding="utf-8") as text:
            self.assertEqual(json.load(text)["seed"], 7)
        blind = self.clinic.run(experiment, "--off", "status_during")
        self.assertEqual(blind.code, 0, blind.err)
        again = subprocess.run(
            [SEISM, "replay", os.path.join(blind.folder, "verdict.json"), "-o", blind.folder + "/again"],
            capture_output=True, text=True, timeout=60, check=False,
        )
        self.assertEqual(again.returncode, 0, again.stderr)


class Monkeys(unittest.TestCase):
    """`seism monkey`: random events without end, each with a verdict."""

    @classmethod
    def setUpClass(cls):
        cls.clinic = Clinic()

    @classmethod
    def tearDownClass(cls):
        cls.clinic.close()

    def zoo(self, sin, **monkey):
        """A shop whose store goes and comes."""
        experiment = self.clinic.experiment(sin)
        experiment["perturbations"] = [
            {"name": what, "proxy": "store", "behaviour": what, "for": "500ms", "observe": {"within": "5s"}}
            for what in ("blackout", "refuse")
        ]
        experiment["steady-state"] = {"for": "1s"}
        experiment["monkey"] = {"every": "1s", **monkey}
        del experiment["logged"]
        return experiment

    def monkey(self, experiment, *options):
        folder, file = self.clinic.write(experiment)
        return folder, subprocess.Popen(
            [SEISM, "monkey", file, "-o", folder, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def journal(self, folder):
        with open(os.path.join(folder, "monkey.jsonl"), encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def test_good_application_lives_on(self):
        experiment = self.zoo("none")
        folder, monkey = self.monkey(experiment, "--for", "20s", "--seed", "3")
        out, err = monkey.communicate(timeout=60)
        self.assertEqual(monkey.returncode, 0, err)
        events = self.journal(folder)
        self.assertGreaterEqual(len(events), 3, err)
        self.assertEqual({each["verdict"] for each in events} - {"green", "amber"}, set(), err)
        self.assertEqual({each["perturbations"][0]["name"] for each in events}, {"blackout", "refuse"})
        for each in events:
            self.assertGreater(each["perturbations"][0]["bites"], 0, each)
            self.assertEqual(each["seed"], 3)
        self.assertRegex(out, r"^[0-9]+ green, [0-9]+ amber, 0 red, 0 inconclusive: .*monkey.jsonl\n$")
        # The same was to be read before.
        planned, dry = self.monkey(experiment, "--for", "20s", "--seed", "3", "--dry")
        lines = dry.communicate(timeout=20)[0].splitlines()[1:]
        self.assertFalse(os.path.exists(os.path.join(planned, "monkey.jsonl")))
        names = [re.search(r":[0-9]{2} (\S+) for 500ms$", line).group(1) for line in lines]
        self.assertEqual([each["perturbations"][0]["name"] for each in events], names[: len(events)])

    def test_sin_is_found_and_a_signal_takes_all_back(self):
        experiment = self.zoo("error")
        folder, monkey = self.monkey(experiment)
        for _ in range(200):
            time.sleep(0.1)
            if os.path.exists(os.path.join(folder, "monkey.jsonl")) and self.journal(folder):
                break
        monkey.send_signal(signal.SIGTERM)
        out, err = monkey.communicate(timeout=20)
        self.assertEqual(monkey.returncode, 1, err)
        first = self.journal(folder)[0]
        self.assertEqual((first["verdict"], [each["rule"] for each in first["findings"]]), ("red", ["status_during"]), err)
        self.assertIn("everything is taken back", err)
        with socket.socket() as plug:
            port = int(experiment["front"]["upstream"].split(":")[1])
            self.assertNotEqual(plug.connect_ex(("127.0.0.1", port)), 0, "the application lives on")

    def test_two_at_once(self):
        experiment = self.zoo("none", at_once=2)
        spare = {"name": "spare", "listen": f"127.0.0.1:{free_port()}", "upstream": f"127.0.0.1:{self.clinic.store_port}"}
        experiment["backs"].append(spare)
        experiment["perturbations"].append({"name": "spare-slow", "proxy": "spare", "behaviour": "latency", "for": "1s"})
        folder, monkey = self.monkey(experiment, "--for", "4s", "--seed", "7")
        _, err = monkey.communicate(timeout=60)
        events = self.journal(folder)
        both = [each["perturbations"] for each in events if len(each["perturbations"]) == 2]
        self.assertTrue(both, err)
        for store, spare in both:
            self.assertEqual((store["proxy"], spare["proxy"], spare["for"]), ("store", "spare", "1s"))
            self.assertGreater(store["bites"], 0)
            self.assertEqual(spare["bites"], 0)

    def test_quiet_hours(self):
        folder, monkey = self.monkey(self.zoo("none", quiet=["00:00-12:00", "12:00-24:00"]), "--for", "3s")
        _, err = monkey.communicate(timeout=30)
        self.assertEqual(monkey.returncode, 3, err)  # nothing was seen
        self.assertEqual({each["verdict"] for each in self.journal(folder)}, {"quiet"})

    def test_wrong_plan(self):
        for wrong, told in (({"quiet": "22-7"}, "monkey.quiet"), ({"at_once": 0}, "monkey.at_once"), ({"every": "often"}, "monkey.every")):
            _, monkey = self.monkey(self.zoo("none", **wrong))
            _, err = monkey.communicate(timeout=20)
            self.assertEqual(monkey.returncode, 2, err)
            self.assertIn(told, err)


class Documents(unittest.TestCase):
    """docs/seism/experiments.md and the schema against what the program reads."""

    DOCS = os.path.join(HERE, "..", "..", "docs", "seism")
    maxDiff = None

    def check(self, experiment):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(experiment, file)
            file.flush()
            return subprocess.run([SEISM, "check", file.name], capture_output=True, text=True, check=False)

    def test_example_is_right(self):
        with open(os.path.join(self.DOCS, "experiments.md"), encoding="utf-8") as page:
            example = json.loads(re.search(r"```json\n(.*?)```", page.read(), re.DOTALL).group(1))
        checked = self.check(example)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertIn("store/latency:500: latency latency=500 on store, 5s", checked.stdout)

    def test_schema_has_the_members_that_are_read(self):
        with open(os.path.join(self.DOCS, "experiment.schema.json"), encoding="utf-8") as text:
            schema = json.load(text)
        told = {}

        def walk(one, place):
            """An experiment in which every object has one member that nobody knows."""
            if "$ref" in one:
                one = schema["$defs"][one["$ref"].rsplit("/", 1)[1]]
            if one.get("type") == "array" and one["items"].get("type") == "object":
                return [walk(one["items"], f"{place}[0]")]
            if one.get("type") != "object" or "properties" not in one:
                return None
            told[place] = sorted(one["properties"])
            inner = {name: walk(each, f"{place}.{name}".lstrip(".")) for name, each in one["properties"].items()}
            return {"nobody": 1, **{name: each for name, each in inner.items() if each is not None}}

        checked = self.check(walk(schema, ""))
        read = {}
        for place, names in re.findall(r"json: (\S*?)\.?nobody: there is no such member; known are (.*)", checked.stderr):
            read[place] = names.split(", ")
        self.assertEqual(read, told)


if __name__ == "__main__":
    SEISM = os.path.abspath(sys.argv.pop(1))
    done = unittest.main(exit=False).result
    bad = len(done.failures) + len(done.errors)
    print(f"verdicts: {max(done.testsRun - bad, 0)} passed, {bad} failed")
    sys.exit(1 if bad or not done.testsRun else 0)

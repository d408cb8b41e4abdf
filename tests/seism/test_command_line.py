"""The commands, under their own name and under those of Toxiproxy's programs."""

import os
import subprocess
from pathlib import Path

from processes import free_port
from seism_server import SeismServer, check, connect, refused, round_trip, upstream


def run(program: Path, *words: str, url: str = "") -> subprocess.CompletedProcess[str]:
    """A command to its end."""
    environment = {**os.environ, "TOXIPROXY_URL": url}
    return subprocess.run([program, *words], env=environment, capture_output=True, text=True, timeout=30, check=False)


def said(program: Path, url: str, *words: str) -> str:
    """What a command that must succeed prints."""
    done = run(program, *words, url=url)
    check(done.returncode == 0 and done.stderr == "", f"{words}: {done}")
    return done.stdout


def verbs_do_what_they_say(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = free_port()
        listen = f"127.0.0.1:{port}"
        check(said(program, server.url, "create", "-l", listen, "-u", address, "redis") == "Created new proxy redis\n", "create")
        check(said(program, server.url, "list") == f"redis\t{listen}\t{address}\tenabled\t0\n", "list")
        check(said(program, server.url, "toggle", "redis") == "Proxy redis is now disabled\n" and refused(port), "toggle")
        check(said(program, server.url, "list").split("\t")[3] == "disabled", "list")
        check(said(program, server.url, "toggle", "redis") == "Proxy redis is now enabled\n", "toggle back")
        round_trip(connect(port))
        add = ("toxic", "add", "-t", "latency", "-a", "latency=100", "-a", "jitter=5", "--toxicity", "0.5", "redis")
        check(said(program, server.url, *add) == "Added downstream latency toxic 'latency_downstream' on proxy 'redis'\n", "add")
        shown = "latency_downstream\ttype=latency\tstream=downstream\ttoxicity=0.50\tattributes=[\tjitter=5\tlatency=100\t]\n"
        check(said(program, server.url, "inspect", "redis") == shown, "inspect")
        update = ("toxic", "update", "-n", "latency_downstream", "-a", "jitter=7", "redis")
        check(said(program, server.url, *update) == "Updated toxic 'latency_downstream' on proxy 'redis'\n", "update")
        check(said(program, server.url, "inspect", "redis") == shown.replace("jitter=5", "jitter=7"), "inspect")
        ours = ("toxic", "a", "--type=hang", "-n", "h/1", "-a", "mode=backpressure", "-u", "redis")
        check(said(program, server.url, *ours) == "Added upstream hang toxic 'h/1' on proxy 'redis'\n", "a type of our own")
        check(said(program, server.url, "t", "r", "-n", "h/1", "redis") == "Removed toxic 'h/1' on proxy 'redis'\n", "remove")
        check(said(program, server.url, "delete", "redis") == "Deleted proxy redis\n" and refused(port), "delete")
        check(said(program, server.url, "ls") == "", "list")


def other_names_and_spellings(program: Path, folder: Path) -> None:
    for name in ("toxiproxy-server", "toxiproxy-cli"):
        (folder / name).symlink_to(program)
    with SeismServer(folder / "toxiproxy-server", folder, "-host=127.0.0.1", "--seed", "3", command=()) as server:
        cli = folder / "toxiproxy-cli"
        check(said(cli, "", "--host", server.url, "list") == "", "an option before the verb")
        check(said(cli, "", "-h", server.url, "c", "--listen=localhost:0", "--upstream", "u:1", "a b") == "Created new proxy a b\n", "spellings")
        for verb in ("list", "ls", "l", "li"):
            check(said(cli, server.url, verb).startswith("a b\t127.0.0.1:"), verb)
        for words in (("d", "a b"), ("new", "n", "-l", "localhost:0", "-u", "u:1"), ("tog", "n"), ("ins", "n"), ("i", "n")):
            said(cli, server.url, *words)
        check("seed=3" in server.log.read_text(), server.log.read_text())
    check(run(folder / "toxiproxy-server", "-version").stdout.startswith("toxiproxy-server version 2.12.0"), "-version")


def mistakes_are_explained(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server:
        for words, why in (
            (("inspect", "nope"), "proxy not found"),
            (("delete", "nope"), "proxy not found"),
            (("toxic", "add", "-t", "latency", "nope"), "proxy not found"),
            (("toxic", "add", "nope"), "TYPE"),
            (("toxic", "add", "-t", "latency", "-a", "latency", "p"), "NAME=VALUE"),
            (("toxic", "remove", "p"), "-n TOXIC"),
            (("create", "p"), "ADDRESS"),
            (("create", "-l", "x", "-u", "y", "p"), "missing port"),
            (("create", "-l"), "needs an argument"),
            (("toggle",), "one argument"),
            (("list", "-x"), "not defined: -x"),
            (("nothing",), "no \"nothing\""),
            (("--nothing",), "--nothing"),
        ):
            done = run(program, *words, url=server.url)
            check(done.returncode == 1 and why in done.stderr and done.stdout == "", f"{words}: {done}")
        taken = run(program, "server", "-port", str(server.port))
        check(taken.returncode == 1 and "in use" in taken.stderr, str(taken))
    nobody = run(program, "list", url=f"http://127.0.0.1:{free_port()}")
    check(nobody.returncode == 1 and "seism server" in nobody.stderr, str(nobody))
    for words in (("server", "-nothing"), ("server", "-seed", "x"), ("server", "word")):
        done = run(program, *words)
        check(done.returncode == 2 and "Usage" in done.stderr, str(done))


def a_newcomer_finds_the_way(program: Path, folder: Path) -> None:
    text = run(program, "--help").stdout
    for word in ("seism server", "seism create", "seism toxic add", "Toxiproxy"):
        check(word in text, f"--help has no {word}")
    check("-seed" in run(program, "server", "-h").stdout, "server -h")
    types = run(program, "types").stdout
    check("\nlatency\n" in "\n" + types and "-a jitter=0" in types and "swallow, backpressure" in types, types)
    check(run(program).returncode == 1 and "seism server" in run(program).stderr, "without a word")


CASES = (verbs_do_what_they_say, other_names_and_spellings, mistakes_are_explained, a_newcomer_finds_the_way)

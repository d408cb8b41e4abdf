"""LDAP: what OpenLDAP's tools say of each fault before slapd."""

from contextlib import contextmanager
from collections.abc import Iterator
from pathlib import Path

from directory import PEOPLE, ROOT, Directory, person
from real_servers import Said, Server, run_client
from seism_server import SeismServer, check, connect, ending, receive

# Result codes and how the tools call them.
CODES = (
    (1, "Operations error"),
    (2, "Protocol error"),
    (3, "Time limit exceeded"),
    (4, "Size limit exceeded"),
    (11, "Administrative limit exceeded"),
    (32, "No such object"),
    (49, "Invalid credentials"),
    (50, "Insufficient access"),
    (51, "Server is busy"),
    (52, "Server is unavailable"),
    (53, "Server is unwilling to perform"),
    (80, "Other (e.g., implementation specific) error"),
)
NOTICE = bytes.fromhex("3024020100781f0a0134040004008a16") + b"1.3.6.1.4.1.1466.20036"


@contextmanager
def SERVER(folder: Path) -> Iterator[Server]:  # noqa: N802 - the name the runner knows
    """slapd with twenty people."""
    people = "".join(person(f"p{number:02}", 2000 + number, "secret") for number in range(20))
    with Directory(folder / "slapd", people) as directory:
        yield Server(directory.port, folder)


def tool(name: str, port: int, *words: str, text: str = "") -> Said:
    """One of the tools as the one who may do anything."""
    return run_client(name, "-x", "-H", f"ldap://127.0.0.1:{port}", "-D", f"cn=root,{ROOT}", "-w", "root", *words, text=text)


def search(port: int, *words: str) -> Said:
    """The twenty people."""
    return tool("ldapsearch", port, "-LLL", "-o", "ldif-wrap=no", "-b", PEOPLE, *words, "(uid=p*)", "dn")


def change(port: int, name: str, title: str) -> Said:
    """Gives somebody a title."""
    return tool("ldapmodify", port, text=f"dn: uid={name},{PEOPLE}\nchangetype: modify\nreplace: title\ntitle: {title}\n")


def title_of(server: Server, name: str) -> str:
    """As the directory itself says."""
    said = tool("ldapsearch", server.port, "-LLL", "-b", f"uid={name},{PEOPLE}", "-s", "base", "title")
    return next((line.split(": ", 1)[1] for line in said.out.splitlines() if line.startswith("title: ")), "")


def each_code(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for code, words in CODES:
            with seism.met("ldap_error", code=code, match="^search"):
                said = search(port)
            check(said.status == code and said.out == "" and words in said.errors + said.out, f"{code} for a search: {said.all}")
            with seism.met("ldap_error", code=code, message="a wording of ours", match="^modify"):
                said = change(port, "p00", "changed")
            check(said.status == code and "a wording of ours" in said.errors, f"{code} for a change: {said.all}")
            with seism.met("ldap_error", code=code, match="^bind"):
                said = search(port)
            check(said.status == code and words in said.errors, f"{code} for a bind: {said.all}")
        check(title_of(server, "p00") == "", "nothing was changed")
        check(search(port).out.count("dn: ") == 20, "without a fault")


def each_operation(program: Path, folder: Path, server: Server) -> None:
    """Each has an answer of its own; only those that write meet what is for these."""
    new = person("new", 3000, "secret")
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        with seism.met("ldap_error", code=53, only_writes=True):
            for said in (
                tool("ldapadd", port, text=new),
                tool("ldapdelete", port, f"uid=p01,{PEOPLE}"),
                tool("ldapmodrdn", port, f"uid=p01,{PEOPLE}", "uid=other"),
                tool("ldappasswd", port, "-s", "new", f"uid=p01,{PEOPLE}"),
                change(port, "p01", "changed"),
            ):
                check("53" in said.all or "unwilling" in said.all, said.all)
                check("unwilling to perform" in said.all, said.all)
            check(tool("ldapcompare", port, f"uid=p01,{PEOPLE}", "uid:p01").out.strip() == "TRUE", "comparing writes nothing")
            check(search(port).out.count("dn: ") == 20, "all are still there")
        with seism.met("ldap_error", code=51, match="^compare"):
            check("busy" in tool("ldapcompare", port, f"uid=p01,{PEOPLE}", "uid:p01").all, "a comparison")
        with seism.met("ldap_error", code=51, match="^extended"):
            check("busy" in tool("ldapwhoami", port).all, "who am I")


def entries_come_before_the_error(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for code, entries, seen in ((4, 7, 7), (3, 1, 1), (51, 100, 20)):
            with seism.met("ldap_error", code=code, entries=entries, match="^search"):
                said = search(port)
            check(said.status == code and said.out.count("dn: ") == seen, f"{entries} entries, then {code}: {said.all}")
        with seism.met("ldap_error", kind="close", entries=5, match="^search"):
            said = search(port)
        check(said.status != 0 and said.out.count("dn: ") == 5, f"five entries, then the end: {said.all}")


def after_mode_has_done_it(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        with seism.met("ldap_error", code=52, mode="after", match="^modify"):
            said = change(port, "p02", "ambiguous")
        check(said.status == 52 and "unavailable" in said.errors, said.all)
        check(title_of(server, "p02") == "ambiguous", "told an error, and it is done")
        with seism.met("ldap_error", code=52, mode="after", match="^search"):
            said = search(port)
        check(said.status == 52 and said.out == "", f"all entries are swallowed: {said.all}")


def the_notice_of_disconnection(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        with seism.met("ldap_error", kind="disconnect", at="connect"):
            peer = connect(port)
            check(receive(peer, len(NOTICE)) == NOTICE and ending(peer) == "end", "the notice, then the end")
            said = search(port)
        check(said.status != 0 and said.out == "", f"at the connection: {said.all}")
        with seism.met("ldap_error", kind="disconnect", message="going down", match="^search"):
            said = search(port)
        check(said.status != 0 and said.out == "", f"in place of an answer: {said.all}")
        with seism.met("ldap_error", code=51, mode="before_close", match="^modify"):
            text = "".join(f"dn: uid=p0{n},{PEOPLE}\nchangetype: modify\nreplace: title\ntitle: x\n\n" for n in (3, 4))
            said = tool("ldapmodify", port, "-c", text=text)
        check("Server is busy (51)" in said.errors and "Can't contact LDAP server (-1)" in said.errors, f"the error, then the end: {said.all}")


def lost_connections(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for kind in ("close", "reset", "garbage"):
            with seism.met("ldap_error", kind=kind, match="^search"):
                said = search(port)
            check(said.status != 0 and said.out == "" and "contact LDAP server (-1)" in said.errors, f"{kind}: {said.all}")
        with seism.met("ldap_error", kind="hang", match="^search"):
            said = run_client("timeout", "0.6", "ldapsearch", "-x", "-H", f"ldap://127.0.0.1:{port}", "-b", PEOPLE)
        check(said.status == 124 and said.out == "", f"hang: {said.all}")


CASES = (
    each_code,
    each_operation,
    entries_come_before_the_error,
    after_mode_has_done_it,
    the_notice_of_disconnection,
    lost_connections,
)

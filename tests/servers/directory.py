"""A real LDAP directory for the cases about `auth.backend = "ldap"`: Debian's slapd on a free port, with a folder of its own."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from processes import Child, free_port

ROOT = "dc=example,dc=org"
PEOPLE = f"ou=people,{ROOT}"
READER, ADMIN = f"cn=reader,{ROOT}", f"cn=sync,{ROOT}"
COUNTER = f"cn=maxuid,{PEOPLE}"
WEAVE = Path(__file__).resolve().parents[2] / "deploy" / "ldap" / "weave.ldif"

CONFIGURATION = """\
dn: cn=config
objectClass: olcGlobal
cn: config
olcArgsFile: {folder}/slapd.args
olcPidFile: {folder}/slapd.pid
{tls}
dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file:///etc/ldap/schema/core.ldif
include: file:///etc/ldap/schema/cosine.ldif
include: file:///etc/ldap/schema/nis.ldif
include: file:///etc/ldap/schema/inetorgperson.ldif
include: file://{weave}

dn: cn=module,cn=config
objectClass: olcModuleList
cn: module
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb

dn: olcDatabase=mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: mdb
olcSuffix: {root}
olcRootDN: cn=root,{root}
olcRootPW: root
olcDbDirectory: {folder}/database
olcDbIndex: uid,uidNumber eq
olcAccess: to attrs=userPassword by dn="{admin}" write by anonymous auth by * none
olcAccess: to dn.subtree="{people}" by dn="{admin}" write by dn="{reader}" read by * none
olcAccess: to * by users read by anonymous auth

"""

# The domain, the people's branch with its counter, and those as whom the server binds.
BASE = f"""\
dn: {ROOT}
objectClass: domain
dc: example

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {COUNTER}
objectClass: uidCounter
cn: maxuid
uidNumber: 1000

dn: {READER}
objectClass: person
cn: reader
sn: reader
userPassword: reader secret

dn: {ADMIN}
objectClass: person
cn: sync
sn: sync
userPassword: admin secret

"""


def person(name: str, number: int, password: str, *more: str) -> str:
    """An entry as directories of companies have them."""
    lines = [
        f"dn: uid={name},{PEOPLE}",
        "objectClass: inetOrgPerson",
        "objectClass: posixAccount",
        f"uid: {name}",
        f"cn: {name}",
        f"sn: {name}",
        f"uidNumber: {number}",
        "gidNumber: 100",
        f"homeDirectory: /home/{name}",
        *([f"userPassword: {password}"] if password else []),
        *more,
    ]
    return "\n".join(lines) + "\n\n"


class Directory:
    """Runs between entering and leaving; start(), kill(), pause() and go_on() as the test likes. The port stays the same."""

    def __init__(self, folder: Path, people: str, certificate: tuple[Path, Path] | None = None, scheme: str = "ldap") -> None:
        """`people` is LDIF; `certificate` are the files of certificate and key."""
        self.folder = folder
        self.port = free_port()
        self.uri = f"{scheme}://127.0.0.1:{self.port}"
        (folder / "config").mkdir(parents=True)
        (folder / "database").mkdir()
        tls = "" if certificate is None else f"olcTLSCertificateFile: {certificate[0]}\nolcTLSCertificateKeyFile: {certificate[1]}\n"
        configuration = CONFIGURATION.format(folder=folder, tls=tls, weave=WEAVE, root=ROOT, people=PEOPLE, admin=ADMIN, reader=READER)
        self._load("0", configuration)
        self._load("1", BASE + people)
        self._child: Child | None = None

    def __enter__(self) -> "Directory":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()

    def _load(self, database: str, ldif: str) -> None:
        command = ["/usr/sbin/slapadd", "-n", database, "-F", self.folder / "config"]
        done = subprocess.run(command, input=ldif, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"slapadd -n {database}: {done.stderr}")

    def start(self) -> None:
        """Waits until it takes connections."""
        self._child = Child(["/usr/sbin/slapd", "-F", self.folder / "config", "-h", self.uri, "-d", "0"], self.folder / "slapd.log")
        end = time.monotonic() + 20
        while time.monotonic() < end and self._child.alive():
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"slapd does not start: {(self.folder / 'slapd.log').read_text()}")

    def kill(self, politely: bool = False) -> None:
        """Without a farewell, or by SIGTERM; fine when it does not run."""
        child, self._child = self._child, None
        if child is not None:
            if not politely:
                os.kill(child.pid, signal.SIGKILL)
            child.terminate()

    def pause(self) -> None:
        """It takes connections and says nothing."""
        assert self._child is not None
        os.kill(self._child.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """After pause()."""
        assert self._child is not None
        os.kill(self._child.pid, signal.SIGCONT)

    def tool(self, name: str, *arguments: str) -> str:
        """`ldapsearch` and so on as the one who may do anything, or as `-D` says."""
        login = [] if "-D" in arguments else ["-D", f"cn=root,{ROOT}", "-w", "root"]
        command = [name, "-x", "-H", self.uri, *login, *arguments]
        done = subprocess.run(command, text=True, capture_output=True, check=False, timeout=20)
        if done.returncode != 0:
            raise AssertionError(f"{name}: {done.stderr}")
        return done.stdout

    def entries(self, filter_text: str) -> list[dict[str, list[str]]]:
        """What is below the people's branch, attributes by their names."""
        text = self.tool("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", PEOPLE, filter_text)
        found: list[dict[str, list[str]]] = []
        for block in text.strip().split("\n\n"):
            entry: dict[str, list[str]] = {}
            for line in block.splitlines():
                attribute, _, value = line.partition(": ")
                entry.setdefault(attribute.rstrip(":"), []).append(value)
            if entry:
                found.append(entry)
        return found

    def settings(self, *more: str, admin: bool = False, tls: bool = False) -> list[str]:
        """Arguments of `homespun serve`; the last of two values for a setting counts."""
        values = ["signup=open", "auth.backend=ldap", "auth.remember_s=0", f"ldap.uri={self.uri}", f"ldap.use_tls={'true' if tls else 'false'}"]
        values += [f"ldap.search_root={PEOPLE}", f"ldap.bind_user={READER}", "ldap.bind_password=reader secret"]
        if admin:
            values += [f"ldap.admin_user={ADMIN}", "ldap.admin_password=admin secret", f"ldap.users_root={PEOPLE}", f"ldap.next_id_entry={COUNTER}"]
        return [word for value in (*values, *more) for word in ("--set", value)]

"""The user API of 2010 with the servers around it: mail, the security log, a database that goes away, restarts."""

import sqlite3
import socket
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from checks import check, complaint_of_start
from homespun_server import HomespunServer
from legacy import Box, ask, basic, create, free_port, security_events, smtp_server, user_name

ANN = "ann@example.org"
NAME = user_name(ANN)


def settings(*values: str) -> list[str]:
    return [word for value in ("signup=open", *values) for word in ("--set", value)]


def mail_settings(port: int) -> list[str]:
    return ["smtp.host=127.0.0.1", f"smtp.port={port}", "smtp.sender=sync@example.org"]


def link_of(box: Box) -> tuple[str, dict[str, str]]:
    """Path and query of the link in the last mail."""
    link = next(line for line in box.mails[-1][2].splitlines() if line.startswith("http"))
    parts = urlsplit(link)
    return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


def form(server: HomespunServer, path: str, **fields: str) -> str:
    answer = ask(server, "POST", path, urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"})
    return f"{answer.status} {answer.body.decode()}"


def a_forgotten_password_is_set_by_the_api(program: Path, folder: Path) -> None:
    box = Box()
    smtp = smtp_server(box)
    smtp.start()
    log = folder / "cef.log"
    try:
        with HomespunServer(program, folder / "server", settings(*mail_settings(smtp.port), f"cef.file={log}")) as server:
            check(create(server, ANN, "first password").status == 200, "the user was not made")
            path = f"/user/1.0/{NAME}"
            for _ in range(2):
                answer = ask(server, "GET", f"{path}/password_reset")
                check((answer.status, answer.body) == (200, b"success"), f"no mail: {answer}")
            check(box.subjects == ["Resetting your Services password"] * 2, f"{box.subjects}")
            sender, recipients, text = box.mails[0]
            check((sender, recipients) == ("sync@example.org", [ANN]), f"{box.mails[0]}")
            check(box.mails[1][2] == text, "the second mail has another code")
            page, query = link_of(box)
            check(page == "/weave-password-reset" and query["username"] == NAME, text)
            check(server.root in text, "the link leads elsewhere")
            code = query["key"]

            def change(password: str, shown: str) -> tuple[int, bytes]:
                answer = ask(server, "POST", f"{path}/password", password, {"X-Weave-Password-Reset": shown})
                return answer.status, answer.body

            check(change("short", code)[0] == 400, "a weak password was taken")
            check(change("second password", code[::-1]) == (400, b"10"), "a wrong code was taken")
            check(change("second password", "=\\ name=\nvalue".replace("\n", " ")) == (400, b"10"), "a wild code was taken")
            check(change("second password é", code) == (200, b"success"), "the code was not taken")
            check(change("third password", code) == (400, b"10"), "the code was taken twice")
            check(ask(server, "POST", f"{path}/email", ANN, basic(NAME, "second password é")).status == 200, "the new password is not good")
            check(ask(server, "POST", f"{path}/email", ANN, basic(NAME, "first password")).status == 401, "the old password still is")

            answer = ask(server, "GET", f"{path}/password_reset")
            code = link_of(box)[1]["key"]
            check(ask(server, "DELETE", f"{path}/password_reset", b"", basic(NAME, "second password é")).body == b"success", "not cleared")
            check(change("third password", code) == (400, b"10"), "a cleared code was taken")
        events = security_events(log)
        names = [event["name"] for event in events]
        check(names.count("Invalid Reset Code submitted") == 4, f"{names}")
        check(("User requested password reset clear", "9", "PasswordResetCleared") in [(e["name"], e["severity"], e["signature"]) for e in events], f"{names}")
        wild = [e for e in events if "submitedtoken=\\=\\\\ name\\=" in e["extensions"]]
        check(len(wild) == 1 and wild[0]["signature"] == "InvalidResetCode" and wild[0]["severity"] == "5", "the wild code is not escaped")
        check("User Authentication Failed" in names and (log.stat().st_mode & 0o777) == 0o600, f"{names}")
        logs = log.read_text() + (folder / "server/server.log").read_text()
        check(not any(word in logs for word in ("first password", "second password", "third password")), "a secret in a log")
    finally:
        smtp.stop()


def a_forgotten_password_is_set_by_the_form(program: Path, folder: Path) -> None:
    box = Box()
    smtp = smtp_server(box)
    smtp.start()
    try:
        with HomespunServer(program, folder / "server", settings(*mail_settings(smtp.port))) as server:
            create(server, ANN, "first password")
            page = "/weave-password-reset"
            check("Username not provided" in form(server, page, username=""), "no name")
            check("unable to locate your account" in form(server, page, username="nobody"), "an unknown name")
            check("next 6 hours" in form(server, page, username=ANN), "an address is a name too")
            path, query = link_of(box)
            shown = ask(server, "GET", f"{path}?{urlencode(query)}")
            check(query["key"].encode() in shown.body and b"script" not in shown.body, "the form for a new password")
            check("default-src 'none'" in shown.headers["content-security-policy"], "no policy")
            key = query["key"]
            check(form(server, page, username=NAME, password="second pw", confirm="second pw").startswith("400"), "a form without a key")
            check("Password not provided" in form(server, page, username=NAME, confirm="x", key=key), "no password")
            check("do not match" in form(server, page, username=NAME, password="second pw", confirm="second pv", key=key), "two passwords")
            check("at least 8" in form(server, page, username=NAME, password="short", confirm="short", key=key), "a weak password")
            check("unable to locate your account" in form(server, page, username="nobody", password="second pw", confirm="second pw", key=key), "another name")
            check("Username not provided" in form(server, page, password="second pw", confirm="second pw", key=key), "no name")
            check("Key does not match with username" in form(server, page, username=NAME, password="second pw", confirm="second pw", key="AAAA" + key[4:]), "a wrong key")
            check("Password successfully changed" in form(server, page, username=NAME, password="second pw", confirm="second pw", key=key), "a good key")
            check("Key does not match with username" in form(server, page, username=NAME, password="third pw", confirm="third pw", key=key), "a key taken twice")
            # The reference set it to the literal word `password`.
            check(ask(server, "POST", f"/user/1/{NAME}/email", ANN, basic(NAME, "password")).status == 401, "the word password is the password")
            check(ask(server, "POST", f"/user/1/{NAME}/email", ANN, basic(NAME, "second pw")).status == 200, "the new password is not good")
            check("&lt;b&gt;&quot;" in form(server, page, username='<b>"', password="a", confirm="b", key=key), "a name is not escaped")
    finally:
        smtp.stop()


def mail_that_does_not_go_out_is_503(program: Path, folder: Path) -> None:
    port = free_port()
    with HomespunServer(program, folder / "server", settings(*mail_settings(port))) as server:
        create(server, ANN, "first password")
        path = f"/user/1.0/{NAME}/password_reset"

        def answer() -> tuple[int, bool, float]:
            begin = time.monotonic()
            got = ask(server, "GET", path)
            return got.status, got.headers.get("retry-after", "").isdigit(), time.monotonic() - begin

        check(answer()[:2] == (503, True), "nobody listens")
        with socket.create_server(("127.0.0.1", port)):  # takes connections and says nothing
            status, retry, took = answer()
            check((status, retry) == (503, True) and 4 < took < 8, f"a silent server: {status} after {took:.1f} s")
        box = Box(refuse="554 no")
        smtp = smtp_server(box, port)
        smtp.start()
        try:
            check(answer()[:2] == (503, True), "a server that refuses")
            box.refuse = ""
            check(answer()[0] == 200 and len(box.mails) == 1, "and all is well again by itself")
            check([answer()[0] for _ in range(4)] == [200] * 4, "four more")
            check(answer()[:2] == (503, True) and len(box.mails) == 5, "a sixth mail within the hour")
        finally:
            smtp.stop()
        check(server.log.read_text().count("mail_failed") == 3, "the failures are not logged")
    with HomespunServer(program, folder / "without", settings()) as server:
        create(server, ANN, "first password")
        check(ask(server, "GET", path).status == 503, "without smtp.host")


def settings_of_mail_are_checked(program: Path, folder: Path) -> None:
    good = mail_settings(25)
    check("smtp.sender" in complaint_of_start(program, folder / "a", [*good, "smtp.sender=nobody"]), "a sender that is none")
    clear = [*good, "smtp.host=mail.example.org", "smtp.user=sync", "smtp.password=secret"]
    check("in the clear" in complaint_of_start(program, folder / "b", clear), "a password in the clear")
    check("in the clear" in complaint_of_start(program, folder / "d", [*clear, "smtp.host=127.evil.example"]), "a name that begins like this machine's")
    check("dummy" in complaint_of_start(program, folder / "c", ["auth.backend=dummy", "public_url=https://sync.example"]), "dummy before everybody")


def an_outage_is_503_and_told_once(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "server", settings("auth.remember_s=0", "auth.retry_after_s=7")) as server:
        create(server, ANN, "first password")
        login = basic(NAME, "first password")

        def email() -> tuple[int, str | None]:
            answer = ask(server, "POST", f"/user/1.0/{NAME}/email", ANN, login)
            return answer.status, answer.headers.get("retry-after")

        check(email() == (200, None), "before")
        with sqlite3.connect(server.data / "registration.db", isolation_level=None) as database:
            database.execute("ALTER TABLE user RENAME TO gone")
            threads = [threading.Thread(target=email) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            check(email() == (503, "7"), "during the outage")
            check(ask(server, "GET", f"/user/1.0/{NAME}").status == 503, "of whatever needs it")
            check(ask(server, "GET", "/__heartbeat__").status == 503, "the heartbeat does not tell")
            check(ask(server, "GET", "/.well-known/fxa-client-configuration").status == 200, "others are in it too")
            database.execute("ALTER TABLE gone RENAME TO user")
        check(email() == (200, None), "after it")
        check(ask(server, "GET", "/__heartbeat__").status == 200, "the heartbeat stays down")
        log = server.log.read_text()
        check(log.count(" backend_down ") == 1 and log.count(" backend_up ") == 1, "not once each")
        check("refused=6" in log or "refused=7" in log, "the refused are not counted")


def users_stay_and_ids_are_never_used_again(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "server", settings()) as server:
        create(server, ANN, "first password")
        create(server, "bob@example.org", "other password")
        bob = user_name("bob@example.org")
        check(ask(server, "DELETE", f"/user/1.0/{bob}", b"", basic(bob, "other password")).body == b"1", "bob stays")
        server.stop()
        server.start()
        check(ask(server, "GET", f"/user/1.0/{NAME}").body == b"1", "ann is gone")
        create(server, "bob@example.org", "other password")
        with sqlite3.connect(server.data / "registration.db") as database:
            ids = [row[0] for row in database.execute("SELECT userid FROM user ORDER BY userid")]
            check(ids == [1, 3], f"{ids}")
            stored = database.execute("SELECT group_concat(password) FROM user").fetchone()[0]
            check("{ARGON2ID}" in stored and "first" not in stored, "how passwords are kept")


def signing_up_follows_the_rules_of_accounts(program: Path, folder: Path) -> None:
    def made(server: HomespunServer, mail: str) -> int:
        return create(server, mail, "some password").status

    with HomespunServer(program, folder / "first") as server:
        check((made(server, ANN), made(server, "bob@example.org")) == (200, 503), "signup=first")
    for name, values, wanted in (
        ("closed", ["signup=closed"], (503, 503)),
        ("new", ["signup=open", "users.new=false"], (503, 503)),
        ("most", ["signup=open", "users.most=1"], (200, 503)),
        ("allow", ["signup=open", "users.allow=BOB@example.org"], (503, 200)),
    ):
        with HomespunServer(program, folder / name, [word for value in values for word in ("--set", value)]) as server:
            check((made(server, ANN), made(server, "bob@example.org")) == wanted, name)


def mail_goes_over_tls_with_a_login(program: Path, folder: Path) -> None:
    import ssl
    import subprocess

    from aiosmtpd.smtp import AuthResult, LoginPassword

    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def login(_server: object, _session: object, _envelope: object, _mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"sync", b"mail secret"))

    box = Box()
    smtp = smtp_server(box, tls_context=context, require_starttls=True, authenticator=login, auth_required=True)
    smtp.start()
    try:
        common = [*mail_settings(smtp.port), "smtp.user=sync", "smtp.tls=starttls"]
        for name, more, status in (
            ("good", [f"ca_file={certificate}", "smtp.password=mail secret"], 200),
            ("password", [f"ca_file={certificate}", "smtp.password=wrong"], 503),
            ("certificate", ["smtp.password=mail secret"], 503),
        ):
            with HomespunServer(program, folder / name, settings(*common, *more)) as server:
                create(server, ANN, "first password")
                got = ask(server, "GET", f"/user/1.0/{NAME}/password_reset").status
                check(got == status, f"{name}: {got}")
                check("mail secret" not in server.log.read_text(), "the password is in the log")
        check(len(box.mails) == 1, f"{len(box.mails)} mails")
    finally:
        smtp.stop()


CASES = (
    a_forgotten_password_is_set_by_the_api,
    a_forgotten_password_is_set_by_the_form,
    mail_that_does_not_go_out_is_503,
    mail_goes_over_tls_with_a_login,
    settings_of_mail_are_checked,
    an_outage_is_503_and_told_once,
    users_stay_and_ids_are_never_used_again,
    signing_up_follows_the_rules_of_accounts,
)

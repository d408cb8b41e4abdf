"""notes_postgres.py by somebody who thought of PostgreSQL being away: a connection for each request, a limit for each answer, and 503.

notes_careful.py PORT POSTGRES_PORT
"""

import select
import sys
import time
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, set_wait_callback


def wait(db, limit=2):
    """libpq has no limit for an answer: this is where psycopg2 waits for it."""
    until = time.monotonic() + limit
    while (state := db.poll()) != POLL_OK:
        left = until - time.monotonic()
        if left <= 0:
            raise psycopg2.OperationalError("no answer in time")
        select.select([db] if state == POLL_READ else [], [] if state == POLL_READ else [db], [], left)


set_wait_callback(wait)


def connect():
    return psycopg2.connect(host="127.0.0.1", port=int(sys.argv[2]), user="tester", password="secret", dbname="postgres", sslmode="disable")


def answer(path):
    db = connect()
    try:
        with db, db.cursor() as cursor:
            if path == "/add":
                cursor.execute("insert into notes(text) values(%s)", ("hello",))
                return "added"
            cursor.execute("select text from notes order by id limit 1")
            return str(cursor.fetchone())
    finally:
        db.close()


def app(environ, start_response):
    try:
        text = answer(environ["PATH_INFO"])
    except psycopg2.Error as error:
        print(f"postgres failed: {error}", file=sys.stderr, flush=True)
        start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Retry-After", "1")])
        return [b"come back later"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


with connect() as db, db.cursor() as cursor:
    cursor.execute("create table if not exists notes(id serial primary key, text varchar(100))")
db.close()
make_server("127.0.0.1", int(sys.argv[1]), app, Server).serve_forever()

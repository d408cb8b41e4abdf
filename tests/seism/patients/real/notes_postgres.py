"""A small program over a table of notes: / tells the first of them, /add makes one. One connection for all.

notes_postgres.py PORT POSTGRES_PORT
"""

import sys
from wsgiref.simple_server import make_server

import psycopg2

db = psycopg2.connect(host="127.0.0.1", port=int(sys.argv[2]), user="tester", password="secret", dbname="postgres", sslmode="disable")
cursor = db.cursor()
cursor.execute("create table if not exists notes(id serial primary key, text varchar(100))")
db.commit()


def app(environ, start_response):
    cursor = db.cursor()
    if environ["PATH_INFO"] == "/add":
        cursor.execute("insert into notes(text) values(%s)", ("hello",))
        text = "added"
    else:
        cursor.execute("select text from notes order by id limit 1")
        text = str(cursor.fetchone())
    db.commit()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]


make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()

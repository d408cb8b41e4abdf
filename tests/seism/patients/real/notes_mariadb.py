"""A small program over a table of notes: / tells the first of them, /add makes one. A connection for each request.

notes_mariadb.py PORT MARIADB_PORT
"""

import sys
from wsgiref.simple_server import make_server

import pymysql


def connect():
    return pymysql.connect(host="127.0.0.1", port=int(sys.argv[2]), user="root", database="shop")


with connect() as db:
    db.cursor().execute("create table if not exists notes(id int auto_increment primary key, text varchar(100)) engine=innodb")


def app(environ, start_response):
    db = connect()
    cursor = db.cursor()
    if environ["PATH_INFO"] == "/add":
        cursor.execute("insert into notes(text) values(%s)", ("hello",))
        text = "added"
    else:
        cursor.execute("select text from notes order by id limit 1")
        text = str(cursor.fetchone())
    db.commit()
    db.close()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]


make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()

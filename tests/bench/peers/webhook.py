"""B1's peer: the same route with FastAPI on SQLite.

It does what ours does before it answers: the token's signature (HMAC-SHA256) names the organisation, the notification
gets a name by a hash of what it says, and its row is inserted once. WAL, `synchronous=FULL`: when a commit returns it is
on the disk, as ours is. A few lines of a careful programmer: raw body, no model of pydantic's, one connection, no thread
pool, uvloop and httptools.

    webhook.py FOLDER
"""

import hashlib
import json
import socket
import sqlite3
import sys
import time

import uvicorn
from fastapi import FastAPI, Request, Response
from signed import org_of, token

KEY, ORG = b"0123456789abcdef0123456789abcdef", "us-60001"
MODULES = {"Leads", "Contacts", "Deals"}


def application(folder):
    database = sqlite3.connect(f"{folder}/notifications.sqlite", isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE notification (org TEXT, name TEXT, body TEXT, due INTEGER, PRIMARY KEY (org, name)) WITHOUT ROWID")
    database.execute("CREATE INDEX due ON notification (due)")
    app = FastAPI()

    @app.post("/zoho/notifications")
    async def notified(request: Request):
        try:
            posted = json.loads(await request.body())
            org = org_of(KEY, posted["token"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return Response(status_code=400)
        if org is None:
            return Response(status_code=401)
        module, ids = posted.get("module"), posted.get("ids")
        if module not in MODULES or not isinstance(ids, list) or not 0 < len(ids) <= 5000:
            return Response(status_code=400)
        said = f"{posted.get('channel_id')}|{module}|{posted.get('operation')}|{posted.get('server_time')}|{ids}"
        name, now = hashlib.sha256(said.encode()).hexdigest(), int(time.time())
        body = json.dumps({"module": module, "ids": ids, "done": False, "tries": 0, "received_at": now})
        database.execute("INSERT OR IGNORE INTO notification VALUES (?, ?, ?, ?)", (org, name, body, now + 60))
        return Response()

    return app


def main(folder):
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    host, port = listener.getsockname()
    print(json.dumps({"address": f"{host}:{port}", "path": "/zoho/notifications", "token": token(KEY, ORG)}), flush=True)
    server = uvicorn.Server(uvicorn.Config(application(folder), log_level="error", access_log=False))
    server.run(sockets=[listener])


main(sys.argv[1])

"""A web application as people have it: / answers, /db opens a connection to DB_HOST:DB_PORT."""

import os
import socket

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index() -> str:
    return "ok\n"


@app.get("/db")
def db() -> str:
    address = os.environ.get("DB_HOST", "localhost"), int(os.environ.get("DB_PORT", "5432"))
    with socket.create_connection(address, 3):
        return "db ok\n"

"""A folder of pages on this machine's own address, until Ctrl-C."""

from __future__ import annotations

import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from gan_bench.cli.output import say

HOST, PORT = "127.0.0.1", 8000  # other machines cannot reach it; where the port is taken, any free one


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and keeps the requests to itself."""

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def server_of(folder: Path) -> ThreadingHTTPServer:
    """A server of a folder, which has its port and does not answer yet."""
    handler = partial(Quiet, directory=str(folder))
    try:
        return ThreadingHTTPServer((HOST, PORT), handler)
    except OSError:
        return ThreadingHTTPServer((HOST, 0), handler)


def serve(folder: Path, open_it: bool) -> None:
    """Serve a folder until Ctrl-C; `open_it`: in the browser, once it answers."""
    with server_of(folder) as server:
        address = f"http://{HOST}:{server.server_address[1]}/"
        say(f"serving {folder} at {address}; Ctrl-C stops.")
        if open_it:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("stopped.")

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A web server that says its name: web.py NAME PORT. Python's own, both families."""
import http.server
import socket
import sys

NAME, PORT = sys.argv[1], int(sys.argv[2])


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 128


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = (NAME + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        # Else a client that asks for that may still write its next request here, and
        # have a RST behind our FIN, which leaves the entry its minutes.
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


Server(("::", PORT), Handler).serve_forever()

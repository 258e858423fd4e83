# The service of the page, mhausenblas/simpleservice:0.5.0, for any image that has Python 3.
# Beyond the original it serves IPv6 too, listens on BIND alone where that is set, and ends on SIGTERM.
import json, os, random, signal, socket, socketserver, sys, time
from http.server import BaseHTTPRequestHandler

env = os.environ.get
version = env("SIMPLE_SERVICE_VERSION", "0.5.0")
delay = [int(env(name, "0")) / 1000 for name in ("HEALTH_MIN", "HEALTH_MAX")]


class Handler(BaseHTTPRequestHandler):
    wbufsize = -1  # an answer is one packet

    def address_string(self):
        return self.client_address[0].replace("::ffff:", "")

    def do_GET(self):
        path, host = self.path.split("?")[0], self.headers.get("Host", "127.0.0.1")
        caller = self.address_string()
        answers = {
            "/info": {"host": host, "version": version, "from": caller},
            "/health": {"healthy": True},
            "/env": {"version": version, "env": str(dict(os.environ))},
            "/endpoint0": {"host": host, "version": version, "result": "all is well"},
        }
        if path not in answers:
            return self.send_error(404)
        self.log_message("%s serving from %s has been invoked from %s", path, host, caller)
        if path == "/health":
            time.sleep(random.uniform(*delay))
        body = json.dumps(answers[path]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 128

    def server_bind(self):
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


bind = env("BIND", "::" if socket.has_dualstack_ipv6() else "0.0.0.0")
Server.address_family = socket.AF_INET6 if ":" in bind else socket.AF_INET
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
Server((bind, int(env("PORT0", "9876"))), Handler).serve_forever()

# Stand-in of mhausenblas/simpleservice 0.5.0: the small HTTP service that the pods page of Kubernetes by Example runs.
#
# It is written from the original's contract. Three facts were read in the original's source: the line numbers and the form
# of its log, and how it compares HEALTH_MIN and HEALTH_MAX; no code of it is here. What a client can tell of the original's answers (status,
# body, Content-Type, Content-Length, Etag, Server) is the same, and its tests pin it to the lengths and Etags that the
# original's documentation shows. So are its limits: it listens on IPv4 alone, half a second after its start, serves one
# request at a time, and has no handler for SIGTERM, which the kernel then keeps from it where it is PID 1.
#
# Environment:
#
#   PORT0                   the port (9876)
#   SIMPLE_SERVICE_VERSION  the version that it answers (0.5.0)
#   HEALTH_MIN, HEALTH_MAX  /health takes a random time in [min, max) milliseconds (0, 0)
#   LISTEN_AFTER            seconds from its start to its listening (0.5); the original does not know it
import hashlib, json, logging, os, random, re, socketserver, sys, threading, time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

env = os.environ.get
PORT = env("PORT0", "9876")
VERSION = env("SIMPLE_SERVICE_VERSION", "0.5.0")
METHODS = ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS")
LINES = {"/endpoint0": 59, "/health": 79, "/info": 101, "/env": 121}  # of the original, which its log names

one_at_a_time = threading.Lock()


def log(level, line, text, *args):
    # What is not printable ASCII is escaped: requests bring text of strangers, and logs are shown on terminals.
    text = text % tuple(ascii(arg)[1:-1] if isinstance(arg, str) else arg for arg in args)
    logging.log(level, "%s [at line %d]", text, line)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "TornadoServer/4.3", ""
    wbufsize = -1  # an answer is one packet

    def handle_one_request(self):
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        # As it was sent: parse_request has simplified the path.
        self.uri = self.requestline.split()[1]
        with one_at_a_time:
            begin = time.monotonic()
            status = self.answer()
            self.wfile.flush()
            level = logging.WARNING if status >= 400 else logging.INFO
            took = (time.monotonic() - begin) * 1000
            log(level, 1946, "%d %s %s (%s) %.2fms", status, self.command, self.uri, self.client_address[0], took)

    def answer(self):
        path = self.uri.split("?")[0]
        # A method that HTTP does not know is refused before the path is looked at.
        if self.command not in METHODS or path in LINES and self.command != "GET":
            return self.refuse(HTTPStatus.METHOD_NOT_ALLOWED)
        if path not in LINES:
            return self.refuse(HTTPStatus.NOT_FOUND)
        host, caller = self.headers.get("Host", "127.0.0.1"), self.client_address[0]
        log(logging.INFO, LINES[path], "%s serving from %s has been invoked from %s", path, host, caller)
        if path == "/info":
            return self.reply({"host": host, "version": VERSION, "from": caller})
        if path == "/env":
            return self.reply({"version": VERSION, "env": environment()})
        if path == "/endpoint0":
            return self.reply({"host": host, "version": VERSION, "result": "all is well"})
        try:
            time.sleep(health_delay())
        except ValueError:  # what is set is no number, or min is not below max
            return self.send(HTTPStatus.NOT_FOUND, {"Content-Length": 0, "Content-Type": "text/html; charset=UTF-8"})
        return self.reply({"healthy": True})

    def reply(self, answer):
        # Tornado keeps a value from ending a <script>.
        body = json.dumps(answer).replace("</", "<\\/").encode()
        etag = '"%s"' % hashlib.sha1(body).hexdigest()
        known = re.findall(r'\*|"[^"]*"', self.headers.get("If-None-Match", ""))
        if etag in known or known[:1] == ["*"]:
            return self.send(HTTPStatus.NOT_MODIFIED, {"Etag": etag})
        return self.send(HTTPStatus.OK, {"Content-Length": len(body), "Etag": etag, "Content-Type": "application/json"}, body)

    def refuse(self, status):
        text = "%d: %s" % (status, status.phrase)
        body = ("<html><title>%s</title><body>%s</body></html>" % (text, text)).encode()
        return self.send(status, {"Content-Length": len(body), "Content-Type": "text/html; charset=UTF-8"}, body)

    def send(self, status, headers, body=b""):
        self.send_response_only(status)
        self.send_header("Date", self.date_time_string())
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.send_header("Server", self.server_version)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        return status

    def send_error(self, *_):
        """Hang up on what is not HTTP, as Tornado does."""
        self.close_connection = True


def environment():
    """Python 2's text of a dict of its strings, which are bytes; its order is arbitrary there, and sorted here."""
    return "{%s}" % ", ".join("%s: %s" % (repr(k)[1:], repr(v)[1:]) for k, v in sorted(os.environb.items()))


def health_delay():
    """Seconds. The original compares the two as the texts that they are: 500 is more than 1000."""
    shortest, longest = env("HEALTH_MIN", ""), env("HEALTH_MAX", "")
    return random.randrange(int(shortest or 0), int(longest)) / 1000 if longest > shortest else 0


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 128

    def handle_error(self, *connection):
        """Log a traceback, unless the client has hung up."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*connection)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%I:%M:%S")
    time.sleep(float(env("LISTEN_AFTER", "0.5")))
    server = Server(("0.0.0.0", int(PORT)), Handler)
    log(logging.INFO, 142, "This is simple service in version v%s listening on port %s", VERSION, PORT)
    server.serve_forever()

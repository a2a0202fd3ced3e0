# What a way out tried, and what came of it: tried, sent, got, and the first error.
import errno, json, socket, subprocess

class Skipped(Exception):
    """The kernel, or the machine, has not what the way needs."""

class Tally:
    def __init__(self):
        self.tried = self.sent = self.got = 0
        self.error = None

    def failed(self, error):
        number = error if isinstance(error, int) else error.errno
        said = "timed out" if isinstance(error, TimeoutError) else errno.errorcode.get(number, str(error))
        self.error = self.error or said

    def attempt(self, action):
        """The action says whether an answer came; it raises OSError where it could not even send."""
        self.tried += 1
        try:
            got = action()
        except OSError as error:
            self.failed(error)
            return
        self.sent += 1
        self.got += bool(got)

    def program(self, command, **options):
        """A program that prints `SENT GOT ERRNO` for each of its attempts, or `skip` and why."""
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, **options)
        self.lines(ran.stdout)
        return ran

    def lines(self, text):
        for line in text.splitlines():
            if line.startswith("skip "): raise Skipped(line[5:])
            sent, got, error = map(int, line.split())
            self.tried += 1
            self.sent += sent
            self.got += got
            if error: self.failed(OSError(error, ""))

    def line(self, way):
        return json.dumps({"way": way, "tried": self.tried, "sent": self.sent, "got": self.got, "error": self.error})

patience = 1.5

def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET

def answered(s):
    """Whether anything comes back in time."""
    s.settimeout(patience)
    try:
        return len(s.recv(4096)) > 0
    except (TimeoutError, ConnectionError):
        return False

def connect(s, where, token):
    s.settimeout(patience)
    s.connect(where)
    s.sendall(token)
    return answered(s)

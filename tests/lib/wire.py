# SPDX-License-Identifier: ISC
"""wire - conversations with a server, line by line

Raw is a socket with lines; Smtp, Imap and Pop3 know where an answer ends,
and nothing more: what a client library would hide is what is tested.
"""
import base64
import re
import select
import socket
import ssl
import time

import server as server_module
from tap import Broken

TIMEOUT = 10


def tls_context():
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    return c


class Closed(Broken):
    """The server hung up."""


class Raw:
    def __init__(self, port, tls=False, timeout=TIMEOUT, source=None, alpn=None):
        address = (source, 0) if source else None
        self.socket = socket.create_connection(("127.0.0.1", port), timeout, address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(timeout)
        self.buffer = b""
        if tls:
            self.start_tls(alpn)

    def start_tls(self, alpn=None):
        context = tls_context()
        if alpn:
            context.set_alpn_protocols(alpn)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def send(self, data):
        try:
            self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        except (ConnectionError, ssl.SSLError) as error:
            raise Closed("connection lost: %s" % error)

    def send_line(self, text):
        self.send((text if isinstance(text, bytes) else text.encode()) + b"\r\n")

    def fill(self):
        try:
            data = self.socket.recv(262144)
        except (TimeoutError, socket.timeout):
            raise Broken("no answer in %s s; have %r" % (self.socket.gettimeout(),
                                                         self.buffer[-200:]))
        except (ConnectionError, ssl.SSLError) as error:
            raise Closed("connection lost: %s" % error)
        if not data:
            raise Closed("connection closed; have %r" % self.buffer[-200:])
        self.buffer += data

    def line(self):
        """The next line, without its CRLF, which must be one."""
        while b"\n" not in self.buffer:
            self.fill()
        line, self.buffer = self.buffer.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise Broken("line without CR: %r" % line)
        return line[:-1]

    def exactly(self, n):
        parts = [self.buffer]
        have = len(self.buffer)
        while have < n:
            self.buffer = b""
            self.fill()
            parts.append(self.buffer)
            have += len(self.buffer)
        data = b"".join(parts)
        self.buffer = data[n:]
        return data[:n]

    def is_closed(self, timeout=TIMEOUT):
        """True once the server has hung up; what it still said is in buffer."""
        self.socket.settimeout(timeout)
        try:
            while True:
                self.fill()
        except Closed:
            return True
        except Broken:
            return False

    def is_silent(self, seconds=0.3):
        if self.buffer:
            return False
        pending = getattr(self.socket, "pending", lambda: 0)()
        return not pending and not select.select([self.socket], [], [], seconds)[0]

    def close(self):
        try:
            self.socket.close()
        except OSError:
            pass

    def reset(self):
        """Hangs up with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Smtp(Raw):
    def __init__(self, port, hello="EHLO client.example", greet=True, **more):
        super().__init__(port, **more)
        self.said = b""
        if greet:
            self.expect(220)
            if hello:
                self.say(hello, 250)

    def reply(self):
        """(code, whole text) of one reply."""
        lines = []
        while True:
            line = self.line()
            lines.append(line)
            if not re.match(rb"[2-5][0-9][0-9]([ -]|$)", line):
                raise Broken("no SMTP reply: %r" % line)
            if line[3:4] != b"-":
                if len({l[:3] for l in lines}) != 1:
                    raise Broken("codes differ in one reply: %r" % lines)
                return int(line[:3]), b"\n".join(l[4:] for l in lines).decode("utf-8", "replace")

    def expect(self, *wanted):
        """The text of a reply with one of these codes; "550 5.6.11" wants the
        enhanced code as well."""
        code, text = self.reply()
        for w in wanted:
            if str(w) == str(code) or ("%d %s " % (code, text.split("\n")[0])).startswith(str(w) + " "):
                self.said = text
                return text
        raise Broken("wanted %s, got %d %s" % ("/".join(str(w) for w in wanted), code, text))

    def say(self, line, *wanted):
        self.send_line(line)
        return self.expect(*wanted)

    def envelope(self, sender="sender@remote.example", *recipients):
        self.say("MAIL FROM:<%s>" % sender, 250)
        for r in recipients:
            self.say("RCPT TO:<%s>" % r, 250)

    def data(self, content, *wanted):
        """content already has its dots stuffed; ends with CRLF."""
        self.say("DATA", 354)
        self.send(content)
        self.send(b".\r\n")
        return self.expect(*wanted)

    def message(self, recipient, content, sender="sender@remote.example", wanted=(250,)):
        self.envelope(sender, recipient)
        stuffed = re.sub(rb"(?m)^\.", b"..", content)
        return self.data(stuffed, *wanted)

    def login(self, user, password=server_module.PASSWORD):
        token = base64.b64encode(("\0%s\0%s" % (user, password)).encode()).decode()
        self.say("AUTH PLAIN " + token, 235)


class Imap(Raw):
    def __init__(self, port, user=None, password=server_module.PASSWORD, select=None, **more):
        super().__init__(port, **more)
        self.number = 0
        self.greeting = self.response()
        if user:
            self.ok('LOGIN "%s" "%s"' % (user, password))
        if select:
            self.ok('SELECT "%s"' % select)

    def response(self):
        """One response with its literals, without the last CRLF."""
        out = b""
        while True:
            line = self.line()
            m = re.search(rb"\{(\d+)\}$", line)
            out += line
            if not m:
                return out
            out += b"\r\n" + self.exactly(int(m.group(1)))

    def finish(self, tag):
        """(untagged responses, tagged one without its tag)"""
        untagged = []
        while True:
            r = self.response()
            if r.startswith(tag.encode() + b" "):
                self.untagged = untagged
                return untagged, r[len(tag) + 1:].decode("utf-8", "replace")
            untagged.append(r)

    def command(self, text, *literals):
        """Sends a command; {} in the text, each a synchronising literal."""
        self.number += 1
        tag = "a%d" % self.number
        pieces = (text if isinstance(text, bytes) else text.encode()).split(b"{}") if literals \
            else [text if isinstance(text, bytes) else text.encode()]
        self.send(tag.encode() + b" ")
        untagged = []
        for piece, literal in zip(pieces, literals):
            self.send(piece + b"{%d}\r\n" % len(literal))
            while True:
                r = self.response()
                if r.startswith(b"+"):
                    break
                if r.startswith(tag.encode() + b" "):
                    return untagged, r[len(tag) + 1:].decode("utf-8", "replace")
                untagged.append(r)
            self.send(literal)
        self.send(pieces[-1] + b"\r\n")
        more, tagged = self.finish(tag)
        self.untagged = untagged + more
        return self.untagged, tagged

    def expect(self, status, text, *literals):
        untagged, tagged = self.command(text, *literals)
        if not re.match(status, tagged):
            raise Broken("%s: wanted %s, got %s" % (text if len(text) < 200 else text[:200],
                                                    status, tagged[:300]))
        self.tagged = tagged
        return untagged

    def ok(self, text, *literals):
        return self.expect("OK", text, *literals)

    def no(self, text, *literals):
        return self.expect("NO", text, *literals)

    def bad(self, text, *literals):
        return self.expect("BAD", text, *literals)

    def append(self, content, mailbox="INBOX", flags=""):
        return self.ok('APPEND "%s" %s{}' % (mailbox, "(%s) " % flags if flags else ""), content)

    def uids(self):
        found = [r for r in self.ok("UID SEARCH ALL") if r.startswith(b"* SEARCH")]
        return [int(u) for u in found[0].split()[2:]] if found else []

    def body(self, uid):
        for r in self.ok("UID FETCH %d BODY.PEEK[]" % uid):
            m = re.search(rb"BODY\[\] \{(\d+)\}\r\n", r)
            if m:
                return r[m.end():m.end() + int(m.group(1))]
            m = re.search(rb'BODY\[\] "(.*)"\)$', r)
            if m:
                return m.group(1)
        return None

    def exists(self):
        return next((int(r.split()[1]) for r in reversed(self.untagged)
                     if r.endswith(b" EXISTS")), None)


class Pop3(Raw):
    def __init__(self, port, user=None, password=server_module.PASSWORD, **more):
        super().__init__(port, **more)
        self.greeting = self.ok(None)
        if user:
            self.ok("USER " + user)
            self.ok("PASS " + password)

    def ok(self, command):
        line = self.say(command)
        if not line.startswith(b"+OK"):
            raise Broken("%s: %r" % (command, line))
        return line

    def err(self, command):
        line = self.say(command)
        if not line.startswith(b"-ERR"):
            raise Broken("%s: wanted -ERR, got %r" % (command, line))
        return line

    def say(self, command):
        if command is not None:
            self.send_line(command)
        return self.line()

    def listing(self, command):
        """A multi-line answer, with its dots taken away."""
        self.ok(command)
        out = []
        while True:
            line = self.line()
            if line == b".":
                return out
            out.append(line[1:] if line.startswith(b".") else line)


def wait_for(predicate, timeout=10, what="it did not happen"):
    end = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise Broken(what)
        time.sleep(0.02)


def mailbox(server, user, name="INBOX", wanted=None, timeout=10):
    """All messages of a mailbox, oldest first, as octets; waits for `wanted`."""
    with Imap(server.port("imaps"), user, tls=True) as c:
        end = time.monotonic() + timeout
        while True:
            c.ok('EXAMINE "%s"' % name)
            uids = c.uids()
            if wanted is None or len(uids) >= wanted or time.monotonic() > end:
                break
            time.sleep(0.02)
        if wanted is not None and len(uids) != wanted:
            raise Broken("%s of %s has %d messages, not %d" % (name, user, len(uids), wanted))
        return [c.body(u) for u in uids]

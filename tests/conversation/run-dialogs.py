#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The SMTP dialogues of ../shared/testdata/smtp-dialogs, one case each.

Codes are compared, not words.  Where another server's choice differs from
ours and the RFC leaves one, the table below says so."""
import ast
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import server as server_module
import tap
from server import Server, add_options, tls_only
from tap import Broken, Skip, check
from wire import Closed, Raw

FOLDER = server_module.shared("testdata", "smtp-dialogs")
if FOLDER is None:
    tap.skip_all("there is no ../shared/testdata/smtp-dialogs")

# (dialogue, their code) -> ours, with the reason.
OURS = {
    ("auth_multi_dialog", "534"): ("504", "RFC 4954 4.: an unknown mechanism is 504"),
    ("auth_not_tls", "503"): ("538", "RFC 4954 4.: encryption is required"),
    ("bad_data_dot", "521"): ("550", "one message is refused, not the peer"),
    ("bad_data_dot_2", "521"): ("550", "the same"),
    ("unknown_command", "500"): ("500", ""),
    ("wrong_proto", "502"): ("554", "said once, then closed"),
    ("line_too_long", "554"): ("500", "RFC 5321 4.5.3.1.9"),
}
# Codes that say the same for these dialogues.
SAME = ({"500", "501", "502", "503"}, {"501", "550", "553"}, {"503", "530", "538", "502"})


def configure(text):
    """Passwords only over TLS; a small limit for the message that is too big."""
    return add_options(tls_only(text), "smtp", "mx", "max-size = 1MiB")


S = Server(users=1, domain="testserver", edit=configure, user="user", password="secretpassword")
S.command("alias", "add", "somebody@testserver", S.user())


class Player:
    def __init__(self, name):
        self.name, self.connection = name, None

    def connect(self, tls):
        if self.connection is not None:
            self.connection.close()
        # Their 1025 is an MX, their 1465 submission with TLS from the start.
        self.connection = Raw(S.port("submissions" if tls else "smtp"), tls=tls)

    def code_fits(self, wanted, line):
        got = line[:3]
        ours = OURS.get((self.name, wanted), (wanted,))[0]
        return got in (wanted, ours) or any(got in s and wanted in s for s in SAME)

    def line(self):
        return self.connection.line().decode("utf-8", "replace")

    def play(self, path):
        with open(path, encoding="utf-8") as f:
            for number, text in enumerate(f, 1):
                text = text.rstrip("\n")
                if text.startswith("c "):
                    try:
                        self.obey(text[2:])
                    except Broken as error:
                        raise Broken("line %d, %s: %s" % (number, text[:100], error))

    def obey(self, text):
        word, _, rest = text.partition(" ")
        if word == "=":
            raise Skip("it tests a program of theirs")
        if word in ("tcp_connect", "tls_connect"):
            self.connect(word == "tls_connect")
        elif word == "starttls":
            self.connection.start_tls()
        elif word == "close":
            self.connection.close()
        elif word == "->":
            self.connection.send(rest.encode() + b"\r\n")
        elif word == "~>":
            self.connection.send(self.octets(rest))
        elif word == "<...":
            # Their last line of EHLO is 250 HELP; ours is another.
            while re.match(r"\d\d\d-", line := self.line()):
                pass
            check(self.code_fits(rest[:3], line), "got " + line)
        elif word in ("<-", "<~"):
            line = self.line()
            m = re.match(r"\d\d\d", rest)
            check(m is not None, "no code to compare")
            check(self.code_fits(m.group(0), line), "got " + line)
            while re.match(r"\d\d\d-", line):
                line = self.line()
        else:
            raise Broken("unknown directive")

    @staticmethod
    def octets(expression):
        """'...' with C's escapes, or ('a' * 899 + '\\r\\n') * 1166."""
        def value(node):
            if isinstance(node, ast.Constant):
                return node.value
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
                return value(node.left) + value(node.right)
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
                return value(node.left) * value(node.right)
            raise Broken("unknown expression")
        return value(ast.parse(expression.strip(), mode="eval").body).encode("utf-8")


def play(name, path):
    player = Player(name)
    try:
        player.play(path)
    finally:
        if player.connection is not None:
            player.connection.close()


for root, _, files in sorted(os.walk(FOLDER)):
    for file in sorted(files):
        if file.endswith(".cmy"):
            tap.case("dialogue %s/%s" % (os.path.basename(root), file[:-4]))(
                lambda name=file[:-4], path=os.path.join(root, file): play(name, path))


def afterwards(failed):
    S.settle()
    S.verify()
    tap.equal(S.stop(), 0, "exit status")


tap.run(after=afterwards)

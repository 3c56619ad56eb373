# SPDX-License-Identifier: ISC
"""What is measured: each test a load command, what of its answer is the figure,
and what the server's CPU time is divided by."""


class Test:
    """key: of the JSON.  figure(answer): the number that counts; higher tells
    whether more is better.  per: operations that the CPU time is divided by,
    times 1000.  target: what the ratio to the peer should reach."""

    def __init__(self, key, title, unit, args, figure, per=None, higher=True,
                 target=None, ports='imap', peer='dovecot', check=None):
        self.key, self.title, self.unit, self.args = key, title, unit, args
        self.figure, self.per, self.higher, self.target = figure, per, higher, target
        self.ports, self.peer, self.check = ports, peer, check


def command(key, title, text, mailbox='Ten', repeat=5, target=None, untagged=None, which=None):
    def figure(a):
        return sum(a['p50_ms']) if which is None else a['p50_ms'][which]

    def check(a):
        return untagged is None or a['untagged'] == untagged
    return Test(key, title, 'ms', ['imap-command', '--mailbox', mailbox, '--repeat', str(repeat),
                                   '--command', text], figure, lambda a: repeat, False, target,
                check=check)


def tests(o):
    """o: the runner's options; o.ten and o.big are the sizes of the mailboxes."""
    ten, big = o.ten, o.big
    accounts = ['--users', '100']
    sessions = ['--sessions', '64', '--size', '4096'] + accounts
    mail = str(o.mail)
    delivered = [
        Test('smtp-own', 'SMTP, 64 sessions, a connection each message: delivered', '/s',
             ['smtp', '--count', mail, '--watch'] + sessions,
             lambda a: a['delivered_per_s'], lambda a: a['accepted'], target=10,
             ports='smtp', peer='postfix+dovecot', check=lambda a: a['refused'] == 0),
        Test('smtp-kept', 'SMTP, 64 sessions, connections kept: delivered', '/s',
             ['smtp', '--count', mail, '--keep', '--watch'] + sessions,
             lambda a: a['delivered_per_s'], lambda a: a['accepted'], target=10,
             ports='smtp', peer='postfix+dovecot', check=lambda a: a['refused'] == 0),
    ]
    logins = [
        Test('login', 'IMAP LOGIN + LOGOUT, 8 clients', '/s',
             ['imap-login', '--sessions', '8', '--count', str(o.logins)] + accounts,
             lambda a: a['per_s'], lambda a: a['logins'], target=20),
    ]
    appends = [
        Test('append-1', 'IMAP APPEND 4 KiB, 1 client', '/s',
             ['imap-append', '--create', '--mailbox', 'One', '--count', str(o.appends)] + accounts,
             lambda a: a['per_s'], lambda a: a['appended'], target=3),
        Test('append-20', 'IMAP APPEND 4 KiB, 20 clients', '/s',
             ['imap-append', '--create', '--mailbox', 'Twenty', '--sessions', '20', '--count',
              str(4 * o.appends)] + accounts,
             lambda a: a['per_s'], lambda a: a['appended'], target=3),
    ]
    n = '%d' % ten
    commands = [
        command('fetch-flags', 'FETCH 1:* (FLAGS UID), ' + n, 'FETCH 1:* (FLAGS UID)', repeat=20,
                target=3, untagged=ten),
        command('fetch-envelope', 'FETCH 1:* (ENVELOPE), ' + n, 'FETCH 1:* (ENVELOPE)', target=3,
                untagged=ten),
        command('fetch-structure', 'FETCH 1:* (BODYSTRUCTURE), ' + n, 'FETCH 1:* (BODYSTRUCTURE)',
                target=3, untagged=ten),
        command('fetch-body', 'FETCH 1:* (BODY.PEEK[]), ' + n + ' x 4 KiB',
                'FETCH 1:* (BODY.PEEK[])', repeat=3, untagged=ten),
        command('store', 'STORE 1:* +FLAGS then -FLAGS, ' + n,
                'STORE 1:* +FLAGS (\\Flagged);;STORE 1:* -FLAGS (\\Flagged)', repeat=5, target=3,
                untagged=2 * ten),
        command('store-silent', 'the same, .SILENT',
                'STORE 1:* +FLAGS.SILENT (\\Seen);;STORE 1:* -FLAGS.SILENT (\\Seen)', repeat=5,
                target=3),
        command('select-big', 'SELECT of %d' % big, 'SELECT Big;;CLOSE', mailbox='-', repeat=20,
                which=0),
    ]
    pop3 = [
        Test('pop3', 'POP3 RETR, ' + n + ' x 4 KiB, one at a time', '/s', ['pop3', '--user', 'user2@bench.test'],
             lambda a: a['per_s'], lambda a: a['messages'], ports='pop3'),
        Test('pop3-ahead', 'POP3 RETR, 64 commands ahead', '/s',
             ['pop3', '--window', '64', '--user', 'user2@bench.test'],
             lambda a: a['per_s'], lambda a: a['messages'], ports='pop3'),
    ]
    return delivered + logins + appends + commands + pop3

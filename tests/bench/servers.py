# SPDX-License-Identifier: ISC
"""The servers: Mansio, and Postfix with Dovecot, on high ports of 127.0.0.1.

All have the domain bench.test, the accounts user1 to user100 and the password
"pw", and sync as they do by default.  Mansio runs as `mansio setup` writes it.
"""
import os
import pwd
import shutil
import socket
import subprocess
import time

from process import Keeper

ACCOUNTS = 100
MAIL_UID = 5000


def wait_port(port, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with socket.create_connection(('127.0.0.1', port), timeout=2) as s:
                s.settimeout(5)
                if s.recv(1):
                    return
        except OSError:
            pass
        time.sleep(0.02)
    raise RuntimeError('nothing greets on port %d' % port)


def write(path, text):
    with open(path, 'w') as f:
        f.write(text)


class Server:
    """smtp, imap, imaps, pop3: ports; keepers: who runs."""
    name = ''
    user = 'user%d@bench.test'

    def __init__(self):
        self.keepers = []

    def cpu(self):
        return sum(k.cpu() for k in self.keepers)

    def memory(self):
        return [sum(x) for x in zip(*(k.memory() for k in self.keepers))]

    def stop(self):
        for k in reversed(self.keepers):
            k.stop()
        self.keepers = []


class Mansio(Server):
    name = 'mansio'

    def __init__(self, binary, work, base):
        super().__init__()
        self.binary = binary
        self.dir = os.path.join(work, 'mansio')
        self.smtp, self.imap, self.imaps, self.pop3 = (base + n for n in (25, 143, 993, 110))
        self.base = base

    def version(self):
        d = os.path.dirname(os.path.abspath(__file__))
        r = subprocess.run(['git', '-C', d, 'describe', '--always', '--dirty'],
                           capture_output=True, text=True)
        return 'Mansio ' + (r.stdout.strip() or '?')

    def start(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        password = self.dir + '.password'
        write(password, 'pw\n')
        subprocess.run([self.binary, 'setup', '--dir', self.dir, '--domain', 'bench.test',
                        '--user', 'user0@bench.test', '--password-file', password,
                        '--port-base', str(self.base), '--yes'],
                       check=True, stdout=subprocess.DEVNULL)
        word = subprocess.run(['openssl', 'passwd', '-6', 'pw'], check=True,
                              capture_output=True, text=True).stdout.strip()
        with open(self.dir + '/data/directory-file/people/users', 'a') as f:
            for i in range(1, ACCOUNTS + 1):
                f.write('user%d@bench.test: password=%s\n' % (i, word))
        self.keepers = [Keeper([self.binary, 'serve', '-c', self.dir + '/mansio.conf'])]
        wait_port(self.imap)


def packages():
    """What is missing for the peers, or an empty list."""
    need = ['postfix', 'dovecot', 'openssl']
    missing = [n for n in need if shutil.which(n, path='/usr/sbin:/usr/bin:/sbin:/bin') is None]
    if os.getuid() != 0:
        missing.append('root (they change their users)')
    try:
        for user in ('postfix', 'dovecot', 'dovenull'):
            pwd.getpwnam(user)
    except KeyError as e:
        missing.append(str(e))
    return missing


class Dovecot(Server):
    """mdbox, Dovecot's fastest store.  `shared`: login processes that serve many
    and imap-hibernate, its setting for many connections; else its default, a
    process each."""

    def __init__(self, work, base, shared=False):
        super().__init__()
        self.shared = shared
        self.name = 'dovecot-shared' if shared else 'dovecot'
        self.dir = os.path.join(work, self.name)
        self.imap, self.imaps, self.pop3, self.lmtp = (base + n for n in (143, 993, 110, 24))

    def version(self):
        r = subprocess.run(['dovecot', '--version'], capture_output=True, text=True)
        return 'Dovecot ' + r.stdout.split()[0]

    def config(self):
        own = self.dir
        login = ('service_count = 0\n  process_min_avail = 2\n  process_limit = 2\n'
                 '  client_limit = 20000' if self.shared else
                 'process_limit = 12000')
        hibernate = '''
imap_hibernate_timeout = 2s
service imap {
  process_limit = 12000
  unix_listener imap-master {
    user = $default_internal_user
  }
  extra_groups = $default_internal_group
}
service imap-hibernate {
  unix_listener imap-hibernate {
    mode = 0666
  }
}
''' if self.shared else 'service imap {\n  process_limit = 12000\n}\n'
        return '''# written by tests/bench
base_dir = %(own)s/run
state_dir = %(own)s/state
instance_name = %(name)s
log_path = %(own)s/log
protocols = imap pop3 lmtp
listen = 127.0.0.1
mail_location = mdbox:~/mdbox
mail_home = %(own)s/mail/%%n
first_valid_uid = 1000
auth_mechanisms = plain
disable_plaintext_auth = no
passdb {
  driver = static
  args = password=pw
}
userdb {
  driver = static
  args = uid=%(uid)d gid=%(uid)d home=%(own)s/mail/%%n allow_all_users=yes
}
ssl = yes
ssl_cert = <%(own)s/cert.pem
ssl_key = <%(own)s/key.pem
ssl_options = no_ticket
default_process_limit = 12000
default_client_limit = 24000
default_vsz_limit = 2G
mail_max_userip_connections = 20000
namespace inbox {
  inbox = yes
}
service imap-login {
  %(login)s
  inet_listener imap {
    port = %(imap)d
  }
  inet_listener imaps {
    port = %(imaps)d
    ssl = yes
  }
}
service pop3-login {
  inet_listener pop3 {
    port = %(pop3)d
  }
  inet_listener pop3s {
    port = 0
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = %(lmtp)d
  }
}
service anvil {
  client_limit = 40000
}
service auth {
  client_limit = 40000
}
%(hibernate)s''' % dict(own=own, name=self.name, uid=MAIL_UID, login=login, imap=self.imap,
                        imaps=self.imaps, pop3=self.pop3, lmtp=self.lmtp, hibernate=hibernate)

    def start(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir + '/mail')
        os.chmod(os.path.dirname(self.dir), 0o755)
        os.chown(self.dir + '/mail', MAIL_UID, MAIL_UID)
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                        'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30', '-subj',
                        '/CN=bench.test', '-keyout', self.dir + '/key.pem', '-out',
                        self.dir + '/cert.pem'], check=True, stderr=subprocess.DEVNULL)
        write(self.dir + '/dovecot.conf', self.config())
        self.keepers = [Keeper(['dovecot', '-F', '-c', self.dir + '/dovecot.conf'])]
        wait_port(self.imap)


class Postfix(Server):
    """Takes mail by SMTP and hands it to a Dovecot by LMTP."""

    def __init__(self, work, base, dovecot):
        super().__init__()
        self.dovecot = dovecot
        self.name = 'postfix+' + dovecot.name
        self.dir = os.path.join(work, 'postfix')
        self.smtp = base + 25
        self.imap, self.imaps = dovecot.imap, dovecot.imaps

    def version(self):
        r = subprocess.run(['postconf', '-h', 'mail_version'], capture_output=True, text=True)
        return 'Postfix ' + r.stdout.strip()

    def start(self):
        etc = self.dir + '/etc'
        shutil.rmtree(self.dir, ignore_errors=True)
        for d in ('etc', 'spool', 'data'):
            os.makedirs(self.dir + '/' + d)
        shutil.chown(self.dir + '/data', 'postfix')
        write(etc + '/main.cf', '''# written by tests/bench
compatibility_level = 3.6
queue_directory = %(dir)s/spool
data_directory = %(dir)s/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
myhostname = mx.bench.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtpd_peername_lookup = no
alias_maps =
local_recipient_maps =
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = none
virtual_mailbox_domains = bench.test
virtual_mailbox_maps = static:x
virtual_transport = lmtp:inet:127.0.0.1:%(lmtp)d
''' % dict(dir=self.dir, lmtp=self.dovecot.lmtp))
        write(etc + '/master.cf', '''# written by tests/bench
%d inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
local     unix - n n - - local
virtual   unix - n n - - virtual
lmtp      unix - - n - - lmtp
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
''' % self.smtp)
        subprocess.run(['postfix', '-c', etc, 'check'], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        own = Keeper(['postfix', '-c', etc, 'start'])
        self.keepers = [own] + self.dovecot.keepers
        self.own = own
        wait_port(self.smtp)

    def stop(self):
        subprocess.run(['postfix', '-c', self.dir + '/etc', 'stop'],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.own.stop()
        self.keepers = []

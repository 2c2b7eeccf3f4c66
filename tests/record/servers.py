"""The real servers, each with a private configuration in the lab's folder."""

import os
import pathlib
import pwd
import subprocess
import time

from dummies import PASSWORD, USER
from lab import run

POSTFIX_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = {name}
mydomain = example.org
mydestination =
local_recipient_maps =
relay_domains = example.org, example.net, example.com
inet_interfaces = all
inet_protocols = all
mynetworks = 0.0.0.0/0 [::]/0
smtpd_recipient_restrictions = permit_mynetworks, reject
default_transport = discard
relay_transport = discard
alias_maps =
alias_database =
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtp_host_lookup = native
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
smtpd_sasl_type = dovecot
smtpd_tls_loglevel = 1
tls_random_source = dev:/dev/urandom
"""

POSTFIX_MASTER = """
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
lmtp      unix - - n - - lmtp
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


def postfix(host, name, services=("25",), certificate=None, options=()):
    """Start Postfix; `services` are `PORT [-o NAME=VALUE]...` lines, `options` main.cf lines."""
    folder = host.lab.folder / f"postfix-{host.name}"
    for part in ("", "queue", "data"):
        (folder / part).mkdir()
        (folder / part).chmod(0o755)
    owner = pwd.getpwnam("postfix")
    os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
    main = POSTFIX_MAIN.format(folder=folder, name=name)
    if certificate:
        main += (f"smtpd_tls_cert_file = {certificate[0]}\nsmtpd_tls_key_file = {certificate[1]}\n"
                 "smtpd_tls_security_level = may\n")
    (folder / "main.cf").write_text(main + "\n".join(options) + "\n")
    master = POSTFIX_MASTER
    for service in services:
        port, _, flags = service.partition(" ")
        master += f"{port} inet n - n - - smtpd {flags}\n"
    (folder / "master.cf").write_text(master)
    run("postfix", "-c", folder, "check")
    host.start("/usr/lib/postfix/sbin/master", "-c", folder, "-d",
               env={**os.environ, "MAIL_CONFIG": str(folder)})
    for service in services:
        host.wait_listening(int(service.partition(" ")[0].rpartition(":")[2]))


DOVECOT = """
base_dir = {folder}/run
hostname = mail.example.org
state_dir = {folder}/state
log_path = {folder}/log
protocols = {protocols}
listen = *, ::
first_valid_uid = 1
auth_mechanisms = plain login cram-md5 apop
auth_failure_delay = 0
postmaster_address = postmaster@example.org
lda_mailbox_autocreate = yes
service anvil {{
  chroot =
}}
service auth {{
  unix_listener {folder}/sasl {{
    mode = 0666
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = 24
  }}
}}
"""

# What 2.4 (Debian 13) names otherwise than 2.3 (Debian 12), and does not read any more.
DOVECOT_2_3 = """
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = passwd-file
  args = scheme=plain {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u
}}
disable_plaintext_auth = no
auth_username_format = %n
"""
DOVECOT_2_4 = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
mail_driver = maildir
mail_path = {folder}/mail/%{{user}}
passdb passwd-file {{
  default_password_scheme = plain
  passwd_file_path = {folder}/users
}}
userdb static {{
  fields {{
    uid = nobody
    gid = nogroup
    home = {folder}/mail/%{{user}}
  }}
}}
auth_allow_cleartext = yes
auth_username_format = %{{user | username}}
"""
CERTIFICATE_2_3 = "ssl = yes\nssl_cert = <{0}\nssl_key = <{1}\n"
CERTIFICATE_2_4 = "ssl = yes\nssl_server_cert_file = {0}\nssl_server_key_file = {1}\n"

DOVECOT_PORTS = {"imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995, "sieve": 4190, "lmtp": 24}


def dovecot(host, protocols, certificate=None, options=""):
    """Start Dovecot; gives the path of its SASL socket. Without a certificate it has no TLS."""
    folder = host.lab.folder / f"dovecot-{host.name}"
    for part in ("", "mail"):
        (folder / part).mkdir()
        (folder / part).chmod(0o777 if part else 0o755)
    (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
    (folder / "users").chmod(0o644)
    is_old = run("dovecot", "--version").stdout.startswith(b"2.3.")
    text = ((DOVECOT_2_3 if is_old else DOVECOT_2_4) + DOVECOT).format(
        folder=folder, protocols=" ".join(protocol.removesuffix("s") for protocol in protocols))  # with TLS: both ports
    text += (CERTIFICATE_2_3 if is_old else CERTIFICATE_2_4).format(*certificate) if certificate else "ssl = no\n"
    (folder / "dovecot.conf").write_text(text + options + "\n")
    host.start("/usr/sbin/dovecot", "-F", "-c", folder / "dovecot.conf")
    for protocol in protocols:
        host.wait_listening(DOVECOT_PORTS[protocol])
    socket = folder / "sasl"
    for _ in range(100):
        if socket.exists():
            break
        time.sleep(0.05)
    return socket


def openssl_server(host, port, certificate, *options):
    """`openssl s_server`, for what mail servers no longer do."""
    host.start("openssl", "s_server", "-accept", port, "-cert", certificate[0],
               "-key", certificate[1], "-quiet", *options,
               stdin=subprocess.PIPE)  # the end of its input would end the sessions
    host.wait_listening(port)


def dnsmasq(host, *options):
    """A name server on port 53 that knows what `options` tell it, and nothing of the host's."""
    host.start("dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
               "--bind-interfaces", f"--listen-address={host.address}", "--user=root",
               f"--pid-file={host.lab.folder}/dnsmasq-{host.name}.pid", *options)
    host.wait_listening(53)


def nginx(host, port, certificate=None, body="hello", extra=""):
    folder = host.lab.folder / f"nginx-{host.name}"
    folder.mkdir()
    folder.chmod(0o755)
    tls = "ssl http2" if certificate else ""
    keys = (f"ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]};"
            if certificate else "")
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{ }}\n"
        f"http {{ access_log off;\n server {{ listen {port} {tls}; {keys}\n{extra}\n"
        f"  location / {{ return 200 '{body}\\n'; }} }} }}\n")
    host.start("nginx", "-c", folder / "nginx.conf", "-p", folder)
    host.wait_listening(port)


def vsftpd(host, port):
    folder = host.lab.folder / f"vsftpd-{host.name}"
    (folder / "empty").mkdir(parents=True)
    (folder / "vsftpd.conf").write_text(
        f"listen=YES\nbackground=NO\nlisten_port={port}\nanonymous_enable=YES\n"
        f"anon_root={folder}/empty\nsecure_chroot_dir={folder}/empty\nseccomp_sandbox=NO\n")
    host.start("vsftpd", folder / "vsftpd.conf")
    host.wait_listening(port)


def sshd(host, port):
    folder = host.lab.folder / f"sshd-{host.name}"
    folder.mkdir()
    pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key")
    host.start("/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h", folder / "key", "-p", port)
    host.wait_listening(port)


def redis(host, port):
    host.start("redis-server", "--port", port, "--bind", host.address, "--save", "",
               "--protected-mode", "no", "--dir", host.lab.folder)
    host.wait_listening(port)


def tiny(host, port, what, *arguments):
    """One of our own peers in `tiny_servers.py`, for what no real server will do."""
    script = pathlib.Path(__file__).with_name("tiny_servers.py")
    host.start("/usr/bin/python3", script, what, host.address, port, *arguments)
    host.wait_listening(port)


def rpc(host, port, *interfaces):
    """DCE/RPC for these interfaces; UUID@PORT: an endpoint mapper that tells it."""
    script = pathlib.Path(__file__).with_name("rpc_server.py")
    host.start("/usr/bin/python3", script, port, *interfaces)
    host.wait_listening(port)


SAMBA_CONF = """[global]
workgroup = EXAMPLE
netbios name = SAMBA
private dir = {folder}/private
lock directory = {folder}/lock
state directory = {folder}/state
cache directory = {folder}/cache
pid directory = {folder}/pid
ncalrpc dir = {folder}/ncalrpc
log file = {folder}/log.%m
rpc start on demand helpers = no
"""


def samba_rpc(host):
    """Samba's RPC services and its endpoint mapper on 135, without file shares."""
    folder = host.lab.folder / f"samba-{host.name}"
    folder.mkdir()
    for name in ("private", "lock", "state", "cache", "pid", "ncalrpc"):
        (folder / name).mkdir(mode=0o755)
    (folder / "smb.conf").write_text(SAMBA_CONF.format(folder=folder))
    host.start("/usr/libexec/samba/samba-dcerpcd", "--foreground", "--no-process-group",
               "--libexec-rpcds", f"--configfile={folder}/smb.conf")
    host.wait_listening(135)

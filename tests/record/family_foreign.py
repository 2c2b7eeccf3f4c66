"""Something else than mail on the ports of mail."""

from case import Family
from certificates import Authority
from clients import curl, dialogue
from lab import Lab
from matrices import OFFICE, WORKSTATION
from servers import nginx, redis, sshd, tiny, vsftpd

FAMILY = Family()
CASE = FAMILY.case
FOREIGN = {"findings": ("port.foreign",), "absent": ("sender.illegitimate", "sender.attempt")}
ELSEWHERE = "203.0.113.66"


def foreign(serve, client):
    with Lab() as lab:
        there, here = lab.host("elsewhere", ELSEWHERE), lab.host("workstation", WORKSTATION)
        serve(there, lab)
        lab.capture()
        client(here)
        return lab.stop_capture()


@CASE("ftp-on-25", OFFICE, """vsftpd on port 25: FTP greets with 220 too, the client's verbs decide.""",
      **FOREIGN)
def ftp():
    return foreign(lambda host, _: vsftpd(host, 25),
                   lambda host: dialogue(host, ELSEWHERE, 25, "<220 ", ">USER anonymous", "<331 ",
                                         ">SYST", "<530 ", ">QUIT", "<221 "))


@CASE("ssh-on-587", OFFICE, """An SSH server on 587.""", **FOREIGN)
def ssh():
    return foreign(lambda host, _: sshd(host, 587), lambda host: host.run(
        "ssh-keyscan", "-T", 5, "-t", "ed25519", "-p", 587, ELSEWHERE))


@CASE("http-on-25", OFFICE, """A web server on 25.""", **FOREIGN)
def http():
    # Some clients refuse port 25 for HTTP; curl does not.
    return foreign(lambda host, _: nginx(host, 25),
                   lambda host: curl(host, f"http://{ELSEWHERE}:25/", user=None))


@CASE("irc-on-143", OFFICE, """An IRC session on the port of IMAP.""", **FOREIGN)
def irc():
    return foreign(lambda host, _: tiny(host, 143, "irc"), lambda host: dialogue(
        host, ELSEWHERE, 143, "<hostname", ">NICK guest\\r\\nUSER guest 0 * :guest", "<Welcome",
        ">JOIN #ops", "<JOIN", ">PRIVMSG #ops :report", "<ack", ">QUIT :bye", "<Closing"))


@CASE("tls-http-alpn-on-993", OFFICE, """A web server with TLS on 993; the client's ALPN asks for HTTP.""",
      **FOREIGN)
def https_993():
    return foreign(
        lambda host, lab: nginx(host, 993, Authority(lab.folder).issue("www.example.net")),
        lambda host: curl(host, "https://www.example.net:993/", "--tls-max", "1.2", "--resolve",
                          f"www.example.net:993:{ELSEWHERE}", user=None))


@CASE("redis-on-110", OFFICE, """A Redis server on the port of POP3; its answers start with `+` too.""",
      **FOREIGN)
def redis_110():
    return foreign(lambda host, _: redis(host, 110), lambda host: host.run(
        "redis-cli", "-h", ELSEWHERE, "-p", 110, "PING"))

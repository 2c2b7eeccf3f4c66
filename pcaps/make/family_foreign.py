"""Something else than mail on the ports of mail, and mail over HTTP."""

from case import Family
from certificates import Authority
from clients import curl, dialogue
from lab import Lab
from matrices import MAILBOX, OFFICE, WORKSTATION, matrix
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


def web_mail(path, *options, certificate=False):
    with Lab() as lab:
        there, here = lab.host("mailbox", MAILBOX), lab.host("workstation", WORKSTATION)
        pair = Authority(lab.folder).issue("mail.example.org") if certificate else None
        port, scheme = (443, "https") if certificate else (80, "http")
        nginx(there, port, pair, extra="error_page 405 =200 $uri;")
        lab.capture()
        curl(here, f"{scheme}://mail.example.org{path}", "--resolve",
             f"mail.example.org:{port}:{MAILBOX}", "--data", "x", *options, user=None)
        return lab.stop_capture()


def http_row(protocol):
    return matrix(f"id: M-12, from: workstations, to: mailboxes, protocols: [{protocol}], "
                  "tls: optional, ports: [80, 443]")


@CASE("mapi-http-clear", http_row("mapi-http"), """MAPI over HTTP behind a TLS offloader, its request type
      readable.""", flows=("mapi-http legitimate M-12",))
def mapi_http():
    return web_mail("/mapi/emsmdb/?MailboxId=1@example.org", "-H",
                    "Content-Type: application/mapi-http", "-H", "X-RequestType: Connect")


@CASE("activesync-clear", http_row("eas"), """Exchange ActiveSync over HTTP.""",
      flows=("eas legitimate M-12",))
def activesync():
    return web_mail("/Microsoft-Server-ActiveSync?Cmd=Ping", "-H", "MS-ASProtocolVersion: 14.1")


@CASE("ews-clear", http_row("ews"), """Exchange Web Services over HTTP.""",
      flows=("ews legitimate M-12",))
def ews():
    return web_mail("/EWS/Exchange.asmx", "-H", "Content-Type: text/xml")


@CASE("outlook-anywhere-clear", http_row("outlook-anywhere"), """The RPC_IN_DATA verb of Outlook
      Anywhere.""", flows=("outlook-anywhere legitimate M-12",))
def outlook_anywhere():
    return web_mail("/rpc/rpcproxy.dll?mail.example.org:6001", "-X", "RPC_IN_DATA")


@CASE("exchange-https", http_row("exchange-https"), """HTTPS to the declared mailbox server: some mail
      service, which one cannot be told.""", flows=("exchange-https legitimate M-12",))
def exchange_https():
    return web_mail("/owa/", certificate=True)

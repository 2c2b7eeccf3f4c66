"""Exchange: MAPI over RPC, its services over HTTP in clear, and HTTPS that can only be called exchange-https."""

from case import Family
from certificates import Authority
from clients import RPC_CLIENT, curl, pause, rpc_client, swaks
from family_starttls import to_relay
from lab import Lab
from matrices import MAILBOX, OFFICE, WORKSTATION, matrix
from servers import nginx, rpc, samba_rpc

FAMILY = Family()
CASE = FAMILY.case
ELSEWHERE = "203.0.113.66"
CLEAR = "tls: optional, ports: [80, 443]"
SECURE = "tls: required, ports: [80, 443]"

EMSMDB = "a4f1db00-ca47-1067-b31f-00dd010662da"
NSPI = "f5cc5a18-4264-101a-8c59-08002b2f8426"
WINREG = "338cd001-2244-31f1-aaaa-900038001003"
LSA = "12345778-1234-abcd-ef00-0123456789ab"
PORT = 49152


def web_mail(path, *options, certificate=False, user=None, extra="error_page 405 =200 $uri;"):
    with Lab() as lab:
        there, here = lab.host("mailbox", MAILBOX), lab.host("workstation", WORKSTATION)
        pair = Authority(lab.folder).issue("mail.example.org") if certificate else None
        port, scheme = (443, "https") if certificate else (80, "http")
        nginx(there, port, pair, extra=extra)
        lab.capture()
        curl(here, f"{scheme}://mail.example.org{path}", "--resolve",
             f"mail.example.org:{port}:{MAILBOX}", *options, user=user)
        return lab.stop_capture()


def http_row(protocol, conditions=CLEAR):
    return matrix(f"id: M-12, from: workstations, to: mailboxes, protocols: [{protocol}], {conditions}")


@CASE("mapi-http-clear", http_row("mapi-http"), """MAPI over HTTP behind a TLS offloader, its request type
      readable.""", flows=("mapi-http legitimate M-12",))
def mapi_http():
    return web_mail("/mapi/emsmdb/?MailboxId=1@example.org", "--data", "x", "-H",
                    "Content-Type: application/mapi-http", "-H", "X-RequestType: Connect")


@CASE("activesync-clear", http_row("eas"), """Exchange ActiveSync over HTTP.""",
      flows=("eas legitimate M-12",))
def activesync():
    return web_mail("/Microsoft-Server-ActiveSync?Cmd=Ping", "--data", "x", "-H",
                    "MS-ASProtocolVersion: 14.1")


@CASE("ews-clear", http_row("ews"), """Exchange Web Services over HTTP.""",
      flows=("ews legitimate M-12",))
def ews():
    return web_mail("/EWS/Exchange.asmx", "--data", "x", "-H", "Content-Type: text/xml")


@CASE("ews-basic-login-clear", http_row("ews", SECURE), """A login by HTTP Basic to Exchange Web Services in
      clear, where the row wants TLS. The password is not in the records.""",
      findings=("tls.missing", "tls.credentials-clear"), flows=("ews illegitimate",))
def ews_basic():
    return web_mail("/EWS/Exchange.asmx", "--data", "x", user="alice")


@CASE("outlook-anywhere-clear", http_row("outlook-anywhere"), """The RPC_IN_DATA verb of Outlook
      Anywhere.""", flows=("outlook-anywhere legitimate M-12",))
def outlook_anywhere():
    return web_mail("/rpc/rpcproxy.dll?mail.example.org:6001", "--data", "x", "-X", "RPC_IN_DATA")


@CASE("owa-clear", http_row("exchange-https", SECURE), """Outlook on the web in clear: the service is that of
      `exchange-https`, and the row's TLS is missing.""",
      findings=("tls.missing",), flows=("exchange-https illegitimate",))
def owa():
    return web_mail("/owa/auth/logon.aspx")


@CASE("exchange-paths-in-vain", OFFICE, """Exchange's paths asked of web servers that do not serve them: one
      does not know them, one sends to HTTPS. Nothing of it is mail.""",
      absent=("flow.illegitimate", "port.unusual"))
def in_vain():
    with Lab() as lab:
        there, here = lab.host("web", ELSEWHERE), lab.host("workstation", WORKSTATION)
        nginx(there, 80, extra="location /owa/ { return 301 https://$host$request_uri; } "
                               "location /EWS/ { return 404; } location /autodiscover/ { return 403; }")
        lab.capture()
        for path, data in (("/owa/", ()), ("/EWS/Exchange.asmx", ("--data", "x")),
                           ("/autodiscover/autodiscover.xml", ("--data", "x"))):
            curl(here, f"http://{ELSEWHERE}{path}", *data, user=None)
        return lab.stop_capture()


@CASE("exchange-https", http_row("exchange-https"), """HTTPS to the declared mailbox server: some mail
      service, which one cannot be told.""", flows=("exchange-https legitimate M-12",))
def exchange_https():
    return web_mail("/owa/", certificate=True)


def elsewhere_by_https(name):
    with Lab() as lab:
        there, here = lab.host("elsewhere", ELSEWHERE), lab.host("workstation", WORKSTATION)
        nginx(there, 443, Authority(lab.folder).issue(name))
        lab.capture()
        curl(here, f"https://{name}/", "--tls-max", "1.2", "--resolve", f"{name}:443:{ELSEWHERE}",
             user=None)
        return lab.stop_capture()


@CASE("exchange-https-by-name", OFFICE, """HTTPS to a server that no row knows, whose name says Exchange.""",
      findings=("flow.illegitimate",), flows=("exchange-https illegitimate",))
def by_name():
    return elsewhere_by_https("autodiscover.example.net")


@CASE("https-elsewhere", OFFICE, """HTTPS to a web server of the Internet: no mail, although it might be web
      mail.""", absent=("flow.illegitimate",))
def elsewhere():
    return elsewhere_by_https("www.example.net")


MAPI = matrix("id: M-13, from: workstations, to: mailboxes, protocols: [mapi-rpc], tls: required")


def rpc_session(*steps, interface=EMSMDB, version="0.81", served=(EMSMDB, NSPI)):
    with Lab() as lab:
        there, here = lab.host("mailbox", MAILBOX), lab.host("workstation", WORKSTATION)
        rpc(there, PORT, *served)
        lab.capture()
        rpc_client(here, MAILBOX, PORT, interface, version, *steps)
        return lab.stop_capture()


@CASE("mapi-rpc-clear", MAPI, """MAPI over RPC without protection: its calls are readable.""",
      findings=("tls.missing",), flows=("mapi-rpc illegitimate",))
def mapi_clear():
    return rpc_session("bind", "call=10", "call=11")


@CASE("mapi-rpc-integrity", MAPI, """MAPI over RPC, signed but not encrypted.""",
      findings=("tls.missing",), flows=("mapi-rpc illegitimate",))
def mapi_integrity():
    return rpc_session("level=5", "bind", "call=10")


@CASE("mapi-rpc-privacy", MAPI, """MAPI over RPC, encrypted by RPC itself (NTLM, packet privacy): that is what
      `tls: required` asks for.""", absent=("tls.missing",), flows=("mapi-rpc legitimate M-13",))
def mapi_privacy():
    return rpc_session("level=6", "bind", "call=10", "call=11")


@CASE("mapi-rpc-refused", MAPI, """A bind to the address book where the server has none: nothing of it is
      mail.""", absent=("flow.illegitimate", "tls.missing"))
def mapi_refused():
    return rpc_session("bind", interface=NSPI, version="56.0", served=(WINREG,))


@CASE("dcerpc-winreg", OFFICE, """RPC that is not mail: a remote registry.""",
      absent=("flow.illegitimate", "port.unusual"))
def winreg():
    return rpc_session("bind", "call=2", "call=3", interface=WINREG, version="1.0", served=(WINREG,))


@CASE("dcerpc-samba", OFFICE, """Samba's endpoint mapper tells all it has, then its LSA is asked: RPC that is
      not mail.""", absent=("flow.illegitimate", "port.unusual"))
def samba():
    with Lab() as lab:
        there, here = lab.host("samba", ELSEWHERE), lab.host("workstation", WORKSTATION)
        samba_rpc(there)
        pause(4)  # its helpers register with the mapper one by one
        lab.capture()
        rpc_client(here, ELSEWHERE, 135, LSA, "0.0", "list")
        rpc_client(here, ELSEWHERE, PORT, LSA, "0.0", "bind")
        return lab.stop_capture()


@CASE("mapi-rpc-by-endpoint-mapper", MAPI, """The bind came before the capture; what the endpoint mapper answers
      somebody else in the meantime names the flow.""",
      absent=("flow.illegitimate",), flows=("mapi-rpc legitimate M-13",))
def by_mapper():
    with Lab() as lab:
        there, here = lab.host("mailbox", MAILBOX), lab.host("workstation", WORKSTATION)
        rpc(there, PORT, EMSMDB)
        rpc(there, 135, f"{EMSMDB}@{PORT}")
        go = lab.folder / "go"
        waiting = here.start("/usr/bin/python3", RPC_CLIENT, MAILBOX, PORT, EMSMDB, "0.81", "level=6",
                             "bind", "call=10", f"wait={go}", "call=11", "call=11")
        while waiting.poll() is None and not (lab.folder / "go.reached").exists():
            pause()
        lab.capture()
        rpc_client(here, MAILBOX, 135, EMSMDB, "0.81", f"map={EMSMDB}")
        go.touch()
        waiting.wait(timeout=10)
        return lab.stop_capture()


BACK_END = "192.0.2.11"
TRANSPORT = matrix("id: M-14, from: mailboxes, to: mailbox-2, protocols: [smtp], tls: starttls",
                   groups=("mailbox-2:    {role: mailbox, service: office, addresses: [192.0.2.11], "
                           "names: [back.example.org]}",))


def transport(port):
    return to_relay(lambda host, server: swaks(host, server, "--port", port, "--tls"),
                    server=BACK_END, name="back", services=(str(port),))


@CASE("exchange-transport-2525", TRANSPORT, """Exchange's transport services on 2525: both ends are declared
      mailbox servers, so the port needs no word in the row.""", absent=("port.unusual",),
      flows=("smtp legitimate M-14",))
def transport_2525():
    return transport(2525)


@CASE("exchange-client-proxy-465", TRANSPORT, """Exchange's client proxy on 465: a greeting in clear and
      STARTTLS, no implicit TLS.""", absent=("port.unusual", "smtps.implicit", "port.foreign"),
      flows=("smtp legitimate M-14",))
def client_proxy():
    return transport(465)

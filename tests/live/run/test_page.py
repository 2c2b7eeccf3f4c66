"""The page of a running sensor: what it says, who may read it, and that nobody waits for it."""

import contextlib
import html.parser
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import pytest

import captures
import hostile
import hostile_names
import look
import sensor
from browser import CHROMIUM, Browser
from frames_made import ending
from sensor import MAILWARDEN, Sensor, open_to_all, replaced, until, watches

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
SENDER = b"<script>alert(1)</script>"
CASES = ("smtp-starttls-tls12", "imap-login-clear", "smtp-illegitimate-workstation")
STEPS_OUT = ("/../state/status", "/..%2f..%2fstate%2fstatus", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/index.html", "/www/index.html",
             "/.", "/./", "/index.html.new", "/\\..\\status")


class Page(html.parser.HTMLParser):
    """Elements with their attributes, headings, and all text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def says(self, text):
        return text in self.texts


def a_page(tmp_path, settings, **options):
    open_to_all(tmp_path)
    path = tmp_path / "mailwarden.yaml"
    path.write_text(settings)
    return Sensor("-c", path, **options)


def page_of(run):
    return run.state / "www/index.html"


def text_of(run):
    with contextlib.suppress(FileNotFoundError):
        return page_of(run).read_text(encoding="utf-8")
    return ""


def another_page(run):
    """The next but one: all of it was made after now."""
    for _ in range(2):
        before = page_of(run).stat().st_ino, page_of(run).stat().st_mtime_ns
        until(lambda was=before: (page_of(run).stat().st_ino, page_of(run).stat().st_mtime_ns) != was, "the next page")
    return text_of(run)


def process_of(run, name="page"):
    for pid in sensor.processes_of(run.process.pid):
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{pid}/comm").read_text() == name + "\n":
                return pid
    return None


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.fixture(scope="module", name="run")
def running(tmp_path_factory):
    """Its metrics by a socket file, a page each second."""
    out = tmp_path_factory.mktemp("page")
    one = a_page(out, f"metrics: {{listen: 'unix:{out}/socket'}}\npage: {{interval: 1}}\n"
                      f"outputs:\n  - {{type: file, name: siem, path: {out}/siem.json}}\n")
    one.socket = str(out / "socket")
    try:
        until(page_of(one).exists, "the first page")
        for case in CASES:
            one.send([frame for _, frame in captures.packets(captures.PCAPS / case)])
        one.send(hostile.dialogue(1, 25, [(False, b"220 x\r\n"), (True, b"EHLO " + SENDER + b"\r\n"), (False, b"250 x\r\n"),
                                          (True, b"MAIL FROM:<a@example.org>\r\n"), (False, b"250 ok\r\n")]))
        one.first = until(lambda: "192.0.2.25:25" in text_of(one) and "direct send to a foreign server" in text_of(one) and text_of(one), "what was sent")
        until(lambda: len([1 for record in one.records() if record["event_type"] == "mail"]) == len(CASES) + 1, "its records")
        assert one.end() == 0  # the observed matrix is saved at the end, else within a minute
        one.start()
        until(lambda: "192.0.2.10:143" in text_of(one), "all of it")
        yield one
    finally:
        one.close()


def ask(run, request):
    """All that is answered to these bytes."""
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(10)
        one.connect(run.socket)
        one.sendall(request)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while more := one.recv(65536):
                answer += more
    return answer


def get(run, path="/", method="GET", host="x"):
    head, _, body = ask(run, f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return int(lines[0].split(" ")[1]), dict(line.split(": ", 1) for line in lines[1:]), body


def test_it_says_what_is_seen_and_how_the_sensor_is(run):
    page = Page(text_of(run))
    headings = [tag for tag, _ in page.elements if tag == "h2"]
    assert len(headings) == 8 and len([tag for tag, _ in page.elements if tag == "svg"]) == 2
    for text in ("Mail flows seen by sensor.example.org", "in service", "critical", "tls.credentials-clear", "sender.illegitimate",
                 "workstations 192.0.2.70", "internet 203.0.113.25", "Declared against seen: 24 hours", "Declared against seen: 30 days", "siem", "file", "worker 0", "tap0",
                 "192.0.2.10:143"):
        assert page.says(text), text
    assert not page.says("tls.version-obsolete") and not page.says("down")
    assert Page(run.first).says("Certificates that end next") and Page(run.first).says("192.0.2.25:25"), "while workers have seen one"
    assert {tag for tag, _ in page.elements} <= {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "div", "table",
                                                 "thead", "tbody", "tr", "th", "td", "svg", "g", "rect", "text"}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on") or name in ("src", "href")]


def test_names_of_strangers_are_text(run):
    page = Page(text_of(run))
    assert [text for text in page.texts if SENDER.decode() in text]
    assert "script" not in [tag for tag, _ in page.elements]


@pytest.fixture(scope="module", name="browser")
def one_browser(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.mark.parametrize("which", ["while workers have seen a certificate", "with all alerts"])
def test_a_browser_finds_nothing_wrong(run, browser, tmp_path, which):
    file = tmp_path / "page.html"
    file.write_text(run.first if which.startswith("while") else text_of(run), encoding="utf-8")
    assert look.complaints(browser, file) == []
    if not look.AXE.exists():
        pytest.skip("axe-core is missing: make deps installs it from npm")
    assert look.violations(browser, file) == []


def test_it_is_served_whole_with_strict_headers_and_changes_nothing(run):
    status, headers, body = get(run)
    assert status == 200 and body.endswith(b"</html>\n") and int(headers["Content-Length"]) == len(body)
    policy = next(attributes["content"] for tag, attributes in Page(body.decode()).elements
                  if attributes.get("http-equiv") == "Content-Security-Policy")
    assert headers["Content-Security-Policy"] == policy + "; frame-ancestors 'none'" and "default-src 'none'" in policy
    assert headers["Content-Type"] == "text/html; charset=utf-8" and "Set-Cookie" not in headers
    for name, value in (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store"),
                        ("X-Frame-Options", "DENY")):
        assert headers[name] == value
    assert get(run, method="HEAD")[::2] == (200, b"") and get(run, "/?a=1")[0] == 200
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        assert get(run, method=method)[0] == 405, method
    assert get(run, "/metrics")[1]["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_no_path_leads_to_a_file(run):
    for path in STEPS_OUT:
        status, _, body = get(run, path)
        assert (status, body) == (404, b"/ /metrics /healthz /status.json\n"), path


def test_slow_readers_and_pipelines_hold_up_nobody_and_take_no_memory(run):
    before = resident(process_of(run, "metrics"))
    with contextlib.ExitStack() as stack:
        for index in range(200):
            one = stack.enter_context(socket.socket(socket.AF_UNIX))
            one.setblocking(False)
            with contextlib.suppress(OSError):
                one.connect(run.socket)
                one.send((b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 50)[index % 2])
        longest, end = 0, time.monotonic() + 3
        while time.monotonic() < end:
            start = time.monotonic()
            assert get(run)[0] == 200
            longest = max(longest, time.monotonic() - start)
        assert longest < 1
    assert ask(run, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3).count(b"HTTP/1.1 200") == 1
    assert sensor.SANITIZED or resident(process_of(run, "metrics")) - before < 16 << 20


def test_whoever_kills_it_finds_the_old_page_or_the_new_one(run):
    for _ in range(3):
        pid = process_of(run)
        until(lambda: (page_of(run).parent / "index.html.new").exists() or process_of(run) != pid, "a page that is being written", nap=0)
        os.kill(pid, signal.SIGKILL)
        assert text_of(run).endswith("</html>\n")
        until(lambda was=pid: process_of(run) not in (None, was), "another one")
    another_page(run)
    assert {one.name for one in page_of(run).parent.iterdir()} <= {"index.html", "index.html.new"}


def test_where_it_cannot_be_written_is_told_once_and_it_goes_on(run):
    folder = page_of(run).parent
    folder.chmod(0o555)
    until(lambda: "the page is not written: index.html: Permission denied" in run.log(), "a word of it")
    before = text_of(run)
    time.sleep(2.5)  # two more that fail: nothing is told of them
    assert run.log().count("the page is not written") == 1 and text_of(run) == before != ""
    folder.chmod(0o750)
    until(lambda: "the page is written again" in run.log(), "a word of it")
    another_page(run)
    watches(run, 72)


def test_its_cage_and_its_niceness(run):
    fields = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{process_of(run)}/status").read_text().splitlines())
    assert fields["Seccomp"].startswith("2") and int(fields["CapEff"], 16) == 0 and fields["NoNewPrivs"] == "1"
    assert pathlib.Path(f"/proc/{process_of(run)}/stat").read_text().rsplit(")", 1)[1].split()[16] == "19"


def test_another_matrix_is_another_page_and_no_fault(run):
    restarts = run.log().count("sensor.worker-restarted")
    run.matrix.write_text(run.matrix.read_text().replace("workstations", "desks"))
    for _ in range(3):
        count = run.log().count("groups")
        run.signal(signal.SIGHUP)
        until(lambda was=count: run.log().count("groups") > was, "the matrix")
    page = Page(until(lambda: "desks" in (text := another_page(run)) and text, "the page of the new matrix"))
    assert page.says("desks") and run.log().count("sensor.worker-restarted") == restarts


def test_a_name_of_somebody_else_is_refused_at_any_address(tmp_path):
    run = a_page(tmp_path, "metrics: {listen: '0.0.0.0:9472', names: [mail-flows.example.org]}\npage: {interval: 1, language: fr}\n")
    try:
        def status_for(path, host):
            return subprocess.run(run.namespace.inside("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Host: {host}",
                                                       f"http://127.0.0.1:9472{path}"), capture_output=True, text=True, timeout=10, check=False).stdout
        until(lambda: status_for("/", "127.0.0.1:9472") == "200", "the page")
        for host in ("localhost:9472", "[::1]:9472", "192.0.2.7", "Mail-Flows.example.org", "sensor.example.org:9472"):
            assert status_for("/", host) == "200", host
        for host in ("rebound.example.net", "mail-flows.example.org.example.net:9472", "xmail-flows.example.org"):
            assert status_for("/", host) == "403", host
            assert status_for("/metrics", host) == "200", "other addresses are for Prometheus, by whatever name"
        assert Page(text_of(run)).says("Flux de messagerie vus par sensor.example.org")
        if CHROMIUM:
            with Browser(tmp_path) as browser:
                assert look.complaints(browser, page_of(run)) == []
    finally:
        run.close()


def test_none_is_written_where_none_is_wanted_or_can_be(tmp_path):
    run = a_page(tmp_path, f"metrics: {{listen: 'unix:{tmp_path}/socket'}}\npage: {{write: no}}\n")
    try:
        run.socket = str(tmp_path / "socket")
        assert process_of(run) is None and not page_of(run).parent.exists()
        assert get(run)[::2] == (404, b"/metrics /healthz /status.json\n")
        assert run.end() == 0
        page_of(run).parent.write_text("no folder")
        run.options = ()
        run.start()
        assert "no page: www: Not a directory" in run.log() and process_of(run) is None
        watches(run, 70)
    finally:
        run.close()


def journal_with(names):
    """Records of flows and alerts as of now, every text of theirs the name of one of them."""
    now = time.strftime("%Y-%m-%dT%H:%M", time.gmtime())
    lines = []
    for number, name in enumerate(names):
        for record in hostile_names.records_with(name, alert=True):
            record["timestamp"] = f"{now}:{number:02}.000000+0000"
            record["flow"]["start"] = record["flow"]["end"] = record["timestamp"]
            record["src_ip"] = f"192.0.2.{70 + number}"
            record["flow_id"] = len(lines) + 1
            if record["event_type"] == "alert":
                record["mail"].update(from_group=name, to_group=name, row=name)
                record["alert"]["metadata"]["detail"] = name
            lines.append(json.dumps(record, separators=(",", ":")) + "\n")
    return "".join(lines)


def test_hostile_names_are_text_and_change_no_page(tmp_path):
    """Of alerts and of what was observed, all at once: the same elements as with tame ones."""
    names = hostile_names.NAMES.values()
    run = a_page(tmp_path, "page: {interval: 1}\n")
    try:
        assert run.end() == 0
        owner = run.state.stat()
        trees = []
        for told in [f"host{number}.example" for number in range(len(names))], names:
            lines = tmp_path / "lines.json"
            lines.write_text(journal_with(told), encoding="utf-8")
            for file in (run.state / "journal").iterdir():
                file.unlink()
            shutil.copyfile(lines, run.state / "journal/0000000000000000.eve.jsonl")
            subprocess.run([MAILWARDEN, "observed", lines, "--write", run.state / "observed"], stdout=subprocess.DEVNULL, timeout=60, check=True)
            for file in run.state / "observed", run.state / "journal/0000000000000000.eve.jsonl":
                os.chown(file, owner.st_uid, owner.st_gid)
            run.start()
            text = another_page(run)
            run.process.send_signal(signal.SIGTERM)
            assert run.process.wait(timeout=20) == 0
            trees.append(look.tree(text))
        page = Page(text)
        assert trees[0] == trees[1]
        for name in names:
            shown = hostile_names.shown(name)
            assert len([text for text in page.texts if text.startswith(shown)]) >= 5, name
        assert not set(text) & set("\u202e\u0007\x1b\r")
    finally:
        run.close()


PAIRS = 40000


def many_pairs(folder):
    """An observed matrix of so many pairs, out of one record."""
    known = next(line for line in (captures.PCAPS / CASES[2] / "expected.jsonl").read_text().splitlines() if '"event_type":"mail"' in line)
    record = json.loads(known)
    record.pop("community_id")
    lines = folder / "lines.json"
    with open(lines, "w", encoding="ascii") as out:
        for number in range(PAIRS):
            record["src_ip"] = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            record["dest_ip"] = f"172.16.{number & 15}.{number >> 4 & 63}"
            record["flow_id"] = number + 1
            out.write(json.dumps(record) + "\n")
    subprocess.run([MAILWARDEN, "observed", lines, "--write", folder / "observed"], stdout=subprocess.DEVNULL, timeout=60, check=True)
    return folder / "observed"


def test_under_load_no_record_is_missed(tmp_path):
    """Pages of 40,000 pairs are written all the time while flows come in."""
    run = a_page(tmp_path, "page: {interval: 1}\n")
    try:
        assert run.end() == 0
        shutil.copyfile(many_pairs(tmp_path), run.state / "observed")
        os.chown(run.state / "observed", *(run.state.stat().st_uid, run.state.stat().st_gid))
        before = page_of(run).stat().st_mtime_ns if page_of(run).exists() else 0
        run.start()
        until(lambda: page_of(run).exists() and page_of(run).stat().st_mtime_ns != before, "a page of all of them")
        assert Page(text_of(run)).says(str(PAIRS))
        pages, flows = set(), 0
        while len(pages) < 3:
            for host in range(10, 110):
                run.send([*sensor.dialogue(host), *ending(host)])
                flows += 1
                pages.add(page_of(run).stat().st_mtime_ns)
                if len(pages) >= 3:
                    break
            assert flows < 1000
        assert run.worker()["records_refused"] == 0 and run.part("reporter")["restarts"] == 0
        assert run.end() == 0
        assert len([1 for one in run.records() if one["event_type"] == "mail"]) == flows > 10
    finally:
        run.close()

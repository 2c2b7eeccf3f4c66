"""The recipes as printed: settings and snippets of docs/, unchanged, at the places they name; the receiver and the output of each are a pair."""

import json
import re
import shutil
import signal
import subprocess

import pytest
import yaml

import own_etc
import relp_receiver
import shipping
import syslog_receivers
from own_etc import OwnEtc
from sensor import MAILWARDEN, MATRIX, PATIENCE_S, ROOT, open_to_all, until
from shipping import alert_ids

WHY_NOT = own_etc.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
DOCS = ROOT / "docs"
HOSTS = ("siem.example.org", "siem-tls.example.org", "siem1.example.org", "siem2.example.org", "mail-flows.example.org")
SYSLOG_NG = "/etc/syslog-ng/conf.d/mailwarden.conf"


def needs(*programs):
    missing = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


def blocks(page, kind="yaml"):
    return re.findall(rf"^```{kind}\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def settings_of(kind):
    """The example of outputs.md that has such an output."""
    return next(block for block in blocks("outputs.md") if "outputs:" in block and kind in {one["type"] for one in yaml.safe_load(block)["outputs"]}
                and "journal:" not in block)


@pytest.fixture(name="certificates", scope="module")
def made_certificates(tmp_path_factory):
    folder = relp_receiver.certificates(tmp_path_factory.mktemp("recipes") / "certificates")
    for name in HOSTS:
        relp_receiver.certificate(folder, name, relp_receiver.CA)
    return folder


@pytest.fixture(name="journal", scope="module")
def filled_journal(tmp_path_factory):
    journal = tmp_path_factory.mktemp("journal") / "journal"
    shipping.replay_into(journal, files=shipping.captures()[:24])
    return journal


@pytest.fixture(name="place")
def made_place(tmp_path, certificates):
    place = OwnEtc(tmp_path / "own", HOSTS)
    for name, path in (("ca.pem", "ca.pem"), ("sensor.example.org.pem", "sensor.pem"), ("sensor.example.org.key", "sensor-key.pem")):
        place.copy(certificates / name, f"etc/mailwarden/{path}")
    yield place
    place.close()


def ship(place, journal, name):
    shutil.rmtree(place.folder / "journal", ignore_errors=True)
    shutil.copytree(journal, place.folder / "journal")
    answer = place.run(MAILWARDEN, "ship", "-c", "/etc/mailwarden/mailwarden.yaml", "--journal", place.folder / "journal", "--once", name, check=False)
    assert answer.returncode == 0, answer.stderr
    return alert_ids(place.folder / "journal")


def received(place):
    text = (place.folder / "var/log/mailwarden.log").read_text(encoding="utf-8")
    return re.findall(r'event_id="([^"]+)"', text)


# of each: the output of outputs.md, by type and name; the snippet; the port that it listens on; what the receiver's certificate says
PAIRS = [("relp", "relp", "rsyslog/relp.conf", 2514, None),
         ("relp", "tls", "rsyslog/relp-tls.conf", 2514, "siem-tls.example.org"),
         ("syslog-net", "syslog-net", "rsyslog/syslog-net.conf", 514, None),
         ("syslog-net", "tls", "rsyslog/syslog-net-tls.conf", 6514, "siem1.example.org"),
         ("syslog-net", "syslog-net", "syslog-ng/tcp.conf", 514, None),
         ("syslog-net", "tls", "syslog-ng/tls.conf", 6514, "siem1.example.org")]


def start(place, snippet, port):
    if snippet.startswith("rsyslog/"):
        place.copy(DOCS / snippet, f"etc/rsyslog.d/{snippet.split('/')[1]}")
        return place.daemon("rsyslogd", "-n", "-f", f"/etc/rsyslog.d/{snippet.split('/')[1]}", "-i", "/run/pid", ready=place.listens(port))
    place.write(SYSLOG_NG[1:], "@version: 3.38\n" + (DOCS / snippet).read_text(encoding="utf-8"))
    words, paths = syslog_receivers.words_of(place.folder / "run", SYSLOG_NG)
    return place.daemon(*words, ready=place.listens(port), env=paths)


@syslog_receivers.needed
@relp_receiver.needed
@pytest.mark.parametrize("kind, name, snippet, port, named", PAIRS, ids=[f"{pair[2]}" for pair in PAIRS])
def test_an_output_and_its_receiver_fit_as_printed(kind, name, snippet, port, named, place, journal, certificates):
    if snippet.startswith("syslog-ng") and not syslog_receivers.SYSLOG_NG:
        pytest.skip("needs syslog-ng (tests/deps unpacks it)")
    place.write("etc/mailwarden/mailwarden.yaml", settings_of(kind))
    for folder in ("rsyslog.d", "syslog-ng"):
        place.copy(certificates / "ca.pem", f"etc/{folder}/mailwarden-ca.pem")
        place.copy(certificates / f"{named or HOSTS[0]}.pem", f"etc/{folder}/receiver.pem")
        place.copy(certificates / f"{named or HOSTS[0]}.key", f"etc/{folder}/receiver-key.pem")
    with start(place, snippet, port):
        wanted = ship(place, journal, name)
        until(lambda: len(received(place)) >= len(wanted), "every alert in the file")
    assert len(wanted) > 10 and received(place) == wanted


def test_every_snippet_is_tried():
    tried = {pair[2] for pair in PAIRS} | {"rsyslog/local.conf"}  # test_syslog
    assert tried == {str(path.relative_to(DOCS)) for folder in ("rsyslog", "syslog-ng") for path in (DOCS / folder).iterdir()}


def redis(place, user, password, *words):
    answer = place.run("redis-cli", "-s", "/run/redis/redis.sock", *(["--user", user] if user else []), *words,
                       env={"REDISCLI_AUTH": password, "PATH": "/usr/bin:/bin"} if user else None)
    assert "NOPERM" not in answer.stdout and "WRONGPASS" not in answer.stderr, answer
    return answer.stdout.splitlines()


@needs("redis-server", "redis-cli")
def test_consumers_of_redis_share_the_alerts_as_printed(place, journal):
    place.write("etc/mailwarden/mailwarden.yaml", settings_of("redis"))
    place.write("etc/mailwarden/redis", "CHANGE-ME\n", mode=0o600)
    place.copy(DOCS / "redis/users.acl", "etc/redis/users.acl")
    (place.folder / "run/redis").mkdir()
    socket = place.folder / "run/redis/redis.sock"
    with place.daemon("redis-server", "--port", 0, "--unixsocket", "/run/redis/redis.sock", "--aclfile", "/etc/redis/users.acl",
                      "--dir", "/run/redis", ready=socket.exists):
        wanted = ship(place, journal, "redis")
        key, = [key for key in redis(place, "", "", "KEYS", "mailwarden:*:alerts")]
        assert int(redis(place, "", "", "XLEN", key)[0]) == len(wanted)
        texts = [line.removeprefix("redis-cli -s /run/redis/redis.sock --user mailwarden-siem ") for line in blocks("recipes.md", "sh")[0].splitlines()]
        create, read, acknowledge, pending = [[word.strip("'\"") for word in text.split()] for text in texts]
        assert redis(place, "mailwarden-siem", "CHANGE-ME-AS-WELL", *[key if word == "$KEY" else word for word in create]) == ["OK"]
        taken = redis(place, "mailwarden-siem", "CHANGE-ME-AS-WELL", *[key if word == "$KEY" else word for word in read])
        ids = [line for line in taken if re.fullmatch(r"\d+-\d+", line)]
        assert len(ids) == 10 and [json.loads(line)["event_id"] for line in taken if line.startswith("{")] == wanted[:10]
        assert redis(place, "mailwarden-siem", "CHANGE-ME-AS-WELL", *[{"$KEY": key, "$ID": ids[0]}.get(word, word) for word in acknowledge]) == ["1"]
        assert redis(place, "mailwarden-siem", "CHANGE-ME-AS-WELL", *[key if word == "$KEY" else word for word in pending])[0] == "9"


@needs("promtool")
def test_the_settings_for_prometheus_are_right(tmp_path):
    text = (DOCS / "prometheus/prometheus.yml").read_text(encoding="utf-8")
    (tmp_path / "prometheus.yml").write_text(text.replace("/usr/share/mailwarden/dashboards", str(ROOT / "dashboards")), encoding="utf-8")
    answer = subprocess.run(["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert answer.returncode == 0 and "1 rule files found" in answer.stdout, answer


@pytest.fixture(name="running")
def running_sensor(place):
    """A sensor in it, as user mailwarden, with its output file and its page."""
    for path, line in (("etc/passwd", "mailwarden:x:990:990::/:/usr/sbin/nologin\n"), ("etc/group", "mailwarden:x:990:www-data\n")):
        place.write(path, (place.folder / path).read_text(encoding="utf-8") + line)
    for folder in ("var/log/mailwarden", "run/mailwarden", "state"):
        (place.folder / folder).mkdir()
        shutil.chown(place.folder / folder, 990, 990)
    open_to_all(place.folder)
    place.copy(MATRIX, "etc/mailwarden/matrix.yaml")
    metrics = next(block for block in blocks("page.md") if "metrics.sock" in block)
    place.write("etc/mailwarden/mailwarden.yaml", f"matrix: /etc/mailwarden/matrix.yaml\ninterface: lo\nstate-dir: {place.folder}/state\n"
                + metrics + "outputs: [{type: file, path: /var/log/mailwarden/eve.json}]\npage: {interval: 1}\n")
    log = place.folder / "daemon.log"
    with place.daemon(MAILWARDEN, "run", "-c", "/etc/mailwarden/mailwarden.yaml", ready=lambda: "watching lo" in log.read_text()) as process:
        yield process


def records(path):
    return path.read_text(encoding="utf-8").count("\n") if path.exists() else -1


@needs("logrotate")
def test_the_file_of_an_output_is_rotated_as_printed(place, running):
    new, old = place.folder / "var/log/mailwarden/eve.json", place.folder / "var/log/mailwarden/eve.json.1"
    running.send_signal(signal.SIGUSR1)
    until(lambda: records(new) > 0, "a record in the file")
    place.copy(DOCS / "logrotate/mailwarden", "etc/logrotate.d/mailwarden")
    place.write("run/bin/systemctl", f'#!/bin/sh -eu\n[ "$*" = "reload mailwarden" ]\nkill -HUP {running.pid}\n', mode=0o755)
    answer = place.run("logrotate", "-f", "-s", "/run/rotated", "/etc/logrotate.d/mailwarden", env={"PATH": "/run/bin:/usr/sbin:/usr/bin:/bin"}, check=False)
    assert answer.returncode == 0, answer.stderr
    assert (new.stat().st_uid, new.stat().st_mode & 0o777) == (990, 0o640)
    until(lambda: (place.folder / "daemon.log").read_text().count("loaded: ") > 1, "the reload")
    before = records(old)
    running.send_signal(signal.SIGUSR1)
    until(lambda: records(new) > 0, "a record in the new file")
    assert before > 0 and records(old) == before


def ask(place, path, *words):
    """Code of the answer and its text."""
    answer = place.run("curl", "-sk", "-w", "\n%{http_code}", *words, f"https://mail-flows.example.org{path}").stdout
    text, code = answer.rsplit("\n", 1)
    return int(code), text


@needs("nginx", "curl")
def test_nginx_in_front_of_the_page_asks_who_and_passes_the_page_alone(place, running, certificates):
    assert running.poll() is None
    until((place.folder / "state/www/index.html").exists, "the page")
    place.copy(certificates / "mail-flows.example.org.pem", "etc/ssl/mail-flows.pem")
    place.copy(certificates / "mail-flows.example.org.key", "etc/ssl/private/mail-flows.key", mode=0o600)
    word = subprocess.run(["openssl", "passwd", "-apr1", "lantern"], capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout
    place.write("etc/nginx/mail-flows.htpasswd", f"soc:{word}")
    server, = blocks("page.md", "nginx")
    for folder in ("lib", "log/nginx"):
        (place.folder / "var" / folder).mkdir(exist_ok=True)
    place.write("etc/nginx/nginx.conf", "user www-data; pid /run/nginx.pid; error_log stderr;\nevents {}\nhttp {\naccess_log off;\n" + server + "}\n")
    with place.daemon("nginx", "-g", "daemon off;", ready=place.listens(443)):
        assert ask(place, "/")[0] == 401 and ask(place, "/", "-u", "soc:wrong")[0] == 401
        code, text = ask(place, "/", "-u", "soc:lantern")
        assert code == 200 and "<html" in text and "mailwarden" in text
        assert ask(place, "/metrics", "-u", "soc:lantern")[0] == 404
        assert ask(place, "/", "-u", "soc:lantern", "-X", "POST")[0] == 403


def test_what_ansible_validates_with_refuses_mistakes(tmp_path):
    tasks, handlers = (yaml.safe_load(block) for block in blocks("recipes.md"))
    validate = {task[module]["dest"]: task[module]["validate"] for task in tasks for module in task if module.endswith((".copy", ".template"))}
    assert {task["notify"] for task in tasks if "notify" in task} == {handler["name"] for handler in handlers}
    (tmp_path / "wrong").write_text("interfac: eth1\n", encoding="utf-8")
    (tmp_path / "settings").write_text(f"matrix: {MATRIX}\ninterface: lo\n", encoding="utf-8")
    for dest, right in (("/etc/mailwarden/matrix.yaml", MATRIX), ("/etc/mailwarden/mailwarden.yaml", tmp_path / "settings")):
        program, *words = validate[dest].split()
        codes = [subprocess.run([MAILWARDEN, *[str(path) if word == "%s" else word for word in words]], capture_output=True, timeout=PATIENCE_S,
                                check=False).returncode for path in (right, tmp_path / "wrong")]
        assert program == "mailwarden" and codes == [0, 2]

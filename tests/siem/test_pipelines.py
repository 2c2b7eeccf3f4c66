"""docs/siem/pipelines: rsyslog's are run, into a stand-in for Elasticsearch's bulk interface; of the others' the fields
and places are held. Vector, Fluent Bit and Filebeat themselves are not run."""

import http.server
import json
import pathlib
import re
import shutil
import socket
import subprocess
import threading

import pytest
import yaml

from receivers import SIEM, paths, records, severity_words
from rsyslog import Daemon
from sensor import until

PIPELINES = SIEM / "pipelines"
INDEX = json.loads((SIEM / "elastic/index-template.json").read_text())["index_patterns"][0].replace("*", "default")
OCSF_SEVERITIES = {"low": 2, "medium": 3, "high": 4, "critical": 5}


def needs_module(name):
    found = any(pathlib.Path("/usr/lib").glob(f"*/rsyslog/{name}.so"))  # the folder between is the machine's kind
    return pytest.mark.skipif(not shutil.which("rsyslogd") or not found, reason=f"needs rsyslog's {name}")


def snippet(name, *changes):
    text = (PIPELINES / name).read_text(encoding="utf-8")
    for theirs, ours in changes:
        assert theirs in text
        text = text.replace(theirs, ours)
    return text


class Bulk(http.server.BaseHTTPRequestHandler):
    """Of Elasticsearch: takes "create" into a data stream; an id that is there already is refused with 409."""

    def do_GET(self):  # pylint: disable=invalid-name
        self.answer({"status": "green"})

    def do_POST(self):  # pylint: disable=invalid-name
        assert self.path.split("?")[0] == "/_bulk", self.path
        lines = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
        items = []
        for action, document in zip(map(json.loads, lines[::2]), map(json.loads, lines[1::2]), strict=True):
            (name, where), = action.items()
            known = where["_id"] in self.server.documents
            self.server.refused += known
            self.server.documents.setdefault(where["_id"], (name, where["_index"], document))
            items.append({name: {"_id": where["_id"], "status": 409, "error": {"type": "conflict"}} if known
                          else {"_id": where["_id"], "status": 201}})
        self.answer({"errors": any(item["create"]["status"] == 409 for item in items), "items": items})

    def answer(self, said):
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


@pytest.fixture(name="bulk")
def bulk_fixture():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bulk)
    server.documents, server.refused = {}, 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class Forwarder(Daemon):
    """An rsyslogd with one of the snippets, and a socket as /dev/log is."""

    def __init__(self, folder, text):
        self.socket = str(folder / "log")
        config = folder / "rsyslog.conf"
        config.write_text(f'global(workDirectory="{folder}" maxMessageSize="64k")\n'
                          'module(load="imuxsock" SysSock.Use="off")\n'
                          f'input(type="imuxsock" Socket="{self.socket}" CreatePath="off" RateLimit.Interval="0")\n{text}')
        self.process = subprocess.Popen(["rsyslogd", "-n", "-f", str(config), "-i", str(folder / "pid")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until((folder / "pid").exists, "rsyslogd")

    def send(self, found):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
            one.connect(self.socket)
            for record in found:
                one.send(f"<134>Nov 24 06:42:25 mailwarden[1]: @cee: {json.dumps(record)}".encode())


@needs_module("omelasticsearch")
def test_rsyslog_creates_each_record_once_under_its_event_id(bulk, tmp_path):
    text = snippet("rsyslog-elasticsearch.conf", ("elasticsearch.example.org", "127.0.0.1"), ('"9200"', f'"{bulk.server_port}"'),
                   ('usehttps="on"', 'usehttps="off"'), ('tls.cacert="/etc/rsyslog.d/elasticsearch-ca.pem"', ""),
                   ("/var/log", str(tmp_path)))
    wanted = {record["event_id"]: record for record in records("eve")}
    with Forwarder(tmp_path, text) as server:
        server.send(wanted.values())
        until(lambda: len(bulk.documents) == len(wanted), "every record")
        again = list(wanted.values())[:5]
        server.send(again)
        until(lambda: bulk.refused >= len(again), "those that come again to be refused")
        until((tmp_path / "mailwarden-refused.json").exists, "the file of those refused")
    assert bulk.documents == {name: ("create", INDEX, record) for name, record in wanted.items()}


@needs_module("omkafka")
def test_rsyslog_understands_the_snippet_for_kafka(tmp_path):
    config = tmp_path / "rsyslog.conf"
    config.write_text(f'global(workDirectory="{tmp_path}")\n' + snippet("rsyslog-kafka.conf"))
    answer = subprocess.run(["rsyslogd", "-N1", "-f", str(config)], capture_output=True, text=True, timeout=30, check=False)
    assert answer.returncode == 0 and "error" not in answer.stderr, answer.stderr


def test_templates_of_rsyslog_take_fields_that_every_record_has():
    for path in PIPELINES.glob("*.conf"):
        named = set(re.findall(r"%\$!(\w+)%", path.read_text(encoding="utf-8")))
        assert named and all(named <= set(record) for record in records("eve")), path.name


def test_what_vector_asks_of_records_is_there():
    config = yaml.safe_load((PIPELINES / "vector.yaml").read_text(encoding="utf-8"))
    ocsf = config["transforms"]["ocsf"]["source"]
    program = re.sub(r'"[^"]*"', "", ocsf + config["transforms"]["flow_alerts"]["condition"])
    named = set(re.findall(r"(?<!\w)\.([a-z_]+(?:\.[a-z_]+)*)", program))
    assert {"alert.severity", "mail.to_group", "src_ip"} <= named <= paths("eve")
    parts = {**config["sources"], **config["transforms"]}
    for part in (*config["transforms"].values(), *config["sinks"].values()):
        assert set(part["inputs"]) <= set(parts)
    stream = config["sinks"]["elasticsearch"]["data_stream"]
    assert f"{stream['type']}-{stream['dataset']}-{stream['namespace']}" == INDEX


def test_the_severities_of_ocsf_are_those_of_the_sensor():
    ocsf = yaml.safe_load((PIPELINES / "vector.yaml").read_text(encoding="utf-8"))["transforms"]["ocsf"]["source"]
    less_than = int(re.search(r'"severity_id": (\d+) - int!\(\.alert\.severity\)', ocsf)[1])
    assert {word: less_than - number for number, word in severity_words().items()} == OCSF_SEVERITIES
    numbers = {name: int(value) for name, value in re.findall(r'"(\w+_u?id)": (\d+),', ocsf)}
    assert numbers["type_uid"] == numbers["class_uid"] * 100 + numbers["activity_id"]


def test_filebeat_and_fluent_bit_write_where_the_template_looks():
    filebeat = yaml.safe_load((PIPELINES / "filebeat.yml").read_text(encoding="utf-8"))
    fluent = yaml.safe_load((PIPELINES / "fluent-bit.yaml").read_text(encoding="utf-8"))
    output, source = fluent["pipeline"]["outputs"][0], fluent["pipeline"]["inputs"][0]
    assert filebeat["output.elasticsearch"]["index"] == output["index"] == INDEX
    assert [source["path"]] == filebeat["filebeat.inputs"][0]["paths"]
    assert source["parser"] == fluent["parsers"][0]["name"] and output["match"] == source["tag"]
    for record in records("ecs"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", record["@timestamp"])
    assert fluent["parsers"][0]["time_format"] == "%Y-%m-%dT%H:%M:%S.%LZ"

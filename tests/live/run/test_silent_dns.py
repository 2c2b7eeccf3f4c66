"""A name server that never answers when the sensor starts, or is away: outputs wait for it, the sensor does not."""

import subprocess
import time

import pytest

import sensor
from frames_made import dialogue
from sensor import FOUND, Sensor, open_to_all, until

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
SILENT = ("import socket,sys\n"
          "s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.bind(('127.0.0.1',53));print('bound',flush=True)\n"
          "while True: s.recv(512);print('asked',flush=True)\n")
# every name leads to 127.0.0.1: one A record, and none of AAAA
ANSWERS = ("import socket\n"
           "s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.bind(('127.0.0.1',53));print('bound',flush=True)\n"
           "while True:\n"
           " q,a=s.recvfrom(512);end=q.index(0,12)+5;is_a=q[end-4:end-2]==bytes((0,1))\n"
           " r=bytes((0xc0,12,0,1,0,1,0,0,0,9,0,4,127,0,0,1)) if is_a else b''\n"
           " s.sendto(q[:2]+bytes((0x81,0x80,0,1,0,int(is_a),0,0,0,0))+q[12:end]+r,a)\n")
TAKES_ONE = ("import socket\ns=socket.socket();s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1);s.bind(('127.0.0.1',2514));s.listen()\n"
             "print('bound',flush=True);s.accept();print('taken',flush=True)\n")


class Deaf(Sensor):
    """Asks 127.0.0.1 in its namespace, where somebody listens and says nothing, or nobody is (says: None)."""

    def __init__(self, folder, settings, says=SILENT):
        self.says = says
        self.resolv = folder / "resolv.conf"
        self.resolv.write_text("nameserver 127.0.0.1\nsearch example.org\n")
        self.hosts = folder / "nsswitch.conf"
        self.hosts.write_text("hosts: dns\n")
        self.server = None
        super().__init__("-c", settings)

    def start(self, *words):
        if not self.server and self.says:
            self.server = self.run_python(self.says)
        super().start("unshare", "-m", "sh", "-c", f"mount --bind {self.resolv} /etc/resolv.conf && "
                      f"mount --bind {self.hosts} /etc/nsswitch.conf && exec \"$@\"", "sh", *words)

    def run_python(self, script):
        started = subprocess.Popen(self.namespace.inside("/usr/bin/python3", "-c", script), stdout=subprocess.PIPE, text=True)
        assert started.stdout.readline() == "bound\n"
        return started

    def close(self):
        self.server.kill()
        self.server.communicate()
        super().close()


def test_a_name_server_that_does_not_answer_keeps_the_sensor_from_nothing(tmp_path):
    open_to_all(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("of-the-test")
    secret.chmod(0o600)
    settings = tmp_path / "mailwarden.yaml"
    settings.write_text("outputs:\n"
                        "  - {type: relp, name: siem, host: siem.example.net}\n"
                        "  - {type: redis, name: counters, password_file: " + str(secret) + ", user: mailwarden, "
                        "sentinels: [one.example.net:26379, two.example.net:26379, three.example.net:26379], master: mail}\n")
    run = Deaf(tmp_path, settings)
    try:
        assert run.server.stdout.readline() == "asked\n"
        assert run.status()["outputs"][1]["state"] == "starting", "its three names want their time"
        assert "counters: output is not ready yet" in run.log()
        run.send(dialogue(10))
        until(lambda: run.alerts(FOUND), "the alert, in the journal")
        assert run.status()["healthy"]
        until(lambda: all(one["down"] and one["state"] == "running" for one in run.status()["outputs"]),
              "the outputs", 2 * sensor.PATIENCE_S)
        assert {one["restarts"] for one in run.status()["processes"]} == {0}
        assert not run.alerts("sensor.worker-restarted"), "an output that asks for its names anew is no fault"
        assert run.end() == 0
    finally:
        run.close()


def test_an_output_is_back_soon_behind_a_name_server_that_was_away(tmp_path):
    open_to_all(tmp_path)
    settings = tmp_path / "mailwarden.yaml"
    settings.write_text("outputs:\n  - {type: relp, name: siem, host: siem.example.net}\n")
    run = Deaf(tmp_path, settings, says=None)
    receiver = run.run_python(TAKES_ONE)
    try:
        run.send(dialogue(10))
        until(lambda: run.status()["outputs"][0]["down"], "the output to be down")
        time.sleep(5)  # away for so long: no condition to wait for
        assert "siem.example.net" in run.log() and run.status()["outputs"][0]["down"]
        run.server = run.run_python(ANSWERS)
        start = time.monotonic()
        assert receiver.stdout.readline() == "taken\n"
        assert time.monotonic() - start < 8, "behind 2, 4 and 8 s, not behind 60"
        assert not run.alerts("sensor.worker-restarted")
        assert run.status()["healthy"]
    finally:
        receiver.kill()
        receiver.communicate()
        run.close()

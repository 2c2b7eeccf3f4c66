"""A name server that never answers, when the sensor starts: its outputs wait, the sensor does not."""

import subprocess

import pytest

import sensor
from frames_made import dialogue
from sensor import FOUND, Sensor, open_to_all, until

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
SILENT = ("import socket,sys\n"
          "s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.bind(('127.0.0.1',53));print('bound',flush=True)\n"
          "while True: s.recv(512);print('asked',flush=True)\n")


class Deaf(Sensor):
    """Asks 127.0.0.1 in its namespace, where somebody listens and says nothing."""

    def __init__(self, folder, settings):
        self.resolv = folder / "resolv.conf"
        self.resolv.write_text("nameserver 127.0.0.1\nsearch example.org\n")
        self.hosts = folder / "nsswitch.conf"
        self.hosts.write_text("hosts: dns\n")
        self.server = None
        super().__init__("-c", settings)

    def start(self, *words):
        if not self.server:
            self.server = subprocess.Popen(self.namespace.inside("/usr/bin/python3", "-c", SILENT), stdout=subprocess.PIPE, text=True)
            assert self.server.stdout.readline() == "bound\n"
        super().start("unshare", "-m", "sh", "-c", f"mount --bind {self.resolv} /etc/resolv.conf && "
                      f"mount --bind {self.hosts} /etc/nsswitch.conf && exec \"$@\"", "sh", *words)

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
        assert {one["restarts"] for one in (*run.status()["processes"], *run.status()["outputs"])} == {0}
        assert run.end() == 0
    finally:
        run.close()

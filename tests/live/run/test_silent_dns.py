"""A name server that never answers when the sensor starts, or is away: outputs wait for it, the sensor does not."""

import time

import pytest

import name_server
import sensor
from frames_made import dialogue
from sensor import FOUND, Sensor, open_to_all, until

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
TAKES_ONE = ("import socket\ns=socket.socket();s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1);s.bind(('127.0.0.1',2514));s.listen()\n"
             "print('bound',flush=True);s.accept();print('taken',flush=True)\n")


class Deaf(Sensor):
    """Asks 127.0.0.1 in its namespace, where somebody listens and says nothing, or nobody is (mode: None)."""

    def __init__(self, folder, settings, mode="silent"):
        self.mode = mode
        self.asking = name_server.asked_from(folder)
        self.server = None
        super().__init__("-c", settings)

    def start(self, *words):
        if not self.server and self.mode:
            self.server = name_server.start(self.namespace, self.mode)
        super().start(*self.asking, *words)

    def close(self):
        name_server.end(self.server)
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


@pytest.mark.parametrize("mode, said", [(None, "siem.example.net: "), ("elsewhere", "error connecting")])
def test_an_output_is_back_soon_behind_a_name_server_that_was_away_or_wrong(tmp_path, mode, said):
    open_to_all(tmp_path)
    settings = tmp_path / "mailwarden.yaml"
    settings.write_text("outputs:\n  - {type: relp, name: siem, host: siem.example.net}\n"
                        "  - {type: relp, name: numeric, host: 127.0.0.1, port: 2515}\n")
    run = Deaf(tmp_path, settings, mode)
    receiver = name_server.start_python(run.namespace, TAKES_ONE)
    try:
        run.send(dialogue(10))
        until(lambda: all(one["down"] for one in run.status()["outputs"]), "the outputs to be down")
        time.sleep(5)  # away for so long: no condition to wait for
        assert "siem: output down, records wait in the journal: " + said in run.log() and run.status()["outputs"][0]["down"]
        if run.server:
            name_server.end(run.server)
        run.server = name_server.start(run.namespace)
        start = time.monotonic()
        assert receiver.stdout.readline() == "taken\n"
        assert time.monotonic() - start < 8, "behind 2, 4 and 8 s, not behind 60"
        assert run.log().count("siem: output down") == 1
        assert run.status()["outputs"][0]["restarts"] > 0 == run.status()["outputs"][1]["restarts"], "an address stays one"
        assert not run.alerts("sensor.worker-restarted")
        assert run.status()["healthy"]
    finally:
        name_server.end(receiver)
        run.close()

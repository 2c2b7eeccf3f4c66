"""A sensor with all ways out, each of its own trouble: a file, Redis, RELP by a host's name, metrics; its state on a small disk."""

import contextlib
import re
import socket
import threading

import name_server
import redis_servers
import relp_receiver
from redis_servers import PASSWORD
from sensor import Sensor, open_to_all
from small_disk import small_disk

DISK = "16m"
COMMAND = re.compile(rb"(?:^|\r\n)\*\d+\r\n")


class Refusing:
    """In the place of Redis: one answer to every command."""

    def __init__(self, path, answer):
        self.answer = answer
        path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        path.chmod(0o777)
        self.listener.listen()
        self.taken = []
        self.thread = threading.Thread(target=self._take, daemon=True)
        self.thread.start()

    def _take(self):
        with contextlib.suppress(OSError):
            while True:
                self.taken.append(self.listener.accept()[0])
                threading.Thread(target=self._talk, args=(self.taken[-1],), daemon=True).start()

    def _talk(self, one):
        with contextlib.suppress(OSError):
            while asked := one.recv(65536):
                one.sendall(self.answer * len(COMMAND.findall(asked)))

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for one in self.taken:
            one.close()


class WaysOut(Sensor):
    """On a disk that is mounted before, with a Redis that runs."""

    def __init__(self, folder, disk, redis, matrix, life):
        self.out = folder / "out"
        self.out.mkdir()
        open_to_all(folder, self.out)
        self.folder_of_test, self.disk, self.redis = folder, disk, redis
        self.asking = name_server.asked_from(folder)
        self.names = self.receiver = None
        self.settings = folder / "mailwarden.yaml"
        try:
            super().__init__("-c", self.settings, matrix=matrix, life=life)
        except BaseException:
            self.close_peers()
            raise

    def write_settings(self):
        secret = self.folder_of_test / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        self.settings.write_text(
            f"metrics: {{listen: unix:{self.out}/socket, textfile: {self.out}/mailwarden.prom, interval: 1}}\n"
            f"outputs:\n  - {{type: file, name: siem, path: {self.out}/siem.json}}\n"
            f"  - {{type: relp, name: remote, host: siem.example.net, port: {self.receiver.port}}}\n"
            f"  - {{type: redis, name: counters, sensor: sensor.example.org, path: {self.redis.socket}, user: mailwarden, "
            f"password_file: {secret}}}\n")

    def start(self, *words):
        if not self.receiver:
            self.state = self.disk / "state"
            self.names = name_server.start(self.namespace)
            self.receiver = relp_receiver.Receiver(self.folder_of_test, inside=self.namespace.inside())
            self.write_settings()
        super().start(*self.asking, *words)

    def answer_names(self, mode):
        """None: nobody does."""
        if self.names:
            name_server.end(self.names)
        self.names = name_server.start(self.namespace, mode) if mode else None

    def in_redis(self):
        client = self.redis.client()
        try:
            return redis_servers.stream_ids(client)
        finally:
            client.close()

    def close_peers(self):
        if self.names:
            name_server.end(self.names)
        if self.receiver and self.receiver.process.poll() is None:
            self.receiver.kill()

    def close(self):
        super().close()
        self.close_peers()


@contextlib.contextmanager
def built(folder, matrix, life):
    with contextlib.ExitStack() as stack:
        disk = stack.enter_context(small_disk(folder / "disk", DISK))
        redis = redis_servers.Redis(folder / "redis", more=["unixsocketperm 777"])
        stack.callback(redis.close)
        run = WaysOut(folder, disk, redis, matrix, life)
        stack.callback(run.close)
        yield run

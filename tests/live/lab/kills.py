"""A journal that grows while its receiver and its shipper are killed."""

import json
import random
import threading
import time

import shipping


class Journal:
    """Real alerts, over and over, each with an id of its own: a journal as a sensor would have it."""

    def __init__(self, folder):
        shipping.replay_into(folder)
        self.segment = max(folder.glob("*.eve.jsonl"))
        self.alerts = [one for one in shipping.records(folder) if "alert" in one]
        self.count = len(self.alerts)

    def grow(self, count):
        lines = []
        for number in range(self.count, self.count + count):
            one = dict(self.alerts[number % len(self.alerts)], event_id=f"made-1-{number}")
            lines.append(json.dumps(one, separators=(",", ":")) + "\n")
        with open(self.segment, "a", encoding="utf-8") as file:
            file.write("".join(lines))
        self.count += count


class Trouble(threading.Thread):
    """Kills a receiver and starts it again, at random."""

    def __init__(self, receiver, chance):
        super().__init__()
        self.receiver, self.chance, self.kills, self.is_over = receiver, chance, 0, False

    def run(self):
        while not self.is_over:
            time.sleep(0.05 + self.chance.random() * 0.15)  # any moment
            self.receiver.kill()
            self.kills += 1
            self.receiver.start()


def ship_under_kills(settings, folder, receiver, least, alerts):
    """Both are killed that often while the journal grows, and then all is delivered. How often, each."""
    chance, journal = random.Random(7), Journal(folder)
    trouble, shippers = Trouble(receiver, chance), 0
    trouble.start()
    try:
        while trouble.is_alive() and (shippers < least or trouble.kills < least or journal.count < alerts):
            journal.grow(min(max(alerts - journal.count, 1), alerts // least))
            one = shipping.start_shipping(settings, folder)
            time.sleep(0.05 + chance.random() * 0.4)  # any moment
            one.kill()
            one.wait()
            shippers += 1
    finally:
        trouble.is_over = True
        trouble.join()
    assert shipping.ship(settings, folder, "--once", patience=600).returncode == 0
    return trouble.kills, shippers


def check_nothing_is_missing(settings, folder, receiver, least, alerts):
    """Of so many alerts, where both are killed that often."""
    start = time.monotonic()
    kills, shippers = ship_under_kills(settings, folder, receiver, least, alerts)
    wanted, got = set(shipping.alert_ids(folder)), receiver.event_ids()
    print(f"{len(wanted)} alerts in {time.monotonic() - start:.1f} s, receiver killed {kills} times, shipper {shippers}"
          f" times: {len(wanted - set(got))} missing, {len(got) - len(set(got))} twice")
    assert len(wanted) >= alerts and min(kills, shippers) >= least
    assert set(got) == wanted

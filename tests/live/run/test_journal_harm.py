"""The segment written to is removed, moved or cut by somebody else: told, and all that comes afterwards reaches every output, once."""

import os

import pytest

import redis_servers
import sensor
from sensor import until
from test_disk_full import each_once, hosts, in_both, of_kind, out_fixture, redis_fixture, send, watching

WHY_NOT = sensor.why_not_here()
pytestmark = [pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)), redis_servers.needed]
FIXTURES = (redis_fixture, out_fixture)  # by the names "redis" and "out"


def newest(run):
    return sorted((run.state / "journal").glob("*.eve.jsonl"))[-1]


def remove(run):
    for segment in (run.state / "journal").glob("*.eve.jsonl"):
        segment.unlink()


def empty(run):
    os.truncate(run.state / "eve.json", 0)


def move(run):
    newest(run).rename(run.state / "moved")


HARMS = [(remove, "was removed"), (move, "was moved away"), (empty, "was changed by another program: 0 bytes")]


@pytest.mark.parametrize("harm, words", HARMS)
def test_it_is_told_and_what_comes_afterwards_reaches_the_outputs_once(tmp_path, redis, out, harm, words):
    with watching(tmp_path, redis, out) as run:
        send(run, range(10, 40))
        in_both(run, "the first dialogues", lambda records: hosts(records) == set(range(10, 40)))
        before = newest(run)
        harm(run)
        send(run, range(40, 70))
        in_both(run, "all dialogues", lambda records: hosts(records) == set(range(10, 70)))
        in_both(run, "the alert", lambda records: of_kind(records, "sensor.journal-bound"))
        (alert,) = of_kind(run.in_file(), "sensor.journal-bound")
        assert alert["sensor"]["process"] == "reporter" and before.name in alert["alert"]["metadata"]["detail"]
        assert words in alert["alert"]["metadata"]["detail"] and words in run.log()
        assert newest(run) != before and run.records(), "eve.json leads to the next one"
        assert run.end() == 0
        assert each_once(run.in_file()) and each_once(run.in_redis())


@pytest.mark.parametrize("harm, words", HARMS)
def test_it_is_told_also_when_nothing_is_written(tmp_path, redis, out, harm, words):
    with watching(tmp_path, redis, out) as run:
        send(run, [10])
        in_both(run, "the dialogue", lambda records: hosts(records) == {10})
        harm(run)
        in_both(run, "the alert", lambda records: of_kind(records, "sensor.journal-bound"))
        until(lambda: words in run.log(), "the log")
        assert run.end() == 0

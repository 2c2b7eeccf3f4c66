"""Rows of the matrix that end: told ahead and at the end, once each, over restarts too."""

import datetime
import re
import signal
import subprocess

import pytest

import sensor
from sensor import MAILWARDEN, MATRIX, Sensor, until, watches

WHY_NOT = sensor.why_not_here()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


def last_day(days):
    """The row holds for so many whole days from now on, and the rest of today."""
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=days)).isoformat()


def row(name, port, days):
    return (f"  - {{id: {name}, from: scanners, to: mx-out, protocols: [smtp], tls: optional, ports: [{port}], "
            f"expires: {last_day(days)}}}\n")


def matrix(*rows):
    return re.sub(r", (expires|until): \S+?(?=[,}])", "", MATRIX.read_text()) + "".join(rows)


def details(run):
    return [alert["alert"]["metadata"]["detail"] for alert in run.alerts("sensor.row-expiring")]


def status_text(run):  # without its folds
    text = subprocess.run([MAILWARDEN, "status", "--state-dir", run.state], capture_output=True, text=True, check=True,
                          timeout=20).stdout
    return " ".join(text.split())


def test_each_row_that_ends_soon_is_told_once_over_restarts_and_reloads():
    rows = [row("E-07", 2601, 6), row("E-08", 2602, 6), row("E-30", 2603, 29), row("E-31", 2604, 31), row("E-00", 2605, -1)]
    run = Sensor(matrix=matrix(*rows))
    try:
        until(lambda: len(details(run)) == 3, "three alerts")
        month, week, end = details(run)
        assert month == f"row E-30 expires in 29 days: its last day is {last_day(29)}"
        assert week == f"row E-07 expires in 6 days: its last day is {last_day(6)}; and 1 more"
        assert end == f"row E-00 has expired: its last day was {last_day(-1)}"
        assert f"{week} (sensor.row-expiring)" in run.log()
        assert "warning: row E-07 expires soon" in run.log() and "row E-31 expires soon" not in run.log()
        told = run.status()["rows"]
        assert told["next_to_expire"]["row"] == "E-07" and told["expiring_within_30_days"] == 3
        assert told["last_expired"]["row"] == "E-00" and told["expired"] == 1
        assert f"row E-07 is next, in 6 days (last day {last_day(6)}); 3 within 30 days" in status_text(run)
        assert run.end() == 0
        run.start()
        run.signal(signal.SIGHUP)
        until(lambda: run.worker()["matrix"] == 2, "the second matrix")
        watches(run, 70)
        assert len(details(run)) == 3
        run.matrix.write_text(matrix(*rows, row("E-01", 2606, 0)))
        run.signal(signal.SIGHUP)
        until(lambda: len(details(run)) == 4, "the fourth alert")
        assert details(run)[3] == f"row E-01 expires within a day: its last day is {last_day(0)}"
        assert run.status()["rows"]["next_to_expire"]["row"] == "E-01"
    finally:
        run.close()


def test_what_is_accepted_until_a_day_is_told_as_a_row_is():
    accepting = row("E-31", 2601, 31).replace("}", f", owner: it, accepts: R42, reason: old kit, until: {last_day(6)}}}")
    run = Sensor(matrix=matrix(accepting))
    try:
        until(lambda: details(run), "an alert")
        assert details(run) == [f"acceptance of row E-31 expires in 6 days: its last day is {last_day(6)}"]
        told = run.status()["acceptances"]
        assert told["next_to_expire"]["by"] == "row E-31" and told["expiring_within_30_days"] == 1
        assert f"acceptance of row E-31 is next, in 6 days (last day {last_day(6)}); 1 within 30 days" in status_text(run)
        assert f"warning: row E-31 soon accepts no R42 any more: its last day is {last_day(6)}" in run.log()
    finally:
        run.close()


def test_rows_without_an_end_or_with_a_far_one_are_no_news():
    run = Sensor(matrix=matrix(row("E-31", 2604, 31)))
    try:
        until(lambda: run.status()["rows"].get("next_to_expire"), "the look at the rows")
        watches(run, 70)
        assert not details(run) and "sensor.row-expiring" not in run.log()
        assert run.status()["rows"]["expiring_within_30_days"] == 0
        run.matrix.write_text(matrix())
        run.signal(signal.SIGHUP)
        until(lambda: "next_to_expire" not in run.status()["rows"], "the look at the rows of the other matrix")
        assert "expires " not in status_text(run)
    finally:
        run.close()

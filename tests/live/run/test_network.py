"""The short form of mail_network.py: a site of real servers, seconds of mail, the sensor on a mirror and then inline."""

import pytest

import mail_network
import network

WHY_NOT = network.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
SECONDS = 15


def test_on_a_mirror_each_illegitimate_kind_is_told_once_and_nothing_else():
    assert mail_network.passive(SECONDS) == []


def test_inline_no_legitimate_message_is_refused_or_late_over_a_reload_and_the_end_of_a_row():
    assert mail_network.inline(SECONDS) == []

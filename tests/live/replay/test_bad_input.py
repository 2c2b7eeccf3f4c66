"""Input nobody should send: one clear line and the exit code of the manual, never a crash, bounded memory."""

import gzip
import json
import os
import pathlib
import resource
import struct
import subprocess

import pytest

from frames_made import ETHERNET, conversation, file_header, pcap, tcp
from replaying import MATRIX, PATIENCE_S, SMALL_TABLE, replay, run, written
from sensor import MAILWARDEN, ROOT

USAGE, RUNTIME = 2, 3
RESIDENT_MAX_KIB = 512 * 1024
LENGTHS = [0, 1, 59, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
COMMANDS_THAT_PRINT = [("--help",), ("--version",), ("catalogue",), ("check", MATRIX),
                       ("explain", "-m", MATRIX, "192.0.2.70", "internet", "smtp"),
                       ("replay", "--help"), ("check", "--help"), ("explain", "--help")]


def refused(answer, code):
    """That exit code, and one line which says who speaks (a usage error adds where help is)."""
    lines = [line for line in answer.stderr.decode().splitlines() if not line.startswith("Try ")]
    assert answer.returncode == code, answer.stderr
    assert len(lines) == 1 and len(lines[0]) > len("mailwarden: "), lines
    return lines[0]


def outlived(answer):
    """Read to some end: no signal, no sanitizer's report."""
    assert answer.returncode in (0, RUNTIME), (answer.returncode, answer.stderr)
    assert b"Sanitizer" not in answer.stderr and b"runtime error" not in answer.stderr


@pytest.mark.parametrize("data", [b"this is no capture, it is a letter\n" * 40, b"\x7fELF" + bytes(60), bytes(200)],
                         ids=["text", "program", "zeros"])
def test_what_is_no_capture_is_refused_by_name(tmp_path, data):
    path = written(tmp_path, data)
    assert str(path) in refused(replay(path), RUNTIME)


def test_an_empty_file_is_refused_by_name(tmp_path):
    path = written(tmp_path, b"")
    assert str(path) in refused(replay(path), RUNTIME)


def test_a_directory_is_refused_by_name(tmp_path):
    assert str(tmp_path) in refused(replay(tmp_path), RUNTIME)


def test_a_missing_file_is_refused_by_name(tmp_path):
    path = tmp_path / "nowhere.pcap"
    line = refused(replay(path), RUNTIME)
    assert str(path) in line and "No such file" in line


@pytest.mark.parametrize("kept", [1, 3, 4, 12, 23])
def test_a_header_cut_short_is_refused(tmp_path, kept):
    refused(replay(written(tmp_path, file_header()[:kept])), RUNTIME)


@pytest.mark.parametrize("magic", [b"\x1f\x8b\x08\x00", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"], ids=["gzip", "xz", "zstd"])
def test_a_compressed_file_cut_or_false_is_refused(tmp_path, magic):
    refused(replay(written(tmp_path, magic)), RUNTIME)
    refused(replay(written(tmp_path, magic + b"\xff" * 500)), RUNTIME)


def test_a_capture_without_packets_is_read(tmp_path):
    assert replay(written(tmp_path, file_header())).returncode == 0


@pytest.mark.parametrize("captured", LENGTHS)
@pytest.mark.parametrize("original", LENGTHS)
def test_lengths_that_lie_are_outlived(tmp_path, captured, original):
    frame = tcp(True, 1, 0, 0x02)
    lie = struct.pack("<IIII", 1790000000, 0, captured, original) + frame
    outlived(replay(written(tmp_path, pcap([frame]) + lie + pcap([frame])[24:])))


@pytest.mark.parametrize("length", [0, 4, 8, 11, 12, 13, 0x7FFFFFFC, 0xFFFFFFFF])
def test_pcapng_block_lengths_that_lie_are_outlived(tmp_path, length):
    section = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    interface = struct.pack("<IIHHII", 1, 20, ETHERNET, 0, 262144, 20)
    packet = struct.pack("<IIIIIII", 6, length, 0, 0, 0, length, length) + bytes(40)
    outlived(replay(written(tmp_path, section + interface + packet)))
    outlived(replay(written(tmp_path, struct.pack("<IIIHHqI", 0x0A0D0D0A, length, 0x1A2B3C4D, 1, 0, -1, length))))


def test_records_without_bytes_are_read_to_the_end(tmp_path):
    answer = replay(written(tmp_path, pcap([b""] * 5000)))
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("to_server", [True, False], ids=["command", "reply"])
def test_an_smtp_line_of_64_kib_is_outlived(tmp_path, to_server):
    turns = [(False, b"220 mail.example.net ESMTP\r\n"), (True, b"EHLO pc.example.org\r\n"),
             (False, b"250-mail.example.net\r\n250 STARTTLS\r\n"), (to_server, b"A" * 65536 + b"\r\n")]
    answer = replay(written(tmp_path, conversation(turns)), "--json")
    assert answer.returncode == 0, answer.stderr
    assert b'"app_proto":"smtp"' in answer.stdout
    assert b"AAAAAAAAAAAAAAAA" * 32 not in answer.stdout


def tls_records(message):
    parts = [message[start:start + 16384] for start in range(0, len(message), 16384)]
    return b"".join(b"\x16\x03\x03" + struct.pack(">H", len(part)) + part for part in parts)


def handshake(kind, body):
    return tls_records(bytes([kind]) + len(body).to_bytes(3, "big") + body)


@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_a_certificate_message_of_1_mb_is_outlived(tmp_path, size):
    hello = b"\x03\x03" + bytes(32) + b"\x00"
    certificate = size.to_bytes(3, "big") + b"\x30\x84" + struct.pack(">I", size - 6) + b"\x30" * (size - 6)
    turns = [(True, handshake(1, hello + b"\x00\x02\xc0\x2f\x01\x00")), (False, handshake(2, hello + b"\xc0\x2f\x00")),
             (False, handshake(11, len(certificate).to_bytes(3, "big") + certificate)), (False, handshake(14, b""))]
    answer = replay(written(tmp_path, conversation(turns, port=465)), "--json")
    assert answer.returncode == 0, answer.stderr
    assert b'"dest_port":465' in answer.stdout


@pytest.mark.parametrize("text", [b"[" * (1 << 20), b"{a: " * (1 << 18), b"- " * (1 << 19), b"a" * (1 << 20), b"\xff\xfe" * 1000,
                                  b"a: &x [1]\nb: *x\n", b"\x00" * 4096, b"schema: 1\n" * 50000],
                         ids=["lists", "maps", "blocks", "word", "utf-16", "alias", "zeros", "repeats"])
def test_a_matrix_of_nonsense_is_refused_with_its_place(tmp_path, text):
    path = written(tmp_path, text, "bad.yaml")
    answer = run("check", path)
    assert answer.returncode == USAGE, answer.stderr
    assert answer.stderr.startswith(str(path).encode() + b":"), answer.stderr
    assert len(answer.stderr) < 4 << 20
    assert run("replay", written(tmp_path, file_header()), "-m", path).returncode == USAGE


@pytest.mark.parametrize("matrix", ["nowhere.yaml", "."])
def test_a_matrix_that_cannot_be_read_is_refused(tmp_path, matrix):
    answer = run("replay", written(tmp_path, file_header()), "-m", tmp_path / matrix)
    assert str(tmp_path / matrix) in refused(answer, USAGE)


@pytest.mark.parametrize("words", [(), ("--no-such-option",), ("-m",), ("--table", "many"), ("--table", "-1"), ("--checksums", "x")],
                         ids=" ".join)
def test_wrong_usage_is_exit_code_2(words):
    answer = run("replay", *words)
    assert answer.returncode == USAGE
    assert answer.stderr.startswith(b"mailwarden replay: ")


@pytest.mark.parametrize("flows", ["no/such/folder/flows.json", "."])
def test_flows_that_cannot_be_written_are_exit_code_3(tmp_path, flows):
    path = tmp_path / flows
    assert str(path) in refused(replay(written(tmp_path, conversation([])), "--flows", path), RUNTIME)


def unchanged(paths, capture, *words, **files):
    before = [path.read_bytes() for path in paths]
    line = refused(replay(capture, *words, **files), USAGE)
    assert "--flows" in line and [path.read_bytes() for path in paths] == before
    return line


def test_flows_never_overwrite_what_the_same_run_reads(tmp_path):
    capture = written(tmp_path, conversation([]))
    other = written(tmp_path, conversation([]), "other.pcap")
    matrix = written(tmp_path, (ROOT / MATRIX).read_bytes(), "matrix.yaml")
    (link := tmp_path / "link").symlink_to(other)
    (hard := tmp_path / "hard").hardlink_to(matrix)
    for words in ((capture,), (other, other), (link, other), (matrix, "-m", matrix), (hard, "-m", matrix)):
        line = unchanged([capture, other, matrix], capture, "--flows", *words)
        assert str(words[0]) in line and "which is read" in line


@pytest.mark.parametrize("magic", ["a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "a1b2cd34", "34cdb2a1", "0a0d0d0a", "1f8b08",
                                   "fd377a585a00", "28b52ffd"])
def test_flows_never_overwrite_another_capture(tmp_path, magic):
    capture = written(tmp_path, conversation([]))
    other = written(tmp_path, bytes.fromhex(magic) + bytes(40), "other")
    assert str(other) in unchanged([capture, other], capture, "--flows", other)


def test_flows_of_before_are_overwritten(tmp_path):
    capture = written(tmp_path, conversation([]))
    flows = written(tmp_path, b'{"event_type":"mail"}\n' * 100, "flows.json")
    for _ in range(2):
        assert replay(capture, "--flows", flows).returncode == 0
        assert len(flows.read_text().splitlines()) < 100
    assert replay(capture, "--flows", "/dev/null").returncode == 0


def test_flows_on_a_full_disk_are_exit_code_3(tmp_path):
    refused(replay(written(tmp_path, conversation([])), "--flows", "/dev/full"), RUNTIME)


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["human", "json"])
def test_standard_output_on_a_full_disk_is_exit_code_3(tmp_path, options):
    with open("/dev/full", "wb") as full:
        refused(replay(written(tmp_path, conversation([])), *options, stdout=full), RUNTIME)


@pytest.mark.parametrize("words", COMMANDS_THAT_PRINT, ids=" ".join)
def test_no_command_calls_words_lost_on_a_full_disk_a_success(words):
    with open("/dev/full", "wb") as full:
        refused(run(*words, stdout=full), RUNTIME)


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["human", "json"])
def test_a_reader_that_went_away_is_exit_code_3_without_a_word(tmp_path, options):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        answer = replay(written(tmp_path, conversation([])), *options, stdout=writer)
        assert answer.returncode == RUNTIME and "cannot write" not in str(answer.stderr)
    finally:
        os.close(writer)


def test_standard_output_closed_from_the_start_is_exit_code_3(tmp_path):
    flows = tmp_path / "flows.json"
    answer = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", MAILWARDEN, "replay", written(tmp_path, conversation([])),
                             "-m", MATRIX, *SMALL_TABLE, "--flows", flows],
                            cwd=ROOT, stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
    refused(answer, RUNTIME)
    kinds = [json.loads(line)["event_type"] for line in flows.read_text().splitlines()]
    assert kinds == ["mail"], "what was meant for standard output is in the file of flows"


def test_no_bad_input_took_more_than_its_memory():
    """Over all the runs above: the largest child this process waited for."""
    if b"__asan_init" in pathlib.Path(MAILWARDEN).read_bytes():
        pytest.skip("the address sanitizer's own memory would be measured")
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < RESIDENT_MAX_KIB


def cut_of(tmp_path, kind):
    """Of two dialogues the second is an illegitimate one; what is cut off is in it."""
    legitimate = (ROOT / "pcaps" / "imaps-tls12" / "traffic.pcap").read_bytes()
    whole = legitimate + conversation([(False, b"220 a.example ESMTP\r\n"), (True, b"EHLO b.example\r\n")])[24:]
    if kind == "gzip":
        whole = gzip.compress(whole)
    path = tmp_path / "cut.pcap"
    path.write_bytes(whole[:len(legitimate) + 7] if kind == "plain" else whole[:len(whole) // 2])
    return path


@pytest.mark.parametrize("kind", ["plain", "gzip"])
def test_a_capture_that_is_cut_is_told_and_not_vouched_for(tmp_path, kind):
    path = cut_of(tmp_path, kind)
    answer = replay(path, "--exit-code")
    assert answer.returncode == RUNTIME
    assert answer.stderr.decode() == f"mailwarden replay: {path}: it ends in the middle of a record; what is missing is not judged\n"
    assert "Not all was read: of 1 of 1 files a part is missing" in answer.stdout.decode()
    answer = replay(path, "--json")
    assert answer.returncode == 0 and b"in the middle of a record" in answer.stderr
    assert [json.loads(line) for line in answer.stdout.splitlines()][-1]["stats"]["capture"]["truncated_files"] == 1


def test_a_capture_that_is_whole_is_not_called_cut():
    answer = replay(ROOT / "pcaps" / "imaps-tls12" / "traffic.pcap", "--exit-code")
    assert answer.returncode == 0 and answer.stderr == b"" and b"Not all" not in answer.stdout

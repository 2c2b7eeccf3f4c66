"""Readers of each form of a record, by the rules of that form, and what stands in it of the record."""

import functools
import json
import re
import shlex

from sensor import ROOT

CONTROLS = "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff]"


def unsafe(text):
    """As it stands in kv: controls, and marks that turn the direction of writing, replaced."""
    return re.sub(CONTROLS, "?", text)


def read_kv(line):
    words = [word.split("=", 1) for word in shlex.split(line)]
    assert len(dict(words)) == len(words)
    return dict(words)


def read_cef(line):
    """The header's fields, and the extension's."""
    *header, extension = re.split(r"(?<!\\)(?:\\\\)*\|", line, maxsplit=7)
    pairs = re.findall(r"(?:^| )(\w+)=((?:\\.|[^\\=])*?)(?= \w+=|$)", extension)
    assert len(dict(pairs)) == len(pairs)
    return header, {key: re.sub(r"\\(.)", r"\1", value) for key, value in pairs}


def read_rfc5424(line):
    """The parameters of our structured data (RFC 5424 section 6.3.3)."""
    inside = re.search(r'\[mail@32473((?: \w+="(?:[^"\\\]]|\\.)*")*)\] ', line)
    pairs = re.findall(r' (\w+)="((?:[^"\\\]]|\\.)*)"', inside[1])
    assert len(dict(pairs)) == len(pairs)
    return {key: re.sub(r'\\(["\\\]])', r"\1", value) for key, value in pairs}


@functools.cache
def ecs_table():
    """Of docs/ecs.md: where a member is, and what is left out."""
    page = (ROOT / "docs/ecs.md").read_text(encoding="utf-8")
    carried, left = page.split("Not carried:")
    return (dict(re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", carried, re.M)), set(re.findall(r"^\| `([^`]+)` \|", left, re.M)))


def leaves(value, path=""):
    """Every member that is no object, with its path; the tags of a frame one by one."""
    if path == "vlan":
        value = {str(i): one for i, one in enumerate(value)}
    if not isinstance(value, dict):
        yield path, value
        return
    for name, below in value.items():
        yield from leaves(below, f"{path}.{name}" if path else name)


def at(entry, path):
    for name in path.split("."):
        entry = entry.get(name) if isinstance(entry, dict) else None
    return entry


def is_same(eve, ecs):
    """As it is, as a keyword, in small letters, as a time or as a hash; a list of one as that one."""
    if eve == ecs and type(eve) is type(ecs):
        return True
    if isinstance(eve, list) and len(eve) == 1:
        return is_same(eve[0], ecs)
    forms = {str(eve), str(eve).lower(), str(eve).replace("+0000", "") + "Z", str(eve).replace(":", "").upper(),
             str(eve).replace(":", "-").upper()}
    return isinstance(ecs, str) and ecs in forms


# What is not one member as one field.
ECS_MADE = {
    "event_type": lambda eve, entry: entry["event"]["dataset"] == "mailwarden." + eve,
    "alert.action": lambda eve, entry: "source" not in entry or {"blocked": "denied", "allowed": "allowed"}[eve] in entry["event"]["type"],
    "tls.fingerprint": lambda eve, entry: eve.replace(":", "").upper() in entry["tls"]["server"]["hash"].values(),
    "ether.src_macs": lambda eve, entry: eve[0].replace(":", "-").upper() == entry["source"]["mac"],
    "ether.dest_macs": lambda eve, entry: eve[0].replace(":", "-").upper() == entry["destination"]["mac"],
    "flow.age": lambda eve, entry: entry["event"]["duration"] // 10 ** 9 == eve,
    "tls.version": lambda eve, entry: eve.lower() == f'{entry["tls"]["version_protocol"]} {entry["tls"]["version"]}',
    "alert.metadata.signature_severity": lambda eve, entry: eve == [entry["mail"]["severity"]],
    "mail.from_name": lambda eve, entry: eve in (at(entry, "source.domain"), at(entry, "client.domain")),
    "mail.to_name": lambda eve, entry: eve in (at(entry, "destination.domain"), at(entry, "server.domain")),
}


def place_of(path, table):
    """Where docs/ecs.md says that it is; None: nowhere."""
    holder = path
    while holder and holder not in table:
        holder = holder.rpartition(".")[0]
    if holder:
        return table[holder] + path[len(holder):]
    below = re.fullmatch(r"(?:mail|alert\.metadata)\.(.*)", path)
    return below and "mail." + below[1]


def hold_ecs(entry, record):
    """Every member of the record is where docs/ecs.md says, or the page says why not. What was looked at."""
    table, left = ecs_table()
    checked = set()
    for path, value in leaves(record):
        if value is None or path in left:
            continue
        place = place_of(path, table)
        assert place, f"{path} has no line in docs/ecs.md"
        if path in ECS_MADE:
            assert ECS_MADE[path](value, entry), (path, value, entry)
        else:
            assert is_same(value, at(entry, place)), (path, value, place, at(entry, place))
        checked.add(path)
    return checked


HOSTILE_WORDS = ['"', '""', "'", "\\", "\\\\", '\\"', "]", '"] [x@1 y="', "|", "a|b\\|c", "=", " src=192.0.2.9", "\r\n<0>1 - forged - - - -", "\x01",
                 "\t\x1b[2J", "%n%s%99999d", "CEF:0|x|y|1|2|3|10|", "@cee: {}", '{"a":1}', '[mail@32473 src="192.0.2.9"]', "é例\u202e\ufeff",
                 "\x9b\x7f\u2028", "A" * 200, " ", "=cmd|' /C calc'!A0"]
# From the wire: where it is in the record, in kv and RFC 5424, in CEF and in ECS.
FROM_THE_WIRE = [("mail.helo", "helo", "mailwardenHelo", "mail.helo"),
                 ("mail.mail_from_domain", "mail_from_domain", "mailwardenMailFromDomain", "mail.from.domain"),
                 ("mail.from_name", "from_name", "shost", "source.domain"), ("mail.to_name", "to_name", "dhost", "destination.domain"),
                 ("tls.sni", "sni", None, "tls.client.server_name"), ("tls.subject", None, None, "tls.server.subject"),
                 ("tls.issuerdn", None, None, "tls.server.issuer"), ("dns.rrname", "query", None, "dns.question.name"),
                 ("mail.proxied_by", "proxied_by", "mailwardenProxiedBy", "mail.proxied_by"),
                 ("alert.metadata.detail", "reason", "reason", "event.reason")]


def hostile_records(pattern):
    """The pattern with each word in each field that comes from the wire, one field at a time."""
    for i, (path, *_) in enumerate(FROM_THE_WIRE):
        for j, word in enumerate(HOSTILE_WORDS):
            record = json.loads(json.dumps(pattern)) | {"event_id": f"hostile-{i}-{j}"}
            *folders, name = path.split(".")
            holder = record
            for folder in folders:
                holder = holder.setdefault(folder, {})
            holder[name] = f"x{word}y"
            yield record, FROM_THE_WIRE[i], holder[name]


def read(form, body):
    """Names and values of one record in that form."""
    if form in ("eve", "cee", "ecs"):
        return json.loads(body.removeprefix("@cee: "))
    return {"kv": read_kv, "rfc5424": read_rfc5424, "cef": lambda line: read_cef(line)[1]}[form](body)


def event_id(form, body):
    return at(read(form, body), {"ecs": "event.id", "cef": "mailwardenEventId"}.get(form, "event_id"))


def hold(form, body, record):
    """What stands in that form, unescaped, is what the record says."""
    found = read(form, body)
    if form in ("eve", "cee"):
        assert found == record
        return
    if form == "ecs":
        assert "shortened" not in found["mail"]
        hold_ecs(found, record)
        return
    for path, key, cef, _ in FROM_THE_WIRE:
        name, value = cef if form == "cef" else key, at(record, path)
        if name == "reason" and form == "cef" and value:  # with what else has the same cause
            assert found[name].startswith(unsafe(value)[:400]), (path, value, found)
        elif name and value:
            assert found[name] == unsafe(value), (path, value, found[name])

"""DMARC and TLS reports as receivers write them, each in a shape of its own, of made-up senders and hosts."""

import base64
import gzip
import io
import json
import random
import re
import subprocess
import zipfile

DAY = 86400
BEGIN = 1793491200  # 2026-11-01


def row(source, count=1, domain="example.org", dkim="fail", spf="fail", disposition="none", reason=None):
    return {"source": source, "count": count, "domain": domain, "dkim": dkim, "spf": spf, "disposition": disposition, "reason": reason}


def reason_of(one, indent):
    return f"{indent}<reason><type>{one['reason']}</type><comment>seen before</comment></reason>\n" if one["reason"] else ""


def record_7489(one, identifiers="identifiers", extra=""):
    return (f"  <record>\n    <row>\n      <source_ip>{one['source']}</source_ip>\n      <count>{one['count']}</count>\n"
            f"      <policy_evaluated>\n        <disposition>{one['disposition']}</disposition>\n"
            f"        <dkim>{one['dkim']}</dkim>\n        <spf>{one['spf']}</spf>\n{reason_of(one, '        ')}"
            f"      </policy_evaluated>\n    </row>\n    <{identifiers}>\n{extra}      <header_from>{one['domain']}</header_from>\n"
            f"    </{identifiers}>\n    <auth_results>\n      <dkim><domain>{one['domain']}</domain><result>pass</result>"
            "<selector>s1</selector></dkim>\n      <spf><domain>bounce.example.net</domain><result>pass</result></spf>\n"
            "    </auth_results>\n  </record>\n")


def head(organization, number, domain, begin, end, inside=""):
    return (f"  <report_metadata>\n    <org_name>{organization}</org_name>\n    <email>noreply@{organization}</email>\n"
            f"    <report_id>{number}</report_id>\n    <date_range>\n      <begin>{begin}</begin>\n      <end>{end}</end>\n"
            f"    </date_range>\n{inside}  </report_metadata>\n  <policy_published>\n    <domain>{domain}</domain>\n"
            "    <adkim>r</adkim>\n    <aspf>r</aspf>\n    <p>none</p>\n    <sp>none</sp>\n    <pct>100</pct>\n  </policy_published>\n")


def plain(rows, organization="receiver.example", number="1", domain="example.org", begin=BEGIN, end=BEGIN + DAY - 1):
    """As most write it: RFC 7489 without a namespace."""
    return ('<?xml version="1.0" encoding="UTF-8" ?>\n<feedback>\n' + head(organization, number, domain, begin, end)
            + "".join(record_7489(one) for one in rows) + "</feedback>\n").encode()


def with_version(rows, **names):
    """With a version, envelope ends, CRLF, and the mark of UTF-8."""
    text = plain(rows, **names).decode().replace("<feedback>\n", "<feedback>\n  <version>1.0</version>\n")
    text = text.replace("      <header_from>", "      <envelope_to>example.net</envelope_to>\n      <envelope_from>example.org</envelope_from>\n      <header_from>")
    return b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()


def one_line(rows, **names):
    """On one line, identities for identifiers, no XML declaration."""
    text = plain(rows, **names).decode().split("?>\n", 1)[1].replace("identifiers>", "identities>")
    return "".join(line.strip() for line in text.splitlines()).encode()


def with_schema(rows, **names):
    """Names of another schema on the root, values in capitals with blanks around them."""
    text = plain(rows, **names).decode().replace(
        "<feedback>", '<feedback xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="rua.xsd">')
    return text.replace(">pass<", "> Pass <").replace(">example.org<", ">\n  Example.ORG.\n<").encode()


def new_shape(rows, **names):
    """RFC 9990: its namespace with a prefix, its new elements."""
    text = plain(rows, **names).decode().replace("    <pct>100</pct>\n", "    <np>reject</np>\n    <testing>n</testing>\n    <discovery_method>treewalk</discovery_method>\n")
    text = text.replace("  </report_metadata>", "    <generator>made 1.0</generator>\n  </report_metadata>").replace("<", "<d:").replace("<d:/", "</d:").replace("<d:?", "<?")
    return text.replace("<d:feedback>", '<d:feedback xmlns:d="urn:ietf:params:xml:ns:dmarc-2.0">').encode()


def utf16(rows, **names):
    return plain(rows, **names).decode().replace("UTF-8", "UTF-16").encode("utf-16")


def gz(data):
    return gzip.compress(data, mtime=0)


def zipped(*reports):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, data in enumerate(reports):
            archive.writestr(f"receiver.example!example.org!1!{i}.xml", data)
    return held.getvalue()


def mail(attached, kind="application/gzip", encoding="base64", text="<p>An aggregate report.</p>"):
    """A message with a text for people, and the report behind it."""
    body = base64.encodebytes(attached).decode() if encoding == "base64" else attached.decode()
    return ("Return-Path: <noreply@receiver.example>\r\nFrom: noreply@receiver.example\r\nSubject: Report domain: example.org\r\n"
            'MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n\tboundary="=_part 1"\r\n\r\nnot shown\r\n--=_part 1\r\n'
            f"Content-Type: text/html\r\n\r\n{text}\r\n--=_part 1\r\n"
            f'Content-Type: {kind}; name="x.xml.gz"\r\nContent-Transfer-Encoding: {encoding}\r\n'
            f"Content-Disposition: attachment\r\n\r\n{body}\r\n--=_part 1--\r\n").encode()


def mailbox(*mails, end="\n"):
    """A mailbox file (mbox): a line of "From " above each mail, an empty one behind it."""
    return b"".join(f"From noreply@receiver.example Mon Nov 30 12:00:0{i % 10} 2026{end}".encode() + one
                    + end.encode() * (1 if one.endswith(b"\n") else 2) for i, one in enumerate(mails))


SHAPES = {
    "zip": lambda rows, **names: zipped(plain(rows, **names)),
    "version-gz": lambda rows, **names: gz(with_version(rows, **names)),
    "one-line": one_line,
    "schema-zip-in-mail": lambda rows, **names: mail(zipped(with_schema(rows, **names)), kind="application/zip"),
    "new-gz-in-mail": lambda rows, **names: mail(gz(new_shape(rows, **names))),
    "utf16": utf16,
    "quoted-printable": lambda rows, **names: mail(
        plain(rows, **names).replace(b"=", b"=3D").replace(b"<count>", b"<cou=\r\nnt>").replace(b"\n", b"\r\n"), "text/xml", "quoted-printable"),
}


def tls(policies, organization="receiver.example", number="t1", begin="2026-11-01T00:00:00Z", end="2026-11-01T23:59:59Z"):
    """RFC 8460: each policy is (domain, type, succeeded, failed, failures), a failure (type, server, address, sessions)."""
    return json.dumps({
        "organization-name": organization, "report-id": number, "contact-info": "tls@receiver.example",
        "date-range": {"start-datetime": begin, "end-datetime": end},
        "policies": [{
            "policy": {"policy-type": kind, "policy-string": ["version: STSv1", "mode: enforce"], "policy-domain": domain, "mx-host": ["*.example.org"]},
            "summary": {"total-successful-session-count": succeeded, "total-failure-session-count": failed},
            "failure-details": [{"result-type": what, "sending-mta-ip": "203.0.113.77", "receiving-mx-hostname": server,
                                 "receiving-ip": address, "failed-session-count": sessions} for what, server, address, sessions in failures],
        } for domain, kind, succeeded, failed, failures in policies]}).encode()


def busy(i, chance):
    """The report number i of a busy domain: of 40 receivers, and some thousand sources."""
    rows = [row("198.51.100.2", chance.randrange(1, 500), dkim="pass", spf="pass")]
    rows += [row(f"203.0.{chance.randrange(114, 120)}.{chance.randrange(256)}", chance.randrange(1, 9), disposition="reject")
             for _ in range(chance.randrange(12))]
    return plain(rows, organization=f"receiver{i % 40}.example", number=str(i), begin=BEGIN + i % 20 * DAY, end=BEGIN + (i % 20 + 1) * DAY - 1)


def many(folder, count, per_file=1, seed=1):
    """So many reports in files of a folder: each in gzip or zip, or several in a zip."""
    chance = random.Random(seed)
    for i in range(0, count, per_file):
        reports = [busy(i + j, chance) for j in range(per_file)]
        data = gz(reports[0]) if per_file == 1 and i % 2 else zipped(*reports)
        (folder / f"{i}.report").write_bytes(data)


def journal(binary, matrix, folder, reports, day="2026-11-24"):
    """What `dmarc` records of these reports, as if it had run on this day."""
    (folder / "in").mkdir(parents=True)
    for i, report in enumerate(reports):
        (folder / "in" / str(i)).write_bytes(report)
    subprocess.run([binary, "dmarc", "-m", matrix, folder / "in", "--journal", folder / "dmarc"], stdout=subprocess.DEVNULL, timeout=60, check=True)
    for segment in (folder / "dmarc").glob("*.jsonl"):
        segment.write_bytes(re.sub(rb'"timestamp":"[-0-9]+T', b'"timestamp":"' + day.encode() + b"T", segment.read_bytes()))
    return folder / "dmarc"

"""A mail domain without a fault, as records of a zone and an MTA-STS policy; what differs is laid over it."""
import subprocess

import policies

OUT, OUT6, IN = "198.51.100.2", "2001:db8:1::2", "198.51.100.3"
SPF = f"v=spf1 ip4:{OUT} ip6:{OUT6} -all"
DIGEST = "ab" * 32


def key(bits):
    words = ["openssl", "genrsa", "-traditional", str(bits)]
    private = subprocess.run(words, check=True, capture_output=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout"], input=private, check=True, capture_output=True, text=False).stdout
    return "".join(public.decode().splitlines()[1:-1])


def txt(text):
    return " ".join(f'"{text[at:at + 255]}"' for at in range(0, len(text), 255))


KEY, SHORT_KEY, TINY_KEY = key(2048), key(1024), key(768)
# place -> its records: a domain without a fault
CLEAN = {
    "": [("MX", "10 mx.{0}."), ("TXT", SPF)],
    "mx": [("A", IN)],
    "sel._domainkey": [("TXT", f"v=DKIM1; k=rsa; p={KEY}")],
    "_dmarc": [("TXT", "v=DMARC1; p=reject; rua=mailto:dmarc@{0}")],
    "_smtp._tls": [("TXT", "v=TLSRPTv1; rua=mailto:tls@{0}")],
    "_mta-sts": [("TXT", "v=STSv1; id=20261130T00")],
    "mta-sts": [("A", policies.GOOD)],
    "_25._tcp.mx": [("TLSA", f"3 1 1 {DIGEST}")],
}
MX = ("MX", "10 mx.{0}.")
# what its web server says, where a fault or a near miss has no other
POLICY = "version: STSv1\nmode: enforce\nmx: mx.{0}\nmx: *.{0}\nmax_age: 1209600\n"


def spf(text):
    return {"": [MX, ("TXT", text)]}


def dmarc(text):
    return {"_dmarc": [("TXT", text)]}


def dkim(text):
    return {"sel._domainkey": [("TXT", text)]}


def lines_of(domain, edits):
    lines = []
    for place, records in {**CLEAN, **edits}.items():
        for kind, data in records:
            text = data.format(domain)
            owner = f"{place}.{domain}." if place else f"{domain}."
            lines.append(f"{owner} {kind} {txt(text) if kind == 'TXT' else text}")
    return lines

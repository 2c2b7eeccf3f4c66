"""Throw-away certificates for the golden cases, made with the openssl command."""

import subprocess

from lab import run

CA_CONFIG = """
[ca]
default_ca = here
[here]
dir = {folder}
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
"""


class Authority:
    """A private certification authority; `issue` gives a (certificate, key) pair of paths."""

    def __init__(self, folder):
        self.folder = folder / "ca"
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("1000\n")
        (self.folder / "ca.cnf").write_text(CA_CONFIG.format(folder=self.folder))
        self.certificate, self.key = self._request("ca", "Example Test CA", "ec:P-256",
                                                   self_signed=True)

    def _request(self, stem, name, algorithm, self_signed=False):
        key, request = self.folder / f"{stem}.key", self.folder / f"{stem}.pem"
        kind, _, size = algorithm.partition(":")
        newkey = (["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{size}"] if kind == "ec"
                  else ["-newkey", algorithm])
        extension = [] if stem == "ca" else ["-addext", f"subjectAltName=DNS:{name}"]
        run("openssl", "req", "-new", "-nodes", *newkey, "-keyout", key, "-out", request,
            "-subj", f"/CN={name}", *extension,
            *(["-x509", "-days", "3650"] if self_signed else []), stdin=subprocess.DEVNULL)
        key.chmod(0o644)
        return request, key

    def issue(self, name, algorithm="ec:P-256", start="20260101000000Z", end="20360101000000Z"):
        request, key = self._request(name, name, algorithm)
        certificate = self.folder / f"{name}.crt"
        run("openssl", "ca", "-batch", "-notext", "-config", self.folder / "ca.cnf",
            "-cert", self.certificate, "-keyfile", self.key, "-in", request,
            "-out", certificate, "-startdate", start, "-enddate", end)
        return certificate, key

    def self_signed(self, name, algorithm="ec:P-256"):
        return self._request(f"self-{name}", name, algorithm, self_signed=True)

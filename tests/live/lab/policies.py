"""The web servers of MTA-STS policies: nginx, one address for what is right, others for what is not.

    with Policies(folder, inside, {"mta-sts.a.example": "version: STSv1\\n..."}, {"mta-sts.b.example": "return 503;"}) as web: ...

What has a text serves it; what has a directive does that. `web.authority` vouches for all but what is not named, and what is
at the second address; who connects to the third one hears nothing.
"""
import shutil
import subprocess

from sensor import until

GOOD, UNKNOWN, SILENT, NOBODY = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"
PATH = ".well-known/mta-sts.txt"
HEAD = """daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; user root; worker_processes 1;
events {{ }}
http {{ access_log {folder}/fetched.log; default_type text/plain; server_names_hash_bucket_size 128;
"""
SERVER = """  server {{ listen {address}; server_name {name}; ssl_certificate {pem}; ssl_certificate_key {pem};
    location / {{ {what} }} }}
"""
# takes a connection and says nothing
MUTE = "import socket,time\ns=socket.create_server(('%s',443))\nkept=[]\nwhile True: kept.append(s.accept())\n"


def why_not_here():
    missing = [tool for tool in ("nginx", "openssl") if not shutil.which(tool, path="/usr/sbin:/usr/bin")]
    return f"needs {' '.join(missing)}" if missing else None


def self_signed(file, names):
    words = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=policies",
             "-days", "60", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names), "-keyout", "-", "-out", "-"]
    file.write_text(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return file


class Policies:
    def __init__(self, folder, inside, texts, directives, unnamed=(), addresses=(GOOD, UNKNOWN, SILENT)):
        self.processes = []
        good, doubtful, silent = addresses
        self.authority = self_signed(folder / "web.pem", [name for name in (*texts, *directives) if name not in unnamed])
        unknown = self_signed(folder / "unknown.pem", (*texts, *directives))
        for name, text in texts.items():
            file = folder / "web" / name / PATH
            file.parent.mkdir(parents=True)
            file.write_text(text)
        root = f"root {folder}/web/$host; charset utf-8;"
        servers = SERVER.format(address=f"{good}:443 ssl default_server", name="_", pem=self.authority, what=root)
        servers += SERVER.format(address=f"{doubtful}:443 ssl", name="_", pem=unknown, what=root)
        servers += "".join(SERVER.format(address=f"{good}:443 ssl", name=name, pem=self.authority, what=what) for name, what in directives.items())
        (folder / "nginx.conf").write_text(HEAD.format(folder=folder) + servers + "}\n")
        for words in (("nginx", "-c", folder / "nginx.conf", "-p", folder), ("/usr/bin/python3", "-c", MUTE % silent)):
            self.processes.append(subprocess.Popen(inside(*words), stderr=subprocess.DEVNULL))
        until(lambda: all(f"{address}:443" in self.listening(inside) for address in addresses), "who listens at port 443")

    @staticmethod
    def listening(inside):
        return subprocess.run(inside("ss", "-Hltn"), capture_output=True, text=True, check=True).stdout

    def close(self):
        for process in self.processes:
            process.terminate()
            process.wait(20)

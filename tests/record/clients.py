"""The clients: swaks, curl, openssl s_client, and a dialogue of our own for raw bytes."""

import pathlib
import time

from dummies import PASSWORD, USER

DIALOGUE = pathlib.Path(__file__).with_name("dialogue.py")
RPC_CLIENT = pathlib.Path(__file__).with_name("rpc_client.py")


def swaks(host, server, *options, to="bob@example.net", sender="alice@example.org"):
    return host.run("swaks", "--server", server, "--helo", f"{host.name}.example.org",
                    "--from", sender, "--to", to, "--timeout", "8",
                    "--body", "A message of the golden cases.", *options)


def curl(host, url, *options, user=USER, password=PASSWORD):
    return host.run("curl", "-sS", "--insecure", "--max-time", "10",
                    *(["--user", f"{user}:{password}"] if user else []), *options, url)


def s_client(host, server, port, *options, lines=()):
    """openssl s_client, each line of `lines` sent a moment after the other."""
    feed = "sleep 0.4; " + " ".join(f"printf '%s\\r\\n' '{line}'; sleep 0.3;" for line in lines)
    words = " ".join(str(option) for option in options)
    return host.run("sh", "-c", f"({feed}) | openssl s_client -connect {server}:{port} "
                                f"-quiet -no_ign_eof {words}")


def dialogue(host, server, port, *steps):
    """Send and await exactly what `steps` say, see dialogue.py."""
    return host.run("/usr/bin/python3", DIALOGUE, server, port, *steps, check=True)


def rpc_client(host, server, port, interface, version, *steps):
    """impacket, doing what `steps` say, see rpc_client.py."""
    return host.run("/usr/bin/python3", RPC_CLIENT, server, port, interface, version, *steps,
                    check=True)


def pause(seconds=0.2):
    time.sleep(seconds)

#!/usr/bin/python3
"""An RPC client (impacket): rpc_client.py SERVER PORT UUID VERSION STEP...

Steps: `level=N` (authentication level, with NTLM from 2 on), `bind`, `call=OPNUM`, `alter=UUID`,
`map=UUID` (ask the endpoint mapper), `list` (all it has), `wait=FILE` (until FILE is there; makes FILE.reached).
"""

import os
import sys
import time

from impacket import uuid as names
from impacket.dcerpc.v5 import epm, transport

from dummies import PASSWORD, USER


def main():
    server, port, interface, version = sys.argv[1:5]
    carrier = transport.DCERPCTransportFactory(f"ncacn_ip_tcp:{server}[{port}]")
    dce = carrier.get_dce_rpc()
    for step in sys.argv[5:]:
        what, _, value = step.partition("=")
        if what == "level":
            carrier.set_credentials(USER, PASSWORD, "EXAMPLE")
            dce.set_credentials(USER, PASSWORD, "EXAMPLE")
            dce.set_auth_level(int(value))
        elif what == "bind":
            dce.connect()
            try:
                dce.bind(names.uuidtup_to_bin((interface, version)))
            except Exception as error:  # a refusal is what some cases are about
                print(error)
        elif what == "alter":
            dce.alter_ctx(names.uuidtup_to_bin((value, version)))
        elif what == "call":
            dce.call(int(value), b"a request's content ".ljust(64))
            dce.recv()
        elif what == "map":
            print(epm.hept_map(server, names.uuidtup_to_bin((value, version)),
                               protocol="ncacn_ip_tcp"))
        elif what == "list":
            try:
                print(len(epm.hept_lookup(server)))
            except Exception as error:  # how a mapper says that it has nothing
                print(error)
        elif what == "wait":
            open(value + ".reached", "wb").close()
            while not os.path.exists(value):
                time.sleep(0.05)
    if carrier.get_socket():
        carrier.disconnect()


if __name__ == "__main__":
    main()

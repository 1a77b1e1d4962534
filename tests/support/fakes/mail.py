#!/usr/bin/env python3
"""A real SMTP server (aiosmtpd) that keeps what it receives, for tests and demonstrations, on loopback.

    mail.py --port 0 --port-file PORT --out FOLDER

Each mail becomes FOLDER/NNNN.eml, named when it is complete. A mail to refuse@... is answered 550, to later@... 451, one
from stranger@... 550 at once, one with "refuse-content" in its subject 554 after its data.
"""
import argparse
import os
import threading

from aiosmtpd.controller import Controller


class Keeper:
    def __init__(self, folder):
        self.folder, self.lock = folder, threading.Lock()
        self.count = max((int(name[:4]) for name in os.listdir(folder) if name.endswith(".eml")), default=0)

    async def handle_MAIL(self, server, session, envelope, address, options):
        if address.startswith("stranger@"):
            return "550 5.7.1 not for this relay"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refuse@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later@"):
            return "451 4.3.0 try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if b"refuse-content" in envelope.original_content:
            return "554 5.6.0 not this content"
        with self.lock:
            self.count += 1
            path = os.path.join(self.folder, f"{self.count:04d}.eml")
        with open(path + ".new", "wb") as out:
            out.write(envelope.original_content)
        os.replace(path + ".new", path)
        return "250 2.0.0 taken"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    port = args.port
    if port == 0:
        import socket
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    # A name of its own: without one every connection asks the machine for its domain, which may ask a far resolver.
    controller = Controller(Keeper(args.out), hostname="127.0.0.1", port=port, ready_timeout=60, server_hostname="localhost")
    controller.start()
    with open(args.port_file + ".new", "w", encoding="ascii") as out:
        out.write(str(port))
    os.replace(args.port_file + ".new", args.port_file)
    threading.Event().wait()


if __name__ == "__main__":
    main()

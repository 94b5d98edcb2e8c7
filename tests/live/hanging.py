"""hanging.py FOLDER: mount a file system that answers until SIGUSR1, and then not at all until SIGUSR2.

It stands for a hard-mounted network share whose server is gone: a stat, a read or a write waits for ever. Only
/dev/fuse is used; the protocol is that of the kernel's include/uapi/linux/fuse.h, version 7.12. Its one file is `data`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import signal
import stat
import struct
import sys
import time
from collections.abc import Callable

ROOT, DATA = 1, 2
TEXT = b"data\n"
REQUEST = struct.Struct("<IIQQIIII")  # length, operation, unique, node, uid, gid, pid, padding
INTERRUPT, FORGET = 36, 2
Answer = bytes | int
"""What follows the head of an answer, or an error number."""


def attributes(node: int) -> bytes:
    """struct fuse_attr"""
    mode, size = (stat.S_IFDIR | 0o777, 4096) if node == ROOT else (stat.S_IFREG | 0o666, len(TEXT))
    now = int(time.time())
    return struct.pack("<6Q10I", node, size, 8, now, now, now, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def lookup(node: int, body: bytes) -> Answer:
    if body.rstrip(b"\0") != b"data":
        return errno.ENOENT
    return struct.pack("<QQQQII", DATA, 0, 0, 0, 0, 0) + attributes(DATA)  # valid for no time: nothing is cached


def get_attributes(node: int, body: bytes) -> Answer:
    return struct.pack("<QII", 0, 0, 0) + attributes(node)


def opened(node: int, body: bytes) -> Answer:
    return struct.pack("<QII", 1, 1, 0)  # a handle; FOPEN_DIRECT_IO: every read comes here


def read(node: int, body: bytes) -> Answer:
    offset, size = struct.unpack_from("<QI", body, 8)
    return TEXT[offset : offset + size]


def write(node: int, body: bytes) -> Answer:
    return struct.pack("<II", struct.unpack_from("<I", body, 16)[0], 0)  # all of it, to nowhere


def filesystem(node: int, body: bytes) -> Answer:
    return struct.pack("<5Q4I24x", 1000, 500, 500, 100, 50, 4096, 255, 4096, 0)


def version(node: int, body: bytes) -> Answer:
    return struct.pack("<IIIIHHI", 7, 12, 65536, 0, 16, 12, 65536)


def nothing(node: int, body: bytes) -> Answer:
    return b""


OPERATIONS: dict[int, Callable[[int, bytes], Answer]] = {
    1: lookup, 3: get_attributes, 14: opened, 15: read, 16: write, 17: filesystem, 18: nothing, 25: nothing,
    26: version, 27: opened, 28: nothing, 29: nothing, 34: nothing,
}  # fmt: skip
"""By FUSE_LOOKUP, GETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, ACCESS."""


def serve(device: int, hanging: Callable[[], bool]) -> None:
    """Answer until the file system is unmounted. A request that is left unread can still be killed, one read cannot."""
    while True:
        if hanging() or not select.select([device], [], [], 0.05)[0] or hanging():
            time.sleep(0.01)
            continue
        try:
            request = os.read(device, 1 << 17)
        except OSError as error:
            if error.errno == errno.ENODEV:
                return
            continue
        _, operation, unique, node, *_ = REQUEST.unpack_from(request)
        if operation in (INTERRUPT, FORGET):  # these want no answer
            continue
        known = OPERATIONS.get(operation)
        said = known(node, request[REQUEST.size :]) if known else errno.ENOSYS
        body, code = (b"", -said) if isinstance(said, int) else (said, 0)
        try:
            os.write(device, struct.pack("<IiQ", 16 + len(body), code, unique) + body)
        except OSError:  # who asked is gone
            continue


def main() -> None:
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode={stat.S_IFDIR:o},user_id=0,group_id=0,allow_other"
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(b"netdoctor", os.fsencode(sys.argv[1]), b"fuse.netdoctor", 0, options.encode()):
        raise OSError(ctypes.get_errno(), f"cannot mount on {sys.argv[1]}")
    state = {"hanging": False}
    signal.signal(signal.SIGUSR1, lambda *_: state.update(hanging=True))
    signal.signal(signal.SIGUSR2, lambda *_: state.update(hanging=False))
    print("mounted", flush=True)
    serve(device, lambda: state["hanging"])


if __name__ == "__main__":
    main()

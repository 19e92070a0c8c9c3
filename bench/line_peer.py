"""The PyPI dlt645 client over a serial port, as a process: what an exchange costs it.

`python -m bench.line_peer PORT BAUD ADDRESS…` prints one JSON object. Its import (0.4 s) and the
copy of its item tables (0.65 s) are not counted, and its logging is off; both favour the peer.
"""

import json
import resource
import sys

import dlt645
from dlt645 import MeterClientService

ITEMS = (0x02010100, 0x02020100, 0x02030000, 0x02060000, 0x00010000)
TIMEOUT_S = 1.0


def wire_order(address: str) -> str:
    """The client sends its address as given, so digit pairs go in reverse, as on the wire."""
    return "".join(reversed([address[i : i + 2] for i in range(0, len(address), 2)]))


def cpu_s() -> float:
    """This process's own CPU time, s."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def read(client: MeterClientService, addresses: list[str]) -> int:
    """Read all items of the meters; gives the number of answers."""
    answered = 0
    for address in addresses:
        client.set_address(wire_order(address))
        for item in ITEMS:
            ask = client.read_00 if item < 0x01000000 else client.read_02
            answered += ask(item) is not None
    return answered


def main() -> int:
    """Warm up on one meter, then count."""
    port, baud, *addresses = sys.argv[1:]
    dlt645.disable_logging()
    client = MeterClientService.new_rtu_client(port, int(baud), 8, 1, "N", TIMEOUT_S)
    if not client.connect():
        print(f"the dlt645 client cannot open {port}")
        return 1
    read(client, addresses[:1])
    before = cpu_s()
    answered = read(client, addresses[1:])
    print(json.dumps({"answered": answered, "cpu_s": cpu_s() - before}))
    client.disconnect()
    return 0 if answered == (len(addresses) - 1) * len(ITEMS) else 1


if __name__ == "__main__":
    sys.exit(main())

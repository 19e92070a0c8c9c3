"""The `machine` of a board on the bench, talking to it over hostlink. Runs on MicroPython."""

from hostlink import ask, fetch, numbers, put

PWRON_RESET = ask("constant", 0)
WDT_RESET = ask("constant", 1)


def reset_cause():
    return ask("reset_cause")


class Pin:
    IN = 0
    OUT = ask("constant", 2)
    PULL_UP = 1

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        self.id = id
        if value is not None:
            self.value(value)

    def value(self, x=None):
        if x is None:
            return ask("level", self.id)
        ask("pin", self.id, 1 if x else 0)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def __call__(self, x=None):
        return self.value(x)


class UART:
    def __init__(
        self,
        id,
        baudrate=9600,
        bits=8,
        parity=None,
        stop=1,
        *,
        tx=None,
        rx=None,
        txbuf=256,
        rxbuf=256,
        timeout=0,
        timeout_char=0,
        invert=0,
        flow=0,
    ):
        if ask("uart", id, bits, -1 if parity is None else parity, stop, baudrate, rxbuf):
            raise ValueError("UART doesn't exist")
        self.id = id
        self._size = rxbuf

    def any(self):
        return ask("any")

    def read(self, nbytes=-1):
        data = fetch("read", self._size if nbytes < 0 else nbytes)
        return data if data else None

    def readinto(self, buf, nbytes=-1):
        data = fetch("read", len(buf) if nbytes < 0 else min(nbytes, len(buf)))
        if not data:
            return None
        for i in range(len(data)):
            buf[i] = data[i]
        return len(data)

    def write(self, buf):
        return put("write", buf)

    def flush(self):
        ask("flush")

    def txdone(self):
        return bool(ask("txdone"))


class I2C:
    def __init__(self, id, *, scl, sda, freq=400000, timeout=50000):
        self.id = id

    def scan(self):
        return list(numbers("scan"))

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        data = fetch("i2c", addr, memaddr, len(buf))
        if len(data) != len(buf):
            raise OSError(5)
        for i in range(len(data)):
            buf[i] = data[i]

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf)
        return bytes(buf)


class RTC:
    def __init__(self, id=0):
        self.id = id

    def datetime(self, value=None):
        if value is None:
            return numbers("date")
        ask("set_date", *value)


class WDT:
    def __init__(self, id=0, timeout=5000):
        if ask("watchdog", timeout):
            raise ValueError("timeout out of range")

    def feed(self):
        ask("feed")

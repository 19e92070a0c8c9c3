"""The `machine` of a board on the bench, talking to it over hostlink. Runs on MicroPython."""

from hostlink import ask, callback, fetch, go_on, numbers, put, wait
from hostlink import read as _read

_NO_DEVICE = ask("constant", 0)


def _names(words, names, into):
    """Constants of the port; what it lacks is not there."""
    for i in range(len(names)):
        value = ask(words, i)
        if value >= 0:
            into(names[i], value)


def _own(name, value):
    globals()[name] = value


_names(
    "cause",
    ("PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET"),
    _own,
)


def reset_cause():
    return ask("reset_cause")


def reset():
    ask("reset", 0)


def soft_reset():
    ask("reset", 1)


def unique_id():
    return fetch("unique_id")


def freq():
    return ask("constant", 2)


def idle():
    wait("idle")


def disable_irq():
    return ask("irqs_off", 1)


def enable_irq(state):
    ask("irqs_off", 0 if state else 1)


class Pin:
    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        self.id = id.id if isinstance(id, Pin) else id
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None):
        level = -1 if pull < 0 else 1 if pull == Pin.PULL_UP else 0
        output = 1 if mode == Pin.OUT or mode == Pin.OPEN_DRAIN else 0
        if ask("configure", self.id, output, level):
            raise ValueError("invalid pin")
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

    def toggle(self):
        self.value(1 - ask("driven", self.id))

    def irq(self, handler=None, trigger=-1):
        if trigger < 0:
            trigger = Pin.IRQ_FALLING | Pin.IRQ_RISING
        number = -1 if handler is None else callback(lambda: handler(self))
        ask("pin_irq", self.id, trigger, number)

    def __call__(self, x=None):
        return self.value(x)


_names(
    "pin_name",
    ("IN", "OUT", "OPEN_DRAIN", "PULL_UP", "PULL_DOWN", "IRQ_FALLING", "IRQ_RISING"),
    lambda name, value: setattr(Pin, name, value),
)


class _Irq:
    def flags(self):
        return ask("uart_flags")

    def trigger(self):
        return ask("uart_trigger")


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
        if timeout or timeout_char or invert or flow:
            raise ValueError("not imitated")
        self.id = id
        self.init(baudrate, bits, parity, stop, tx=tx, rx=rx, txbuf=txbuf, rxbuf=rxbuf)

    def init(
        self,
        baudrate=9600,
        bits=8,
        parity=None,
        stop=1,
        *,
        tx=None,
        rx=None,
        txbuf=256,
        rxbuf=256,
    ):
        parity = -1 if parity is None else parity
        if ask("uart", self.id, bits, parity, stop, baudrate, rxbuf, txbuf):
            raise ValueError("UART doesn't exist")
        self._size = rxbuf

    def deinit(self):
        ask("uart_irq", 0, -1)

    def any(self):
        return ask("any")

    def read(self, nbytes=-1):
        data = _read(self._size if nbytes < 0 else nbytes)
        return data if data else None

    def readinto(self, buf, nbytes=-1):
        data = _read(len(buf) if nbytes < 0 else min(nbytes, len(buf)))
        if not data:
            return None
        for i in range(len(data)):
            buf[i] = data[i]
        return len(data)

    def readline(self):
        line = b""
        while line[-1:] != b"\n":
            more = _read(1)
            if not more:
                break
            line += more
        return line if line else None

    def write(self, buf):
        refused = said = put("write", buf)
        if said < 0:
            # asked now, for a callback may write too
            refused = ask("refused")
            go_on(said)
        return len(buf) - refused or None

    def flush(self):
        wait("flush")

    def txdone(self):
        return bool(ask("txdone"))

    def irq(self, handler=None, trigger=0, hard=False):
        if hard:
            raise ValueError("hard IRQ is not supported")
        if ask("uart_irq", trigger, -1 if handler is None else callback(lambda: handler(self))):
            raise ValueError("trigger unsupported")
        return _Irq()


_names(
    "uart_name",
    ("IRQ_RX", "IRQ_RXIDLE", "IRQ_TXIDLE", "IRQ_BREAK"),
    lambda name, value: setattr(UART, name, value),
)


class ADC:
    def __init__(self, id):
        if isinstance(id, Pin):
            self._input = ask("adc", id.id, 1)
        else:
            self._input = ask("adc", id, 0)
        if self._input < 0:
            raise ValueError("invalid pin for ADC")

    def read_u16(self):
        return ask("sample", self._input)


class I2C:
    def __init__(self, id, *, scl=None, sda=None, freq=400000, timeout=50000):
        self.id = id

    def scan(self):
        return list(numbers("scan"))

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        data = fetch("i2c", addr, memaddr, len(buf))
        if len(data) != len(buf):
            raise OSError(_NO_DEVICE)
        for i in range(len(data)):
            buf[i] = data[i]

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf)
        return bytes(buf)

    def readfrom_into(self, addr, buf, stop=True):
        # below 0: from where the last transfer ended on
        self.readfrom_mem_into(addr, -1, buf)

    def readfrom(self, addr, nbytes, stop=True):
        return self.readfrom_mem(addr, -1, nbytes)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        if put("i2c_write " + str(memaddr << 8 | addr), buf):
            raise OSError(_NO_DEVICE)

    def writeto(self, addr, buf, stop=True):
        data = bytes(buf)
        self.writeto_mem(addr, data[0] if data else 0, data[1:])
        return len(data)


class RTC:
    def __init__(self, id=0):
        self.id = id

    def datetime(self, datetimetuple=None):
        if datetimetuple is None:
            return numbers("date")
        if ask("set_date", *datetimetuple):
            raise ValueError("eight numbers are wanted")


class WDT:
    def __init__(self, *, id=0, timeout=5000):
        if ask("watchdog", timeout):
            raise ValueError("timeout out of range")

    def feed(self):
        ask("feed")


def _said(number):
    return -1 if number is None else number


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id, *, mode=1, period=None, freq=None, tick_hz=None, callback=None):
        self._callback = callback
        self._number = _number(self)
        if ask("timer", id, self._number):
            raise ValueError("Timer doesn't exist")
        if mode == 1 and period is None and freq is None and tick_hz is None and callback is None:
            return
        self.init(mode=mode, period=period, freq=freq, tick_hz=tick_hz, callback=callback)

    def init(self, *, mode=1, period=None, freq=None, tick_hz=None, callback=None):
        self._callback = callback
        ask("timer_start", self._number, mode, _said(period), _said(freq), _said(tick_hz))

    def deinit(self):
        ask("timer_stop", self._number)


def _number(timer):
    return callback(lambda: timer._callback(timer))

"""What the device says to the bench: one word and numbers out, one number or hex digits back.

Runs on MicroPython. `host` is built into the VM; `call` blocks until the bench answers, so that
virtual time passes inside it.
"""

import gc

import host

# the VM's own tick arithmetic, put here before our `time` takes its place
own_diff = None
own_add = None


def ask(word, *numbers):
    """Ask for a number."""
    return int(host.call(word, " ".join([str(n) for n in numbers])))


def fetch(word, *numbers):
    """Ask for bytes."""
    return bytes.fromhex(host.call(word, " ".join([str(n) for n in numbers])))


def numbers(word):
    """Ask for several numbers."""
    return tuple([int(n) for n in host.call(word, "").split()])


def put(word, data):
    """Hand bytes over; what the word says besides stands behind it."""
    word, _, more = word.partition(" ")
    # of nothing this VM's hex() gives bytes
    digits = bytes(data).hex() if len(data) else ""
    return int(host.call(word, more + " " + digits if more else digits))


_calls = []


def callback(function):
    """A number under which the bench asks for this function."""
    _calls.append(function)
    return len(_calls) - 1


def wait(word, *numbers):
    """Ask for something that takes time: callbacks that fall due are run within."""
    said = ask(word, *numbers)
    return said if said >= 0 else go_on(said)


def go_on(said):
    """Take a wait up again until it is over."""
    while said < 0:
        _run()
        said = ask("again", -1 - said)
    return said


def _run():
    number = ask("irq")
    while number >= 0:
        try:
            _calls[number]()
        except Exception as error:  # noqa: BLE001
            # a board prints it and goes on
            put("raised", type(error).__name__.encode())
        number = ask("irq_over")


def read(count):
    """Characters of the UART, at most so many."""
    data = b""
    while True:
        digits, _, more = host.call("read", str(count)).partition(" ")
        data += bytes.fromhex(digits)
        if not more:
            return data
        count -= len(digits) // 2
        go_on(int(more))


def heap():
    """Tell how much of the heap is in use: nothing is ever collected here."""
    host.call("heap", str(gc.mem_alloc()))

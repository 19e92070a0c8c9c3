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
    """Hand bytes over."""
    return int(host.call(word, bytes(data).hex()))


def heap():
    """Tell how much of the heap is in use: nothing is ever collected here."""
    host.call("heap", str(gc.mem_alloc()))

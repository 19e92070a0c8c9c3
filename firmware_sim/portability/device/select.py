"""The `select` of a board on the bench: poll over its UART. Runs on MicroPython."""

from hostlink import ask

POLLIN = 1
POLLOUT = 4


class _Poll:
    def __init__(self):
        self._watched = []

    def register(self, obj, eventmask=POLLIN | POLLOUT):
        if eventmask & POLLIN:
            self._watched.append(obj)

    def poll(self, timeout=-1):
        if self._watched and ask("poll", timeout):
            return [(obj, POLLIN) for obj in self._watched]
        if not self._watched:
            ask("sleep_us", timeout * 1000)
        return []


def poll():
    return _Poll()

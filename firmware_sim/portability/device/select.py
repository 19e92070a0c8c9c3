"""The `select` of a board on the bench: poll over its UART. Runs on MicroPython."""

from hostlink import ask, go_on

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16


class _Poll:
    def __init__(self):
        # pairs of object and mask: a board has one UART
        self._watched = []

    def register(self, obj, eventmask=POLLIN | POLLOUT):
        for pair in self._watched:
            if pair[0] is obj:
                pair[1] = eventmask
                return
        self._watched.append([obj, eventmask])

    def modify(self, obj, eventmask):
        for pair in self._watched:
            if pair[0] is obj:
                pair[1] = eventmask
                return
        raise OSError(2)

    def unregister(self, obj):
        self._watched = [pair for pair in self._watched if pair[0] is not obj]

    def poll(self, timeout=-1):
        mask = 0
        for pair in self._watched:
            mask |= pair[1]
        found = ask("poll", timeout, mask)
        if found < 0:
            go_on(found)
            found = ask("events", mask)
        if not found:
            return []
        return [(pair[0], found & pair[1]) for pair in self._watched if found & pair[1]]

    def ipoll(self, timeout=-1, flags=0):
        found = self.poll(timeout)
        if flags & 1:
            for pair in found:
                self.modify(pair[0], 0)
        return iter(found)


def poll():
    return _Poll()

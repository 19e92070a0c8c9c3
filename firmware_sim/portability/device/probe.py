"""A main.py that uses all there is of machine, time and select, and says on its line what it saw.

What it does next hangs on what comes, on its timers and on its round; it ends by the watchdog,
machine.reset() or machine.soft_reset() when a burst begins so, or with its power.
"""

import select
import time

import board
import machine
from machine import ADC, I2C, RTC, UART, WDT, Pin, Timer

MEMORY = 0x50
BUTTON = 13
LED = 12
HANG, RESET, SOFT, SPEED, LONG = 1, 2, 3, 4, 5


def first(make, ids):
    """The first of these ids that the port has."""
    for one in ids:
        try:
            return make(one)
        except ValueError:
            pass
    raise ValueError("no id of these")


class Probe:
    def __init__(self):
        self.begun = time.ticks_us()
        self.begun_ms = time.ticks_ms()
        self.uart = UART(
            board.UART_ID, 9600, bits=8, parity=0, stop=1, tx=Pin(board.TX), rx=Pin(board.RX)
        )
        self.say("start", machine.reset_cause(), len(machine.unique_id()), machine.freq())
        self.adc = first(ADC, (26, 34))
        self.other = first(lambda pin: ADC(Pin(pin)), (27, 35))
        self.led = Pin(LED, Pin.OUT, value=0)
        self.button = Pin(BUTTON, Pin.IN, Pin.PULL_UP)
        self.i2c = I2C(board.I2C_ID, scl=Pin(board.SCL), sda=Pin(board.SDA), freq=100000)
        self.wdt = WDT(timeout=6000)
        self.rtc = RTC()
        self.edges = self.turns = self.thirds = 0
        self.order = 0
        self.samples = bytearray(8)
        self.left = bytearray(4)
        self.sampler = first(Timer, (-1, 0))
        self.thrice = first(lambda id: Timer(id, freq=3, callback=self.third), (-1, 1))
        self.once = first(Timer, (-1, 2))
        self.slow = first(lambda id: Timer(id, period=17001, callback=self.stumble), (-1, 3))
        self.sampler.init(period=875, callback=self.sample)
        self.button.irq(self.pressed, Pin.IRQ_FALLING | Pin.IRQ_RISING)
        self.listen()

    def listen(self):
        trigger = UART.IRQ_RXIDLE
        if hasattr(UART, "IRQ_TXIDLE"):
            trigger |= UART.IRQ_TXIDLE
        if hasattr(UART, "IRQ_RX"):
            trigger |= UART.IRQ_RX
        self.irq = self.uart.irq(self.told, trigger)

    def say(self, what, *numbers):
        now = time.ticks_diff(time.ticks_us(), self.begun)
        self.uart.write((what + " " + " ".join([str(n) for n in numbers]) + f" {now}\n").encode())

    def sample(self, timer):
        self.turns += 1
        self.samples[self.turns & 7] = self.adc.read_u16() >> 8
        self.led.toggle()

    def third(self, timer):
        self.thirds += 1
        if self.thirds % 7 == 0:
            timer.deinit()
            self.once.init(mode=Timer.ONE_SHOT, period=9100, callback=self.again)

    def again(self, timer):
        self.say("again", self.thirds, self.other.read_u16())
        # time passes within a callback: the others wait, and what finds no room is lost
        time.sleep_ms(40 if self.thirds % 2 else 2300)
        self.thrice.init(mode=Timer.PERIODIC, period=333, tick_hz=1000, callback=self.third)

    def stumble(self, timer):
        self.say("stumble", self.turns)
        if self.turns % 3:
            raise KeyError(self.turns)
        self.begun(timer)

    def pressed(self, pin):
        self.edges += 1
        if pin.value():
            self.led.on()
        else:
            self.led.off()
        if self.edges % 50 == 0:
            self.button.irq(self.pressed, Pin.IRQ_RISING if self.edges % 100 else 0)
        if self.edges % 10 == 0:
            self.say("edge", self.edges, pin())

    def told(self, uart):
        flags = self.irq.flags()
        if flags != UART.IRQ_RXIDLE:
            self.edges += 1
            return
        data = uart.read()
        if data:
            self.order = data[0] & 0x3F
            uart.write(bytes([byte ^ 0x55 for byte in data]))

    def obey(self, order):
        self.order = 0
        if order == HANG:
            self.say("hang")
            while True:
                time.sleep(0.1)
        if order == RESET:
            self.uart.flush()
            machine.reset()
        if order == SOFT:
            machine.soft_reset()
        if order == SPEED:
            self.uart.init(4800 if self.turns & 1 else 9600, 8, 0, 1)
            self.listen()
        if order == LONG:
            took = self.uart.write(bytes(range(256)) + b"more than a port's buffer takes at once")
            # what finds no room is None on rp2; a callback may have written before
            more = self.uart.write(b"and on") or 0
            done = self.uart.txdone()
            self.uart.flush()
            self.say("took", took, more, done)

    def look(self, poller):
        """One round of what waits in each way there is."""
        kind = self.turns % 6
        if kind == 0:
            once = self.edges & 1
            for obj, event in poller.ipoll(1700, once):
                time.sleep_ms(60)
                # what the irq has left there, because it came while there was none
                self.say("ipoll", event, obj.any(), obj.readinto(self.left, 3) or 0)
                self.say("left", *self.left, len(obj.read() or b""))
                # what was given once is not watched any more
                self.uart.write(b"?")
                self.say("once", once, len(poller.poll(40)))
            poller.modify(self.uart, select.POLLIN)
        elif kind == 1:
            state = machine.disable_irq()
            time.sleep_us(300500)
            machine.enable_irq(state)
            time.sleep_ms(1300)
        elif kind == 2:
            self.uart.irq(None, 0)
            poller.modify(self.uart, select.POLLIN | select.POLLOUT)
            self.say("out", poller.poll()[0][1])
            poller.modify(self.uart, select.POLLIN)
            if poller.poll(1900):
                line = self.uart.readline()
                self.say("line", -1 if line is None else len(line))
            self.listen()
        elif kind == 3:
            for _ in range(6):
                machine.idle()
            time.sleep_ms(1450)
        elif kind == 4:
            self.calendar()
        else:
            self.memory()
        time.sleep_ms(3)

    def calendar(self):
        if self.turns % 5 == 0:
            self.rtc.datetime((2028, 2, 28 + self.turns % 2, 0, 23, 59, 58, 0))
        secs = time.time()
        year, month, day, hour, minute, second, weekday, yearday = time.gmtime(secs)
        back = time.mktime((year, month, day, hour, minute, second, weekday, yearday))
        self.say("date", *self.rtc.datetime())
        self.say("time", secs, back, weekday, yearday, *time.localtime(68256000 + secs // 7))
        ahead = time.ticks_add(time.ticks_cpu(), self.turns)
        behind = time.ticks_diff(time.ticks_us(), ahead)
        self.say("ticks", time.ticks_diff(time.ticks_ms(), self.begun_ms), behind)
        time.sleep_ms(2100)

    def memory(self):
        self.i2c.writeto_mem(MEMORY, self.turns & 0x1F, self.samples)
        wrote = self.i2c.writeto(MEMORY, bytes([3, self.edges & 0xFF]))
        self.i2c.writeto(MEMORY, b"\x02")
        buf = bytearray(3)
        self.i2c.readfrom_into(MEMORY, buf)
        self.say("stored", *self.i2c.readfrom_mem(MEMORY, self.edges & 0x1F, 3))
        self.i2c.readfrom_mem_into(MEMORY, 2, buf)
        self.say("memory", wrote, *buf, *self.i2c.readfrom(MEMORY, 2))
        try:
            self.i2c.writeto(MEMORY + 1, b"\x00")
        except OSError as error:
            self.say("absent", error.args[0], *self.i2c.scan())
        time.sleep_ms(1850)

    def run(self):
        poller = select.poll()
        poller.register(self.uart, select.POLLIN)
        while True:
            self.wdt.feed()
            self.look(poller)
            if self.order:
                self.obey(self.order)


Probe().run()

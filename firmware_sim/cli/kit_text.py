"""README.txt of a board's kit: wiring, flashing, self-test, a first question, the way back."""

from dataclasses import dataclass
from types import ModuleType

PORTS = {"rp2040": "RPI_PICO", "esp32": "ESP32_GENERIC"}
PARTS = {
    "rp2040": ("", ""),
    "esp32": (
        " An S2, S3 or C3 is none of these: it has other pins.\n  ",
        "\n   S2、S3、C3 不适用：引脚不同。",
    ),
}
"""Which part it is for."""

FLASH = {
    "rp2040": (
        "The stock build's file system takes the whole flash, so that settings go with the power.\n"
        "   To keep them, build MicroPython with a file system 16 KB shorter (frozen _boot.py:\n"
        "   rp2.Flash(start=0, len=...) instead of rp2.Flash()).",
        "官方固件的文件系统占满闪存，设置随断电丢失。若要保存，请自行编译 MicroPython，\n"
        "   使文件系统缩短 16 KB（_boot.py 中以 rp2.Flash(start=0, len=...) 代替 rp2.Flash()）。",
    ),
    "esp32": (
        "To keep settings without power, build MicroPython with one more line in its partitions:\n"
        "   boxgate,data,undefined,,16K\n"
        "   (up to 1.25 behind vfs, which becomes smaller by that much; since 1.26 there is none,\n"
        "   for vfs takes what is left). The stock build has none: there they go with the power.",
        "若要断电保存设置，请自行编译 MicroPython，在分区表中加一行：\n"
        "   boxgate,data,undefined,,16K\n"
        "   （1.25 及以前：放在 vfs 之后并将 vfs 相应缩小；1.26 起表中没有 vfs，\n"
        "   它自动占用剩余空间）。官方固件没有该分区，设置随断电丢失。",
    ),
}

BYTECODE = (
    "The files are bytecode, format {version} without machine code, as MicroPython 1.19 to 1.29\n"
    "   loads it (run: 1.27). 'incompatible .mpy file' tells of another format: lay the kit out\n"
    "   anew with the mpy-cross of that version, or with --source.",
    "文件为字节码，格式 {version}，不含机器码，MicroPython 1.19 至 1.29 均可加载（实跑 1.27）。\n"
    "   若报 'incompatible .mpy file'，说明格式不同：请用该版本的 mpy-cross 重新生成，\n"
    "   或用 --source。",
)
SOURCE = (
    "The files are sources: the board compiles them at each start, which takes more memory than\n"
    "   bytecode (docs/firmware.md, 'Sizes'). MemoryError tells that they do not fit.",
    "文件为源码：每次启动都在板上编译，比字节码多占内存（见 docs/firmware.md 的 Sizes）。\n"
    "   报 MemoryError 即放不下。",
)

TAKEN = {
    "esp32": (
        "\n   (a module with PSRAM has 16 and 17 taken)",
        "\n   （带 PSRAM 的模组占用 16 和 17）",
    )
}
"""Pins that some modules of a board have not."""

WIRES = (
    ("TX", "DI of the RS-485 driver (3.3 V)", "RS-485 驱动器 DI（3.3 V）"),
    (
        "RX",
        "RO of the driver, 10 kΩ to 3.3 V: it floats while sending",
        "驱动器 RO，10 kΩ 上拉到 3.3 V",
    ),
    (
        "DE",
        "DE and /RE of the driver, together: it must not hear itself",
        "驱动器 DE 与 /RE（相连，否则会收到自己的发送）",
    ),
    ("SENSE", "self-test alone: bridge to DE", "仅自检用：短接到 DE"),
    ("SDA", "SDA of the {chip}, pulled up to 3.3 V", "{chip} SDA，上拉到 3.3 V"),
    ("SCL", "SCL of the same, pulled up to 3.3 V", "同上 SCL，上拉到 3.3 V"),
)
RELAYS = (
    ("FAN", "relay of the fan, high = on", "风机继电器，高电平有效"),
    ("ALARM", "over-temperature relay", "超温报警继电器"),
    ("TRIP", "trip relay", "跳闸继电器"),
    ("BEACON", "lamp", "信号灯"),
)
CHIPS = {False: ("metering chip", "计量芯片"), True: ("sensor front end", "传感前端")}
WITHOUT = {
    False: ("it ends at once with OSError", "程序立即以 OSError 结束"),
    True: (
        "it answers as unit 1 at 9600 8E1, with a failed self-test",
        "以单元号 1、9600 8E1 应答，自检失败位置位",
    ),
}

CLOCKS = {"rp2040": 2021, "esp32": 2000}
"""The year a board's calendar clock begins in when the power comes."""
DATED = (
    "\n   Its clock begins in {year} whenever the power comes, until a master sets it.",
    "\n   每次上电时钟从 {year} 年开始，直到主站对时。",
)
"""Of the meters with a calendar."""
UNITS = {
    "sdm630": (
        "\n   Its unit is register 0AH of the chip; 0 there: it answers nobody.",
        "\n   单元号为芯片寄存器 0AH 的值；为 0 时不应答。",
    ),
    "tmu": ("", ""),
}
"""What is to be known of a unit's address."""

ASK = {
    "meter645": ("boxgate read /dev/ttyUSB0 00010000 --address AAAAAAAAAAAA", "2400 8E1"),
    "meter698": (
        "boxgate read /dev/ttyUSB0 00000200 --protocol dlt698 --address AAAAAAAAAAAA",
        "9600 8E1",
    ),
    "sdm630": (
        "boxgate read /dev/ttyUSB0 voltage_a --protocol modbus --map sdm630 --unit 1",
        "9600 8E1",
    ),
    "tmu": ("boxgate read /dev/ttyUSB0 04:0000:0011 --protocol modbus --unit 1", "9600 8E1"),
}
"""A question from a PC with an RS-485 adapter, and the line's settings unless it is told others."""

README = """\
boxgate {firmware} for {board}

Not proven: no physical board was at hand. Proven in virtual time and on MicroPython's own VM.
It wants an I2C device at 38H, the {chip_en}, with the map of docs/firmware.md. No part is
sold with that map: a microcontroller of your own has to show it. Without one
{without_en}.

{wires_en}

   GND common to all. The numbers stand in board.py, which is source: change them there{taken_en}.

1. Flash MicroPython 1.25 or newer ({port}) as micropython.org says;
   pip install mpremote.{part_en} mpremote takes the first USB serial port there is. With more
   than one (the RS-485 adapter is one too) "mpremote connect list" names them: write
   "mpremote connect PORT cp ..." then.
   {flash_en}
   {form_en}
   A board that has run a kit before: step 7 first.
2. Unplug the RS-485 driver. Bridge TX to RX, and DE to SENSE.
3. In this folder: mpremote cp board.py : + run selftest.py
   Every line must say PASS; "DE not measured" only tells that DE and SENSE are not bridged.
   I2C wants the {chip_en}; all else is tested without it.
4. Take the bridges off, plug the driver in.
5. mpremote cp -r lib {firmware} :
   mpremote run main.py
   It says nothing and goes on, or ends with a Python error. Ask it something (step 6), then:
   Ctrl-C, which ends mpremote alone, and mpremote cp main.py : + reset
   From now on main.py starts with the power; the watchdog resets a board that hangs (8 s).
6. From a PC with an RS-485 adapter on the line, at the speed the {chip_en} shows:
   {ask}
   It takes {line}; --baud, --parity, --unit where they are others; the adapter's port for
   /dev/ttyUSB0.{more_en}
7. The way back: mpremote rm :main.py
   The watchdog goes on and resets the board 8 s later, once. Then what else lies there:
   mpremote rm -r :lib :{firmware} :board.py
   Remove it too before another kit: where a .py and a .mpy stand side by side, the .py is taken.

---

boxgate {firmware}（{board}）

未经验证：手头没有实物电路板；已在虚拟时间与 MicroPython 虚拟机上验证。
需要一个地址为 38H 的 I2C 器件（{chip_zh}），寄存器见 docs/firmware.md。
市面上没有这样的现成芯片，须用自己的单片机实现。没有它时{without_zh}。

{wires_zh}

   所有 GND 相连。引脚号在 board.py 中（源码），可在其中修改{taken_zh}。

1. 按 micropython.org 刷入 MicroPython 1.25 或更新版本（{port}）；pip install mpremote。{part_zh}
   以下命令使用找到的第一个 USB 串口；若不止一个（RS-485 转换器也算），
   先用 "mpremote connect list" 查看，再写作 "mpremote connect PORT cp ..."。
   {flash_zh}
   {form_zh}
   曾装过本套件的板：先做第 7 步。
2. 拔下 RS-485 驱动器。短接 TX 与 RX，以及 DE 与 SENSE。
3. 在本文件夹中：mpremote cp board.py : + run selftest.py
   每行都应为 PASS；"DE not measured" 只表示 DE 与 SENSE 未短接。
   I2C 一项需要{chip_zh}；其余各项不需要。
4. 拆去短接线，装回驱动器。
5. mpremote cp -r lib {firmware} :
   mpremote run main.py
   应无输出且不退出，否则显示 Python 错误。按第 6 步提问，然后：
   Ctrl-C（只结束 mpremote，板上程序继续），再运行 mpremote cp main.py : + reset
   此后上电即运行 main.py；程序停滞时看门狗会复位（8 秒）。
6. 用接 RS-485 转换器的电脑提问，速率以{chip_zh}所示为准：
   {ask}
   默认 {line}；不同时用 --baud、--parity、--unit；/dev/ttyUSB0 换成转换器的串口。{more_zh}
7. 复原：mpremote rm :main.py
   看门狗仍在计时，8 秒后复位一次。之后删除其余文件：
   mpremote rm -r :lib :{firmware} :board.py
   装另一套件之前也要删除：.py 与 .mpy 并存时取 .py。
"""


@dataclass(frozen=True, slots=True)
class Kit:
    """What a README says of a kit."""

    firmware: str
    board: str
    pins: ModuleType
    """The pin profile."""
    version: int | None
    """Format of its .mpy files, None = sources."""


def readme(kit: Kit) -> str:
    """The text of README.txt, English above Chinese."""
    chip_en, chip_zh = CHIPS[kit.firmware == "tmu"]
    without_en, without_zh = WITHOUT[kit.firmware == "tmu"]
    flash_en, flash_zh = FLASH[kit.board]
    taken_en, taken_zh = TAKEN.get(kit.board, ("", ""))
    ask, line = ASK[kit.firmware]
    part_en, part_zh = PARTS[kit.board]
    more_en, more_zh = UNITS.get(kit.firmware, DATED)
    year = CLOCKS[kit.board]
    form_en, form_zh = SOURCE if kit.version is None else BYTECODE
    return README.format(
        firmware=kit.firmware,
        board=kit.board,
        port=PORTS[kit.board],
        chip_en=chip_en,
        chip_zh=chip_zh,
        without_en=without_en,
        without_zh=without_zh,
        flash_en=flash_en,
        flash_zh=flash_zh,
        form_en=form_en.format(version=kit.version),
        form_zh=form_zh.format(version=kit.version),
        wires_en=_wires(kit, 1, chip_en),
        wires_zh=_wires(kit, 2, chip_zh),
        taken_en=taken_en,
        taken_zh=taken_zh,
        part_en=part_en,
        part_zh=part_zh,
        more_en=more_en.format(year=year),
        more_zh=more_zh.format(year=year),
        ask=ask,
        line=line,
    )


def _wires(kit: Kit, language: int, chip: str) -> str:
    """A line for each pin that this firmware uses."""
    rows = WIRES + (RELAYS if kit.firmware == "tmu" else ())
    return "\n".join(
        f"   {row[0]:7} GPIO {getattr(kit.pins, row[0]):<3} {row[language].format(chip=chip)}"
        for row in rows
    )

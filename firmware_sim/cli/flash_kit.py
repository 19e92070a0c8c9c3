"""`boxgate-sim flash-kit`: the files of a board laid out in a folder, with a self-test."""

import argparse
import shutil
from pathlib import Path

from edge.words.messages import BoxgateError, say
from firmware_sim.hal.loader import ROOT

BOARDS = ("rp2040", "esp32")
FIRMWARES = ("meter645", "meter698", "tmu")

FLASH = {
    "rp2040": (
        "The stock build's file system takes the whole flash, so that settings go with the power.\n"
        "   To keep them, build MicroPython with a file system 16 KB shorter (frozen _boot.py:\n"
        "   rp2.Flash(start=0, len=...) instead of rp2.Flash()).",
        "官方固件的文件系统占满闪存，设置随断电丢失。若要保存，请自行编译 MicroPython，\n"
        "   使文件系统缩短 16 KB（_boot.py 中以 rp2.Flash(start=0, len=...) 代替 rp2.Flash()）。",
    ),
    "esp32": (
        "To keep settings without power, give the partition table a data partition named\n"
        "   'boxgate' of 16 KB; without it they go with the power.",
        "若要断电保存设置，请在分区表中加一个名为 boxgate 的 16 KB 数据分区；没有则随断电丢失。",
    ),
}
PORTS = {"rp2040": "RPI_PICO", "esp32": "ESP32_GENERIC"}

README = """\
boxgate {firmware} for {board}

Not proven: no physical board was at hand. Proven in virtual time and on MicroPython's own VM.

1. Flash MicroPython 1.25 or newer ({port}) as micropython.org says; pip install mpremote.
   {flash_en}
2. Unplug the RS-485 driver. Bridge UART TX to RX, and DE to SENSE (pins: board.py).
3. In this folder: mpremote cp board.py : + run selftest.py
   Every line must say PASS; "DE not measured" only tells that DE and SENSE are not bridged.
   I2C wants the chip of docs/firmware.md at 38H.
4. Take the bridges off, plug the driver in.
5. mpremote fs cp -r lib {firmware} :
   mpremote fs cp board.py main.py : + reset
   From now on main.py starts with the power; the watchdog resets a board that hangs (8 s).
6. To get out of main.py: mpremote (Ctrl-C), then: mpremote fs rm :main.py

---

boxgate {firmware}（{board}）

未经验证：手头没有实物电路板；已在虚拟时间与 MicroPython 虚拟机上验证。

1. 按 micropython.org 刷入 MicroPython 1.25 或更新版本（{port}）；pip install mpremote。
   {flash_zh}
2. 拔下 RS-485 驱动器。短接 UART 的 TX 与 RX，以及 DE 与 SENSE（引脚见 board.py）。
3. 在本文件夹中：mpremote cp board.py : + run selftest.py
   每行都应为 PASS；"DE not measured" 只表示 DE 与 SENSE 未短接。
   I2C 需要 docs/firmware.md 所述、地址为 38H 的芯片。
4. 拆去短接线，装回驱动器。
5. mpremote fs cp -r lib {firmware} :
   mpremote fs cp board.py main.py : + reset
   此后上电即运行 main.py；程序停滞时看门狗会复位（8 秒）。
6. 退出 main.py：mpremote（Ctrl-C），然后：mpremote fs rm :main.py
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("dir", metavar="DIR", type=Path, help="new or empty folder for the files")
    parser.add_argument("--board", choices=BOARDS, default=BOARDS[0], help="whose pins (rp2040)")
    parser.add_argument(
        "--firmware", choices=FIRMWARES, default=FIRMWARES[0], help="what the board is (meter645)"
    )


def run(args: argparse.Namespace) -> int:
    """Exit code 0, or 2 if the folder cannot take it."""
    lay_kit(args.dir, args.board, args.firmware)
    print(say("sim_kit_done", path=args.dir, firmware=args.firmware, board=args.board))
    return 0


def lay_kit(folder: Path, board: str, firmware: str) -> None:
    """Lay the kit out; BoxgateError if the folder holds something or cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BoxgateError("sim_kit_full", path=folder)
        skip = shutil.ignore_patterns("__pycache__", "*.pyc", "main.py")
        for package in ("lib", firmware):
            shutil.copytree(ROOT / package, folder / package, ignore=skip)
        shutil.copyfile(ROOT / firmware / "main.py", folder / "main.py")
        shutil.copyfile(ROOT / "boards" / f"{board}.py", folder / "board.py")
        shutil.copyfile(ROOT / "selftest.py", folder / "selftest.py")
        english, chinese = FLASH[board]
        text = README.format(
            firmware=firmware, board=board, port=PORTS[board], flash_en=english, flash_zh=chinese
        )
        (folder / "README.txt").write_text(text, encoding="utf-8")
    except OSError as error:
        raise BoxgateError("sim_kit_write", path=folder, cause=error.strerror) from error

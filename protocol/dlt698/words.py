"""The words of DL/T 698.45 in both languages: services, refusals (dar.csv), notes."""

import csv
import functools
from importlib import resources

_EN = {
    "any": "wildcard address",
    "group": "group address",
    "broadcast": "broadcast to all meters",
    "ac": "AC sampling module",
    "unknown": "object not in the table",
    "type": "type is not that of the table",
    "doubtful": "one source only, check against a real meter",
    "unverified": "not verified: nothing here vouches for it",
    "service error": "the meter cannot answer this service (ERROR {code})",
    "thin": "this service rests on few sources",
    "report waiting": "a report is waiting (ACD)",
    "follow": "with a report behind it",
    "time tag": "with a time tag",
    "fragment": "fragment {number}, {kind}",
    "fragments": "put together from fragments",
    "waste": "fragment not used: {why}",
    "broken": "APDU not understood: {why} at byte {at}",
    "no apdu": "no APDU",
    "no frame": "no whole frame",
    "no value": "no value",
    "request": "request",
    "answer": "answer",
    "report": "report",
    "error answer": "error answer",
    "row": "row",
    "attribute": "attribute",
    "selection": "selection",
    "data": "data",
    "time": "time",
    "total": "total",
    "tariff": "tariff {n}",
    "phase": "phase {n}",
    "harmonic": "harmonic {n}",
    "hcs": "hcs: expected {want}, got {got}",
    "fcs": "fcs: expected {want}, got {got}",
    "truncated": "a dlt698.45 frame of {want} bytes ends after {got}",
}
_ZH = {
    "any": "通配地址",
    "group": "组地址",
    "broadcast": "对所有电能表广播",
    "ac": "交采模块",
    "unknown": "对象不在表中",
    "type": "类型与表中不同",
    "doubtful": "仅一处来源，请与实表核对",
    "unverified": "未经验证：无从核实",
    "service error": "电能表不能应答此服务（ERROR {code}）",
    "thin": "此服务来源较少",
    "report waiting": "有上报等待（ACD）",
    "follow": "带跟随上报",
    "time tag": "带时间标签",
    "fragment": "分帧 {number}，{kind}",
    "fragments": "由分帧拼成",
    "waste": "分帧未用：{why}",
    "broken": "APDU 不能解析：{why}，第 {at} 字节",
    "no apdu": "没有 APDU",
    "no frame": "没有完整的帧",
    "no value": "无数据",
    "request": "请求",
    "answer": "应答",
    "report": "上报",
    "error answer": "异常应答",
    "row": "行",
    "attribute": "属性",
    "selection": "选择",
    "data": "数据",
    "time": "时间",
    "total": "总",
    "tariff": "费率{n}",
    "phase": "{n}相",
    "harmonic": "{n}次",
    "hcs": "帧头校验应为 {want}，实为 {got}",
    "fcs": "帧校验应为 {want}，实为 {got}",
    "truncated": "{want} 字节的 dlt698.45 帧只有 {got} 字节",
}
_SERVICES = {
    "LINK": "预连接",
    "CONNECT": "建立应用连接",
    "RELEASE": "断开应用连接",
    "GET": "读取",
    "SET": "设置",
    "ACTION": "操作",
    "REPORT": "上报",
    "PROXY": "代理",
    "SECURITY": "安全传输",
    "ERROR": "异常",
}
_CONNECT = {
    1: ("connection refused: password wrong, or locked for it", "连接被拒：密码错或已锁定"),
    2: ("connection refused: symmetric decryption failed", "连接被拒：对称解密错误"),
    3: ("connection refused: asymmetric decryption failed", "连接被拒：非对称解密错误"),
    4: ("connection refused: signature wrong", "连接被拒：签名错误"),
    5: ("connection refused: protocol version differs", "连接被拒：协议版本不匹配"),
    255: ("connection refused: other reason", "连接被拒：其他错误"),
}
_WAYS = {"Request": "请求", "Response": "响应", "Notification": "通知"}


def word(key: str, lang: str, **said: object) -> str:
    """A note in "en" or "zh"."""
    return (_ZH if lang == "zh" else _EN)[key].format(**said)


def service_name(name: str, kind: str, lang: str) -> str:
    """ "GET-Request Normal"; in Chinese "读取请求 Normal"."""
    if lang == "zh":
        what, _, way = name.partition("-")
        name = _SERVICES[what] + _WAYS[way]
    return f"{name} {kind}".rstrip()


def dar_name(code: int, lang: str) -> str:
    """Why there is no data, in words."""
    row = _dars().get(code)
    if row is None:
        return f"DAR {code}"
    return row[lang == "zh"]


def connect_name(code: int, lang: str) -> str:
    """Why a CONNECT was refused (sheet §2)."""
    row = _CONNECT.get(code)
    return f"{code}" if row is None else row[lang == "zh"]


@functools.cache
def _dars() -> dict[int, tuple[str, str]]:
    text = resources.files("protocol.dlt698").joinpath("dar.csv").read_text(encoding="utf-8")
    return {int(row["code"]): (row["en"], row["zh"]) for row in csv.DictReader(text.splitlines())}

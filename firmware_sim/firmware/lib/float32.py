"""A fraction of two integers as the four bytes of an IEEE 754 single, without any float.

A port's own floats may be of 32 or 64 bits and round twice; these bytes are the same on all.
"""

BITS = 24
BIAS = 127


def put(buf: bytearray, at: int, number: int, divisor: int) -> None:
    """number / divisor (above 0) into buf[at : at + 4], high byte first, ties to even.

    For what a meter shows: neither so small nor so large that a single could not say it.
    """
    sign = 0
    if number < 0:
        sign = 0x80
        number = -number
    exponent = 0
    mantissa = 0
    if number:
        while number < divisor << BITS - 1:
            number <<= 1
            exponent -= 1
        while number >= divisor << BITS:
            divisor <<= 1
            exponent += 1
        mantissa = number // divisor
        rest = 2 * (number - mantissa * divisor)
        if rest > divisor or rest == divisor and mantissa & 1:
            mantissa += 1
            if mantissa >> BITS:
                mantissa >>= 1
                exponent += 1
        exponent += BITS - 1 + BIAS
    buf[at] = sign | exponent >> 1
    buf[at + 1] = (exponent & 1) << 7 | mantissa >> 16 & 0x7F
    buf[at + 2] = mantissa >> 8 & 0xFF
    buf[at + 3] = mantissa & 0xFF

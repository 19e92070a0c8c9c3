"""CT and PT ratios, applied once, in integers: a meter behind transformers shows secondary values.

Which ratio a value takes follows from its unit: volts the PT's, amperes the CT's, power and energy
both; power factor, frequency and temperature none.
"""

from edge.site.model import Meter
from protocol.quantity import Quantity

TAKES_CT = frozenset({"A", "W", "var", "VA", "kWh", "kvarh", "kVAh"})
TAKES_PT = frozenset({"V", "W", "var", "VA", "kWh", "kvarh", "kVAh"})


def has_ratio(meter: Meter) -> bool:
    """Whether the meter stands behind a CT or PT at all."""
    return meter.ct_primary != meter.ct_secondary or meter.pt_primary != meter.pt_secondary


def primary(meter: Meter, quantity: Quantity, scaled: int) -> int:
    """The primary value of a secondary one, both scaled integers; rounds half away from zero."""
    over = under = 1
    if quantity.unit in TAKES_CT:
        over, under = over * meter.ct_primary, under * meter.ct_secondary
    if quantity.unit in TAKES_PT:
        over, under = over * meter.pt_primary, under * meter.pt_secondary
    whole = (2 * abs(scaled) * over + under) // (2 * under)
    return whole if scaled >= 0 else -whole

from types import ModuleType

from cext.load_c import DAY_MS as DAY_MS
from cext.load_c import GAP_MS as GAP_MS
from cext.load_c import MEMORY as MEMORY
from cext.load_c import MISSING as MISSING
from cext.load_c import MOST_TIME as MOST_TIME
from cext.load_c import RESULT as RESULT
from cext.load_c import SAMPLE as SAMPLE
from cext.load_c import LoadCalculator as LoadCalculator

# a sample:  point t_ms day_start_ms, voltage_a b c (0.1 V), current_a b c (mA),
#            active_power total a b c (0.1 W), reactive_power total a b c (0.1 var)
# a result:  point t_ms, apparent_power total a b c (0.1 VA), loading total a b c (0.01 %),
#            current_n (mA), unbalance and its coverage (0.01 %),
#            energy_day total a b c (0.01 kWh) and their coverage (0.01 %)
# a memory:  point t_ms day_start_ms, energy_day total a b c and their coverage,
#            active_power total a b c

picked: ModuleType

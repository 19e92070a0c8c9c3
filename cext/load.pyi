from types import ModuleType

from cext.load_c import DAY_MS as DAY_MS
from cext.load_c import GAP_MS as GAP_MS
from cext.load_c import MEMORY as MEMORY
from cext.load_c import MISSING as MISSING
from cext.load_c import MOST_TIME as MOST_TIME
from cext.load_c import RESULT as RESULT
from cext.load_c import SAMPLE as SAMPLE
from cext.load_c import LoadCalculator as LoadCalculator

picked: ModuleType

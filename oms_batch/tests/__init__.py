from . import test_wave_plan
from . import test_wave_work

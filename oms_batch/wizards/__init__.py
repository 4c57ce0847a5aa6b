from . import oms_wave_plan

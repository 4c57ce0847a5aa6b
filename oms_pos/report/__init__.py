from . import oms_cut_off

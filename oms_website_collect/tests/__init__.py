from . import test_collect

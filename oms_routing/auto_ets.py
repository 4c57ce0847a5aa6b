"""AutoETS of ``statsforecast``, where it is installed: one more model that has to beat the baseline like any other.

It is not needed and not installed by default, as it brings numpy, pandas and numba, and takes some thousand times as long
per series as the models of ``domain/forecast.py``.
"""

try:
    import numpy
    from statsforecast.models import AutoETS
except ImportError:
    AutoETS = None


def models():
    """{code: model} for ``domain.forecast.forecast``; nothing where the package is not installed."""
    return {"auto_ets": auto_ets} if AutoETS else {}


def auto_ets(past, steps, season):
    """The next values of a series, as ``domain.forecast.Outside`` has it."""
    return AutoETS(season_length=season).forecast(y=numpy.array(past, dtype=float), h=steps)["mean"].tolist()

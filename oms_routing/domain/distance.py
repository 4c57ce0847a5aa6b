"""How far it is, without asking anybody: great circles between approximate coordinates of postal areas."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

EARTH_RADIUS_KM = 6371.0  #: mean radius

#: (ISO country code, postal prefix) → (latitude, longitude); the empty prefix is the middle of the country.
PostalTable = Mapping[tuple[str, str], tuple[float, float]]


#: How well a place is known, the best first: by its own coordinates, as the middle of its postal area, or of its country.
ADDRESS, POSTAL, COUNTRY = "address", "postal", "country"
PRECISIONS = (ADDRESS, POSTAL, COUNTRY)


class Located(NamedTuple):
    """Coordinates in degrees, and of what they are (:data:`PRECISIONS`)."""

    latitude: float
    longitude: float
    precision: str


def haversine_km(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    """The way over the surface of a sphere, in kilometres; off by up to 0.5 %, as the earth is flattened.

    >>> round(haversine_km(48.86, 2.35, 45.76, 4.84))  # Paris to Lyon
    392
    """
    return ways_to(latitude_b, longitude_b)(latitude_a, longitude_a)


def ways_to(latitude: float, longitude: float) -> Callable[[float, float], float]:
    """:func:`haversine_km` to one point from many: what is the same for all of them is reckoned once."""
    lat_b, lon_b = radians(latitude), radians(longitude)
    cos_b, diameter = cos(lat_b), 2 * EARTH_RADIUS_KM

    def way(latitude_a: float, longitude_a: float) -> float:
        lat_a = radians(latitude_a)
        across = sin((lon_b - radians(longitude_a)) / 2)
        along = sin((lat_b - lat_a) / 2)
        half_chord = along * along + cos(lat_a) * cos_b * across * across
        # Opposite points can come out a hair above 1, for which there is no arcsine.
        return diameter * asin(sqrt(half_chord)) if half_chord < 1.0 else diameter * asin(1.0)

    return way


def distance_km(a, b) -> float | None:
    """Between two things with ``latitude`` and ``longitude``, to 0.1 km; None if any coordinate is missing."""
    if a.latitude is None or a.longitude is None or b.latitude is None or b.longitude is None:
        return None
    return round(haversine_km(a.latitude, a.longitude, b.latitude, b.longitude), 1)


def locate(country_code: str, postal_code: str, table: PostalTable) -> Located | None:
    """Where a postal code is, roughly: the longest prefix that the table has, else the middle of the country.

    Case, blanks and dashes in the code do not matter. None if the table does not have the country.

    >>> locate("FR", "69 003", {("FR", ""): (46.6, 2.4), ("FR", "69"): (45.76, 4.84)})
    Located(latitude=45.76, longitude=4.84, precision='postal')
    """
    country = country_code.upper()
    code = "".join(filter(str.isalnum, postal_code.upper()))
    for length in range(len(code), 0, -1):
        if found := table.get((country, code[:length])):
            return Located(*found, POSTAL)
    found = table.get((country, ""))
    return found and Located(*found, COUNTRY)


def basis(*precisions: str) -> str:
    """What a distance rests on: the coarser of the places; empty if one of them is not known.

    >>> basis("address", "postal"), basis("country", "postal"), basis("address", "")
    ('postal', 'country', '')
    """
    if any(precision not in PRECISIONS for precision in precisions):
        return ""
    return max(precisions, key=PRECISIONS.index, default="")


def read_postal_table(lines: Iterable[str]) -> dict[tuple[str, str], tuple[float, float]]:
    """The table from the lines of a CSV file with the columns country, prefix, latitude, longitude; others may follow.

    :raises ValueError: for a place off the globe, or one that is there twice; with the line number.
    """
    table = {}
    for number, row in enumerate(csv.DictReader(lines), start=2):
        key, latitude, longitude = (row["country"], row["prefix"]), float(row["latitude"]), float(row["longitude"])
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise ValueError(f"line {number}: {latitude}, {longitude} is not on the globe")
        if key in table:
            raise ValueError(f"line {number}: {' '.join(key)} is there twice")
        table[key] = (latitude, longitude)
    return table

"""Units, abbreviations, currencies and months, as they are said in English."""

from __future__ import annotations

import re


def _table(text: str) -> dict[str, str]:
    entries = [entry.split(" ", 1) for entry in " ".join(text.split()).split("; ")]
    return {short.replace("_", " "): words for short, words in entries}


UNITS = _table(
    """km kilometers; cm centimeters; mm millimeters; nm nanometers; μm micrometers; m meters; mi miles; ft feet;
    yd yards; kg kilograms; mg milligrams; g grams; lb pounds; lbs pounds; oz ounces; l liters; ml milliliters;
    dl deciliters; cl centiliters; tsp teaspoons; tbsp tablespoons; qt quarts; gal gallons; kb kilobytes; mb megabytes;
    gb gigabytes; tb terabytes; pb petabytes; kbps kilobits per second; mbps megabits per second;
    gbps gigabits per second; hz hertz; khz kilohertz; mhz megahertz; ghz gigahertz; ms milliseconds; ns nanoseconds;
    μs microseconds; sec seconds; secs seconds; min minutes; mins minutes; hr hours; hrs hours; kw kilowatts;
    kwh kilowatt hours; mw megawatts; w watts; v volts; mah milliamp hours; ma milliamps; db decibels;
    kcal kilocalories; cal calories; hpa hectopascals; px pixels; dpi D P I; fps frames per second; rpm R P M;
    mph miles per hour; kph kilometers per hour; km/h kilometers per hour; m/s meters per second;
    m² square meters; km² square kilometers; cm² square centimeters; ft² square feet; m³ cubic meters;
    cm³ cubic centimeters; sq_ft square feet; fl_oz fluid ounces;
    °c degrees Celsius; ℃ degrees Celsius; °f degrees Fahrenheit;
    ℉ degrees Fahrenheit; ° degrees; usd dollars; eur euros; gbp pounds; jpy yen; % percent"""
)
"""By the unit in small letters, in the plural."""
UNIT_PATTERN = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
WEIGHED = {
    *("kilograms", "milligrams", "grams", "pounds", "ounces", "liters", "milliliters", "deciliters", "centiliters"),
    *("teaspoons", "tablespoons", "quarts", "gallons"),
}
"""What stands before what it measures: two tablespoons olive oil, and not a two tablespoon board."""
SINGULARS = {"feet": "foot", "degrees": "degree", "inches": "inch"}
CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
    "￥": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "", ""),
}
"""One, several, and a hundredth of it."""
MULTIPLES = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion", "t": "trillion"}
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
ABBREVIATIONS = _table(
    """mr mister; mrs missus; ms miz; dr doctor; prof professor; vs versus; e.g for example; i.e that is;
    etc et cetera; approx approximately; no number; vol volume; fig figure; ver version; dept department; jr junior;
    sr senior; gen general; sgt sergeant; capt captain; lt lieutenant; mt mount; ft fort"""
)
"""Before their full stop."""
STREETS = _table(
    """st street; ave avenue; rd road; blvd boulevard; dr drive; ln lane; hwy highway; sq square; pkwy parkway;
    ct court; pl place"""
)
SIGNS = {"+": "plus", "-": "minus", "−": "minus", "×": "times", "x": "times", "X": "times", "*": "times"}
SIGNS |= {"÷": "divided by", "/": "divided by", "=": "equals"}
RELATIONS = {"=": "equals", "≠": "is not equal to", "<": "is less than", ">": "is greater than"}
RELATIONS |= {"≤": "is at most", "≥": "is at least", "≈": "is about", "±": "plus or minus"}
PARTS = {"2": "half", "3": "third", "4": "quarter", "5": "fifth", "6": "sixth", "8": "eighth", "10": "tenth"}
"""What things are usually divided into."""

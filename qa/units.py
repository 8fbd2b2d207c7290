"""Units of measure and of money: what they measure, and how large they are."""

# A dimension's units with their size: metres, kilograms, seconds, metres a second, litres,
# hectares, watts.
_UNITS: dict[str, dict[str, float]] = {
    "length": {
        "km kms kilometre kilometres kilometer kilometers": 1000,
        "mile miles": 1609.344,
        "m metre metres meter meters": 1,
        "cm centimetre centimetres centimeter centimeters": 0.01,
        "mm millimetre millimetres millimeter millimeters": 0.001,
        "ft foot feet": 0.3048,
        "inch inches": 0.0254,
        "yard yards": 0.9144,
    },
    "mass": {
        "kg kilo kilos kilogram kilograms kilogramme kilogrammes": 1,
        "g gram grams": 0.001,
        "mg milligram milligrams": 1e-6,
        "t ton tons tonne tonnes": 1000,
        "lb lbs": 0.4536,
    },
    "duration": {
        "second seconds": 1,
        "minute minutes": 60,
        "hour hours": 3600,
        "day days": 86400,
        "week weeks": 604800,
        "fortnight fortnights": 1209600,
        "month months": 2629800,
        "year years": 31557600,
    },
    "speed": {"km/h kph kmh": 1 / 3.6, "mph": 0.44704, "m/s": 1, "knot knots": 0.514444},
    "volume": {"litre litres liter liters": 1, "gallon gallons": 4.5461},
    "area": {"hectare hectares": 1, "acre acres": 0.404686},
    "power": {"kw": 1e3, "mw": 1e6, "gw": 1e9},
    "temperature": {"°c °f degree degrees": 1},
    "percent": {"% percent percentage": 1},
}
MEASURES: dict[str, tuple[str, float]] = {
    unit: (dimension, size)
    for dimension, units in _UNITS.items()
    for names, size in units.items()
    for unit in names.split()
}
MONEY_SIGNS = {"$": "dollar", "US$": "dollar", "€": "euro", "£": "pound"}
MONEY: dict[str, str] = {
    word: currency
    for currency, words in {
        "dollar": "dollar dollars",
        "euro": "euro euros",
        "pound": "pounds",
        "crown": "crown crowns kronor kroner",
        "yen": "yen",
        "franc": "francs",
        "rupee": "rupees",
        "rouble": "roubles rubles",
        "penny": "pence p",
        "cent": "cents",
    }.items()
    for word in words.split()
}

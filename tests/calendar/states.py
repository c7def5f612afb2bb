"""States and provinces whose zone is known, for countries with several zones; the people who wrote the IANA database say
where each zone runs in the comments of zone.tab, this table puts their words into ISO 3166-2 codes.

A state that a line divides has the zone in which most of its people live; where neither part is small, it is left out.
"""

# Countries where all but a few percent of the people live in one zone. States below are the exceptions.
NEARLY_EVERYBODY = {
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "GL": "America/Nuuk",
    "MN": "Asia/Ulaanbaatar",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PT": "Europe/Lisbon",
    "UA": "Europe/Kyiv",
}

# Country -> zone -> codes.
ZONES = {
    "US": {
        "America/New_York": "CT DE DC FL GA KY ME MD MA NH NJ NY NC OH PA RI SC VT VA WV",
        "America/Detroit": "MI",
        "America/Indiana/Indianapolis": "IN",
        "America/Chicago": "AL AR IL IA KS LA MN MS MO NE ND OK SD TN TX WI",
        "America/Denver": "CO MT NM UT WY",
        "America/Boise": "ID",
        "America/Phoenix": "AZ",
        "America/Los_Angeles": "CA NV OR WA",
        "America/Anchorage": "AK",
        "Pacific/Honolulu": "HI",
        "America/Puerto_Rico": "PR",
        "America/St_Thomas": "VI",
        "Pacific/Guam": "GU",
        "Pacific/Saipan": "MP",
        "Pacific/Pago_Pago": "AS",
    },
    "CA": {
        "America/Vancouver": "BC",
        "America/Edmonton": "AB NT",
        "America/Regina": "SK",
        "America/Winnipeg": "MB",
        "America/Toronto": "ON QC",
        "America/Iqaluit": "NU",
        "America/Moncton": "NB",
        "America/Halifax": "NS PE",
        "America/St_Johns": "NL",
        "America/Whitehorse": "YT",
    },
    "AU": {
        "Australia/Sydney": "NSW ACT",
        "Australia/Melbourne": "VIC",
        "Australia/Brisbane": "QLD",
        "Australia/Adelaide": "SA",
        "Australia/Darwin": "NT",
        "Australia/Perth": "WA",
        "Australia/Hobart": "TAS",
    },
    "BR": {
        "America/Rio_Branco": "AC",
        "America/Manaus": "AM",
        "America/Boa_Vista": "RR",
        "America/Porto_Velho": "RO",
        "America/Cuiaba": "MT",
        "America/Campo_Grande": "MS",
        "America/Sao_Paulo": "AL AP BA CE DF ES GO MA MG PA PB PE PI PR RJ RN RS SC SE SP TO",
    },
    "MX": {
        "America/Tijuana": "BCN",
        "America/Mazatlan": "BCS SIN NAY",
        "America/Hermosillo": "SON",
        "America/Chihuahua": "CHH",
        "America/Cancun": "ROO",
        "America/Mexico_City": "AGU CAM CHP CMX COA COL DUR GRO GUA HID JAL MEX MIC MOR NLE OAX PUE QUE SLP TAB TLA VER YUC ZAC",
    },
    "CL": {"America/Punta_Arenas": "MA", "America/Coyhaique": "AI"},
    "EC": {"Pacific/Galapagos": "W"},
    "ES": {"Atlantic/Canary": "CN"},
    "NZ": {"Pacific/Chatham": "CIT"},
    "PT": {"Atlantic/Azores": "20", "Atlantic/Madeira": "30"},
}

# Names that the `holidays` package does not have.
NAMES = {
    "AU": {"ACT": ["Canberra"]},
    "EC": {"W": ["Galápagos", "Galapagos Islands"]},
    "ES": {"CN": ["Canarias", "Canary Islands", "Islas Canarias"]},
    "NZ": {"CIT": ["Chatham Islands"]},
    "PT": {"20": ["Açores", "Azores"], "30": ["Madeira"]},
    "US": {"DC": ["Washington DC", "Washington D.C."]},
    "DE": {"BY": ["Bavaria"], "HE": ["Hesse"], "NI": ["Lower Saxony"], "NW": ["North Rhine-Westphalia", "NRW"],
           "RP": ["Rhineland-Palatinate"], "SN": ["Saxony"], "ST": ["Saxony-Anhalt"], "TH": ["Thuringia"]},
    "MX": {
        "AGU": ["Aguascalientes"], "BCN": ["Baja California"], "BCS": ["Baja California Sur"], "CAM": ["Campeche"],
        "CHH": ["Chihuahua"], "CHP": ["Chiapas"],
        "CMX": ["Ciudad de México", "Mexico City", "CDMX", "Distrito Federal"],
        "COA": ["Coahuila", "Coahuila de Zaragoza"], "COL": ["Colima"], "DUR": ["Durango"], "GRO": ["Guerrero"],
        "GUA": ["Guanajuato"], "HID": ["Hidalgo"], "JAL": ["Jalisco"], "MEX": ["Estado de México", "México"],
        "MIC": ["Michoacán", "Michoacán de Ocampo"], "MOR": ["Morelos"], "NAY": ["Nayarit"], "NLE": ["Nuevo León"],
        "OAX": ["Oaxaca"], "PUE": ["Puebla"], "QUE": ["Querétaro"], "ROO": ["Quintana Roo"], "SIN": ["Sinaloa"],
        "SLP": ["San Luis Potosí"], "SON": ["Sonora"], "TAB": ["Tabasco"], "TAM": ["Tamaulipas"],
        "TLA": ["Tlaxcala"], "VER": ["Veracruz", "Veracruz de Ignacio de la Llave"], "YUC": ["Yucatán"],
        "ZAC": ["Zacatecas"],
    },
}

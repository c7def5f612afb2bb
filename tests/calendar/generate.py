"""Writes shared/domain/data: countries, their names, zones, weekends and public holidays.

    .ci/venv/bin/python tests/calendar/generate.py          writes the files
    .ci/venv/bin/python tests/calendar/generate.py --check  says whether they are what it would write

Sources, in the versions that .ci/requirements.txt pins:
  holidays  public holidays and weekends (MIT), categories "public", names in English
  tzdata    zone.tab and iso3166.tab of the IANA database (public domain)
  babel     country names in the languages below, from Unicode CLDR (BSD; the data: Unicode licence)
"""

import datetime
import functools
import pathlib
import sys
import unicodedata
import warnings
import zoneinfo
from importlib import resources

import holidays
from babel import Locale
from babel.core import get_global

import states

# Not the machine's own zones, whatever their release.
zoneinfo.reset_tzpath(to=[])

YEARS = range(2024, 2038)
DATA = pathlib.Path(__file__).parents[2] / "shared/domain/data"
LANGUAGES = (
    "en ar bg cs da de el es fi fr he hi hr hu id it ja ko nb nl pl pt ro ru sk sv th tr uk vi zh zh_Hant"
).split()
ALSO = {
    "America": "US", "The United States of America": "US", "United States of America": "US", "U.S.A.": "US", "U.S.": "US",
    "Great Britain": "GB", "Britain": "GB", "U.K.": "GB", "England": "GB", "Scotland": "GB", "Wales": "GB",
    "Northern Ireland": "GB", "Holland": "NL", "The Netherlands": "NL", "Czech Republic": "CZ", "Burma": "MM",
    "Republic of Ireland": "IE", "Russian Federation": "RU", "Korea": "KR", "Republic of Korea": "KR", "Swaziland": "SZ",
    "Macedonia": "MK", "Ivory Coast": "CI", "Turkey": "TR", "UAE": "AE", "U.A.E.": "AE", "Viet Nam": "VN", "BRD": "DE",
    "Hong Kong": "HK", "Macau": "MO", "Palestine": "PS", "The Bahamas": "BS", "The Gambia": "GM", "Cape Verde": "CV",
    "East Timor": "TL", "Vatican": "VA", "PRC": "CN", "Brasil": "BR", "Republic of Türkiye": "TR", "Micronesia": "FM",
}


def text_of(package, name):
    return (resources.files(package) / name).read_text(encoding="utf-8")


def folded(name):
    """As `place::table` in the domain folds what it looks up: lower case, one space between words."""
    return " ".join(name.lower().split())


def spellings(name):
    """A name with and without its accents."""
    bare = "".join(letter for letter in unicodedata.normalize("NFD", name) if not unicodedata.combining(letter))
    return {folded(spelling) for spelling in (name, unicodedata.normalize("NFC", name), bare)}


def rows_of(tab):
    lines = text_of("tzdata.zoneinfo", tab).splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


@functools.cache
def offsets(zone):
    """What a zone's clocks show from 2026 on; equal for zones that differ in name or past alone."""
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    info = zoneinfo.ZoneInfo(zone)
    hours = (YEARS[-1] + 1 - 2026) * 366 * 24
    return tuple((start + datetime.timedelta(hours=hour)).astimezone(info).utcoffset() for hour in range(0, hours, 6))


def zone_of_country(code, zones):
    if code in states.NEARLY_EVERYBODY:
        return states.NEARLY_EVERYBODY[code]
    if zones and len({offsets(zone) for zone in zones}) == 1:
        return zones[0]
    return ""


def calendar_of(code, subdivision=None):
    return holidays.country_holidays(code, subdiv=subdivision, years=YEARS, language="en_US")


def weekend_bits(calendar):
    return sum(1 << day for day in calendar.weekend)


def names_of_countries(codes):
    """Every spelling -> code; one that two countries share is nobody's, unless it is English."""
    claims = {}

    def claim(name, code, rank):
        if code in codes:
            for spelling in spellings(name):
                claims.setdefault(spelling, {}).setdefault(rank, set()).add(code)

    for code in codes:
        claim(code, code, 0)
    for alias, targets in get_global("territory_aliases").items():
        if len(targets) == 1 and alias.isalpha() and len(alias) in (2, 3):
            claim(alias, targets[0], 0)
    for name, code in ALSO.items():
        claim(name, code, 0)
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            claim(name, code, 1 if language == "en" else 2)
    found = {}
    for spelling, ranks in claims.items():
        best = ranks[min(ranks)]
        if len(best) == 1:
            found[spelling] = min(best)
    return found


def subdivisions_of(code, supported):
    """Spelling -> code without the country."""
    found = {}
    entity = getattr(holidays, code, None)
    known = list(supported.get(code, [])) + [part for parts in states.ZONES.get(code, {}).values() for part in parts.split()]
    known += states.NAMES.get(code, {})
    aliases = getattr(entity, "subdivisions_aliases", {}) or {}
    for part in known:
        for spelling in spellings(part) | spellings(f"{code}-{part}"):
            found[spelling] = part
    for name, part in list(aliases.items()) + [(n, p) for p, ns in states.NAMES.get(code, {}).items() for n in ns]:
        for spelling in spellings(name):
            found.setdefault(spelling, part)
    return found


def rules(calendar, national=None):
    """(day, name) -> years, of a country, or of what a subdivision has otherwise. An empty name: none on that day."""
    found = {}

    def add(date, name):
        key = ((date.month - 1) * 31 + date.day - 1, name)
        found[key] = found.get(key, 0) | 1 << (date.year - YEARS[0])

    for date, name in calendar.items():
        if date.year in YEARS and (national is None or national.get(date) != name):
            add(date, name)
    for date in national or ():
        if date.year in YEARS and date not in calendar:
            add(date, "")
    return found


def main():
    warnings.simplefilter("ignore")
    supported = holidays.list_supported_countries(include_aliases=False)
    names = {code: name for code, name in rows_of("iso3166.tab")} | {"XK": "Kosovo"}
    english = Locale.parse("en").territories
    zones = {"XK": ["Europe/Belgrade"]}
    for code, _, zone, *_ in rows_of("zone.tab"):
        zones.setdefault(code, []).append(zone)

    regions, weekends = {}, {}
    for code, parts in supported.items():
        if code not in names:
            continue
        national = calendar_of(code)
        weekends[code] = weekend_bits(national)
        regions[code] = rules(national)
        for part in parts:
            own = rules(calendar_of(code, part), national)
            if own:
                regions[f"{code}-{part}"] = own

    files = {}
    spelled = sorted({name for region in regions.values() for _, name in region})
    offset_of, text = {}, ""
    for name in spelled:
        offset_of[name] = len(text.encode())
        text += name + "\n"
    assert len(text.encode()) < 1 << 17, "a name's place has 17 bits"
    files["holiday-names.txt"] = text.encode()
    packed, index = b"", []
    for region in sorted(regions):
        words = sorted(day << 31 | years << 17 | offset_of[name] for (day, name), years in regions[region].items())
        index.append(f"{region}\t{len(packed) // 5}\t{len(words)}")
        packed += b"".join(word.to_bytes(5, "big") for word in words)
    files["holidays.bin"] = packed
    files["holiday-regions.tsv"] = lines(index)
    files["countries.tsv"] = lines(
        f"{code}\t{english.get(code, names[code])}\t{weekends.get(code, 0b1100000)}\t{zone_of_country(code, zones.get(code))}"
        for code in sorted(names)
    )
    files["country-names.tsv"] = lines(sorted((f"{k}\t{v}" for k, v in names_of_countries(set(names)).items()), key=key))
    parts = [f"{code} {k}\t{v}" for code in names for k, v in subdivisions_of(code, supported).items()]
    files["state-names.tsv"] = lines(sorted(parts, key=key))
    places = [
        f"{code}-{part}\t{zone}"
        for code, by_zone in states.ZONES.items() for zone, parts in by_zone.items() for part in parts.split()
    ]
    files["state-zones.tsv"] = lines(sorted(places, key=key))

    stale = [name for name, data in files.items() if not (DATA / name).exists() or (DATA / name).read_bytes() != data]
    for name, data in sorted(files.items()):
        print(f"{len(data):8} {name}")
    if "--check" in sys.argv:
        sys.exit(f"not what the generator writes: {', '.join(stale)}; run it" if stale else 0)
    DATA.mkdir(exist_ok=True)
    for name, data in files.items():
        (DATA / name).write_bytes(data)


def key(line):
    """Sorted as bytes, for the domain searches by halves."""
    return line.split("\t")[0].encode()


def lines(rows):
    return "".join(f"{row}\n" for row in rows).encode()


if __name__ == "__main__":
    main()

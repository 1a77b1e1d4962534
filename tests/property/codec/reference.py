"""What schemas/ and schemas/json-profile.md say, in Python: the judge that core/codec is compared with."""
import calendar
import json
import pathlib
import re

import jsonschema
import referencing
import referencing.jsonschema

SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "schemas"
BASE = "https://plumbline.dev/schemas/"
FILES = {
    "envelope": "events/envelope.v1.json",
    "keys": "topics/keys.v1.json",
    "outcomes": "topics/outcomes.v1.json",
    "dead": "topics/dead.v1.json",
    "drift": "topics/drift.v1.json",
    "accepted": "http/accepted.v1.json",
    "problem": "http/problem.v1.json",
}
DEPTH_MAX, NUMBER_CHARS_MAX, EXPONENT_MAX = 64, 64, 308

_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|[+-](\d\d):(\d\d))", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"-?(\d+)(?:\.\d+)?(?:[eE]([+-]?\d+))?", re.ASCII)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)

formats = jsonschema.FormatChecker(formats=())


@formats.checks("date-time")
def is_time(value):
    if not isinstance(value, str):
        return True
    found = _TIME.fullmatch(value)
    if not found:
        return False
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    return (year >= 1 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1] and hour <= 23
            and minute <= 59 and second <= 59 and int(found[8] or 0) <= 23 and int(found[9] or 0) <= 59)


@formats.checks("uuid")
def is_uuid(value):
    return not isinstance(value, str) or _UUID.fullmatch(value) is not None


class OutsideProfile(Exception):
    pass


def _number(text):
    if len(text) > NUMBER_CHARS_MAX:
        raise OutsideProfile("number too long")
    whole, exponent = _NUMBER.fullmatch(text).groups()
    exponent = int(exponent or 0)
    if abs(exponent) > EXPONENT_MAX or exponent + len(whole) > EXPONENT_MAX:
        raise OutsideProfile("number too large")
    return text


def _float(text):
    return float(_number(text))


def _int(text):
    return int(_number(text))


def _constant(name):
    raise OutsideProfile(name)


def _pairs(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise OutsideProfile("duplicate name")
    for name in found:
        _text(name)
    return found


def _text(value):
    if "\0" in value or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise OutsideProfile("NUL or surrogate")


def _texts(value):
    if isinstance(value, str):
        _text(value)
    elif isinstance(value, list):
        for item in value:
            _texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            _texts(item)


def _depth(text):
    deepest = depth = 0
    for c in _STRING.sub("", text):
        depth += (c in "[{") - (c in "]}")
        deepest = max(deepest, depth)
    return deepest


def parse(raw):
    """The value of a text within the profile; raises OutsideProfile."""
    try:
        text = raw.decode("utf-8")
        if text.startswith("\ufeff"):
            raise OutsideProfile("byte order mark")
        if _depth(text) > DEPTH_MAX:
            raise OutsideProfile("too deep")
        value = json.loads(text, object_pairs_hook=_pairs, parse_float=_float, parse_int=_int, parse_constant=_constant)
    except (ValueError, RecursionError) as wrong:
        raise OutsideProfile(str(wrong)) from wrong
    _texts(value)
    return value


def load(path):
    return json.loads((SCHEMAS / path).read_text(encoding="utf-8"))


def registry():
    resources = ((BASE + str(path.relative_to(SCHEMAS)), referencing.Resource.from_contents(load(path)))
                 for folder in ("events", "topics", "http") for path in (SCHEMAS / folder).glob("*.json"))
    return referencing.Registry().with_resources(resources)


_registry = registry()
validators = {
    kind: jsonschema.Draft202012Validator(load(path), registry=_registry, format_checker=formats)
    for kind, path in FILES.items()
}


def verdict(kind, raw):
    """ok, invalid_json or schema: what core/codec must say of these bytes."""
    try:
        value = parse(raw)
    except OutsideProfile:
        return "invalid_json"
    return "ok" if validators[kind].is_valid(value) else "schema"

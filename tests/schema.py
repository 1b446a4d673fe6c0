"""Checks a JSON value against a JSON schema: the part of draft 2020-12 that docs/schema uses.

A keyword that is not known here is an error, so that no rule of a schema goes unchecked.
"""
import functools
import json
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NOTES = {"$schema", "$defs", "title", "description"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


@functools.cache
def load(name):
    with open(os.path.join(ROOT, "docs", "schema", name + ".schema.json"), encoding="utf-8") as f:
        return json.load(f)


def is_type(value, name):
    if name in ("integer", "number"):
        kinds = int if name == "integer" else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def is_number(value):
    return is_type(value, "number")


def check_object(value, schema, root, at):
    known = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for key in schema.get("required", ()):
        if key not in value:
            yield f"{at}: '{key}' is missing"
    for key, item in value.items():
        where = f"{at}.{key}"
        if key in known:
            yield from check(item, known[key], root, where)
        elif others is False:
            yield f"{where}: not in the schema"
        elif others is not True:
            yield from check(item, others, root, where)


def check(value, schema, root, at="$"):
    """Gives every violation as a line of text."""
    for word, rule in schema.items():
        if word in NOTES or word in ("required", "properties", "additionalProperties"):
            continue
        if word == "$ref":
            # a part of this schema, or of another file beside it
            name, _, path = rule.partition("#/")
            home = load(name.removesuffix(".schema.json")) if name else root
            part = home
            for step in path.split("/"):
                part = part[step]
            yield from check(value, part, home, at)
        elif word == "type":
            names = rule if isinstance(rule, list) else [rule]
            if not any(is_type(value, name) for name in names):
                yield f"{at}: {value!r} is not {' or '.join(names)}"
        elif word == "anyOf":
            found = [list(check(value, part, root, at)) for part in rule]
            if all(found):  # what is wrong with the one that fits best
                yield from min(found, key=len)
        elif word == "enum":
            if value not in rule:
                yield f"{at}: {value!r} is none of {rule}"
        elif word == "pattern":
            if isinstance(value, str) and not re.search(rule, value, re.ASCII):
                yield f"{at}: {value!r} does not match {rule}"
        elif word == "minLength":
            if isinstance(value, str) and len(value) < rule:
                yield f"{at}: {value!r} is too short"
        elif word == "minimum":
            if is_number(value) and value < rule:
                yield f"{at}: {value} is less than {rule}"
        elif word == "maximum":
            if is_number(value) and value > rule:
                yield f"{at}: {value} is more than {rule}"
        elif word == "maxItems":
            if isinstance(value, list) and len(value) > rule:
                yield f"{at}: {len(value)} items, more than {rule}"
        elif word == "items":
            if isinstance(value, list):
                for i, item in enumerate(value):
                    yield from check(item, rule, root, f"{at}[{i}]")
        else:
            yield f"{at}: the schema's keyword '{word}' is not known"
    if isinstance(value, dict):
        yield from check_object(value, schema, root, at)


def errors(value, schema):
    """The violations as one text; empty when there is none."""
    return "\n".join(check(value, schema, schema))

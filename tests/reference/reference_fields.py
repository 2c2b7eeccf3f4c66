"""What docs/schema/ says of fields: their paths, types, values and texts."""

import dataclasses
import functools
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = {"time": "time", "count": "number", "port": "port", "address": "address", "mac": "MAC address", "macs": "list of MAC addresses"}
TYPES = {"string": "text", "integer": "number", "boolean": "true or false", "object": "object", "null": "null"}


@dataclasses.dataclass(frozen=True)
class Field:
    path: str
    node: dict
    is_always: bool
    text: str
    type: str


@functools.cache
def schema(name):
    return json.loads((ROOT / f"docs/schema/{name}.schema.json").read_text(encoding="utf-8"))


class Reader:
    """Of one schema. Findings are named by the catalogue, so that their lists stand once."""

    def __init__(self, name, findings):
        self.schema = schema(name)
        self.definitions = self.schema["$defs"]
        self.findings = set(findings)

    def name_of(self, node):
        return node.get("$ref", "").removeprefix("#/$defs/")

    def whole(self, node):
        """With what it refers to; its own text goes first."""
        name = self.name_of(node)
        return {**self.whole(self.definitions[name]), **{key: value for key, value in node.items() if key != "$ref"}} if name else node

    def values(self, node):
        node = self.whole(node)
        node = self.whole(node["items"]) if "items" in node else node
        listed = [value for value in node.get("enum", [node["const"]] if "const" in node else []) if value is not None]
        return [] if set(map(str, listed)) <= self.findings else listed

    def type(self, node):
        name = self.name_of(node)
        if name:
            return WORDS.get(name) or self.type(self.definitions[name])
        if "items" in node:
            return "list of " + {"number": "numbers", "object": "objects", "finding": "findings", "address": "addresses", "text": "texts",
                                 "word": "words"}[self.type(node["items"])]
        if "enum" in node:
            word = "finding" if not self.values(node) else "word"
            return word + (" or null" if None in node["enum"] else "")
        if "const" in node:
            return "true" if node["const"] is True else "number" if isinstance(node["const"], int) else "word"
        kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
        return " or ".join(TYPES[kind] for kind in kinds)

    def text(self, node):
        """What it says, and the values that it does not name."""
        words, values = self.whole(node).get("description", ""), [value for value in self.values(node) if value is not True]
        missing = [f"`{value}`" for value in values if f"`{value}`" not in words]
        if not words or not missing:
            return words
        lead = "Always" if len(values) == 1 else "Values:" if len(missing) == len(values) else "Other values:"
        return f"{words} {lead} {', '.join(missing)}."

    def fields(self, node, prefix="", into=lambda path, name: True):
        """Of an object, in its order; of an object in it only where into says so of its path and its definition's name."""
        whole = self.whole(node)
        whole = self.whole(whole["items"]) if "items" in whole else whole
        for key, child in whole.get("properties", {}).items():
            path = f"{prefix}{key}"
            yield Field(path, child, key in whole.get("required", []), self.text(child), self.type(child))
            if into(path, self.name_of(child)):
                yield from self.fields(child, path + ("[]." if "items" in self.whole(child) else "."), into)
        below = whole.get("additionalProperties")
        if isinstance(below, dict) and "properties" in below:
            yield from self.fields(below, prefix + "KIND.", into)

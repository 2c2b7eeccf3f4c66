"""The part of Splunk's and Kibana's search languages that docs/siem uses, on one record.

Splunk: terms KEY=VALUE, joined by AND (also unsaid), OR, NOT and parentheses, up to the first pipe. Kibana (KQL): terms
KEY: VALUE. In both a star stands for anything, case does not matter, and a list is true where one of its values is.
"""

import re

from receivers import values
from searches import tokens

def said(value):
    return str(value).lower() if not isinstance(value, bool) else ("true" if value else "false")


def holds(record, key, sign, wanted):
    found = [value for value in values(record, key.replace("{}", "")) if value is not None]
    wanted = wanted.strip('"')
    if sign in ("<=", ">="):
        return any(value <= int(wanted) if sign == "<=" else value >= int(wanted) for value in found)
    pattern = ".*".join(map(re.escape, wanted.lower().split("*")))
    return any(re.fullmatch(pattern, said(value)) for value in found)


class Search:
    def __init__(self, text):
        self.tokens = tokens(text.split("|")[0])
        self.keys = {token[0] for token in self.tokens if isinstance(token, tuple)}
        self.at = 0
        self.tree = self.either()
        assert self.at == len(self.tokens), f"not closed: {text}"

    def ahead(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def either(self):
        found = [self.both()]
        while self.ahead() == "or":
            self.take()
            found.append(self.both())
        return lambda record: any(one(record) for one in found)

    def both(self):
        found = [self.one()]
        while self.ahead() not in (None, "or", ")"):
            if self.ahead() == "and":
                self.take()
            found.append(self.one())
        return lambda record: all(one(record) for one in found)

    def one(self):
        token = self.take()
        if token == "not":
            inner = self.one()
            return lambda record: not inner(record)
        if token == "(":
            inner = self.either()
            assert self.take() == ")"
            return inner
        return lambda record: holds(record, *token)

    def finds(self, record):
        return self.tree(record)

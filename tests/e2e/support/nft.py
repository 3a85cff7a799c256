"""What nftables has counted."""

import json

from .programs import tool


def counter(namespace, family, table, name):
    """Of this name: {"packets": …, "bytes": …}"""
    listed = json.loads(namespace.run(tool("nft"), "-j", "list", "counter", family, table, name))
    return next(entry["counter"] for entry in listed["nftables"] if "counter" in entry)


def set_counters(namespace, family, table, name):
    """By element of a set whose elements have counters."""
    listed = json.loads(namespace.run(tool("nft"), "-j", "list", "set", family, table, name))
    elements = next(entry["set"].get("elem", []) for entry in listed["nftables"] if "set" in entry)
    return {each["elem"]["val"]: each["elem"]["counter"] for each in elements}

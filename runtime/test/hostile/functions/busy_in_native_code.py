import re


def handler(input, context):
    """One call into C that holds the interpreter's lock for ever."""
    re.match(r"(a+)+$", "a" * 60 + "b")
    return {"could": ["finish"]}

import logging
import os


def handler(input, context):
    for number in range(20_000):
        logging.critical("%d", number)
    for forged in (
        b"{}",
        b"[" * 100_000,
        b'{"level":"constructor","logger":"__proto__","message":"x"}',
        b"\0" * 10_000_000,
    ):
        rest = forged + b"\n"
        while rest:
            rest = rest[os.write(4, rest) :]
    return {"could": []}

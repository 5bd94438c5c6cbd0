"""How values of numpy travel in a saved `env`.

numpy's own pickles let the reader build any dtype from any bytes, one with pointers in it too. Here an array
travels in numpy's file format, which refuses objects, and an array of objects as a list of them.
Source of the format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import io
from collections.abc import Callable
from typing import Any


def reduce_numpy(value: Any, numpy: Any) -> tuple[Callable, tuple] | None:
    """What to call, with what, to get a value of numpy back; None for what is none of its plain values."""
    if isinstance(value, numpy.dtype):
        description = numpy.lib.format.dtype_to_descr(value)
        if numpy.lib.format.descr_to_dtype(description) != value:
            raise TypeError(f"the dtype {value!r} has no description that gives it back")
        return dtype_from_description, (description,)
    if isinstance(value, numpy.generic):
        return scalar_from_bytes, (_to_bytes(numpy.asarray(value), numpy),)
    if type(value) is numpy.ma.MaskedArray:
        return masked_array, (value.data, numpy.ma.getmaskarray(value), value.fill_value)
    if type(value) is not numpy.ndarray:
        return None
    if value.dtype == object:
        return array_of_objects, (value.shape, value.ravel().tolist())
    return array_from_bytes, (_to_bytes(value, numpy),)


def dtype_from_description(description: Any) -> Any:
    """A dtype from what `numpy.lib.format.dtype_to_descr` says of it."""
    import numpy

    return numpy.lib.format.descr_to_dtype(description)


def array_from_bytes(data: bytes) -> Any:
    """An array from its .npy bytes."""
    import numpy

    return numpy.lib.format.read_array(io.BytesIO(data), allow_pickle=False)


def scalar_from_bytes(data: bytes) -> Any:
    """A scalar from the .npy bytes of an array without dimensions."""
    return array_from_bytes(data)[()]


def array_of_objects(shape: tuple, items: list) -> Any:
    """An array of Python objects."""
    import numpy

    array = numpy.empty(len(items), dtype=object)
    array[:] = items
    return array.reshape(shape)


def masked_array(data: Any, mask: Any, fill_value: Any) -> Any:
    """An array with a mask."""
    import numpy

    return numpy.ma.MaskedArray(data, mask=mask, fill_value=fill_value)


def _to_bytes(array: Any, numpy: Any) -> bytes:
    stream = io.BytesIO()
    numpy.lib.format.write_array(stream, array, allow_pickle=False)
    return stream.getvalue()

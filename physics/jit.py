"""How kernels are compiled: four decorators and a call through an address, so that nobody has to remember why.

All are cached on disk and release the GIL, and divide as numpy does (no hidden branch and exception at every
division).  ``_nrt=False`` switches numba's reference counting off: handing arrays from kernel to kernel then costs
nothing, which makes random numbers three and decays two times faster.  Such a kernel cannot allocate, which is what
an event loop asks for anyway; assign sub-arrays element by element.

numba compiles a kernel anew into every kernel that calls it, and into those that call that one: what is large and low
(the amplitudes of all decay models, say) would be compiled ten times.  Such a kernel is compiled once,
:func:`address_of`, and called through its address, :func:`call_at`, which costs some 20 ns.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
from llvmlite import ir
from numba import cfunc, njit, typeof, types
from numba.core import cgutils
from numba.extending import intrinsic

from physics.kernel_cache import guard

_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy"}


def _decorator(**options: Any) -> Callable[..., Any]:
    """Return a decorator that compiles a function once for each set of types; numba would, for every literal."""

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = njit(**_OPTIONS, **options)(function)
        guard(dispatcher._cache)
        template_of = dispatcher.get_call_template
        dispatcher.get_call_template = lambda args, kws: template_of(
            tuple(map(types.unliteral, args)), {name: types.unliteral(arg) for name, arg in kws.items()}
        )
        return dispatcher

    return decorate


kernel = _decorator(_nrt=False, fastmath={"contract"})
"""For all that runs inside an event loop; allocates nothing.  Products and sums may be fused, which is rounded once."""

inlined_kernel = _decorator(_nrt=False, forceinline=True, fastmath={"contract", "arcp"})
"""For the few lines that are called millions of times from one place; divisors may be inverted."""

summing_kernel = _decorator(_nrt=False, fastmath={"reassoc", "contract", "nsz"})
"""For short loops of sums, whose order the compiler may choose: it then adds several particles at a time."""

driver = _decorator()
"""For loops over the events of a chunk, which allocate their scratch memory once."""

_COMPILED: dict[Callable[..., int], Any] = {}
_COMPILING = Lock()


def address_of(function: Callable[..., int], arguments: tuple[Any, ...], memory: Any = None) -> int:
    """Return the address of a plain function of a module, compiled (and cached on disk) on the first request.

    ``function(pointer)`` unpacks :func:`value_at` the pointer, a tuple of the types of the example ``arguments``,
    hands them to a kernel and returns an integer.  With ``memory`` (an example of a tuple of arrays that stays the same
    from call to call) it is ``function(pointer, pointer_to_memory)``.
    """
    with _COMPILING:
        if function not in _COMPILED:
            examples = (arguments,) if memory is None else (arguments, memory)
            signature = types.int64(*(types.CPointer(typeof(example)) for example in examples))
            _COMPILED[function] = cfunc(signature, cache=True, error_model="numpy", _nrt=False)(function)
        return int(_COMPILED[function].address)


@intrinsic
def value_at(_context, pointer):
    """What lies at a pointer that a compiled function was given."""

    def generate(context, builder, signature, values):
        value_type = context.get_value_type(signature.return_type)
        return builder.load(builder.bitcast(values[0], value_type.as_pointer()))

    return pointer.dtype(pointer), generate


@intrinsic
def in_memory(_context, value):
    """Put a tuple of arrays into memory of the calling kernel; returns the pointer for :func:`value_at`.

    A table of ten arrays goes from kernel to kernel as seventy words, its pointer as one.  Does nothing to what is such
    a pointer already: a driver may make it once, before its loop.
    """
    if isinstance(value, types.CPointer):
        return value(value), lambda _context, _builder, _signature, values: values[0]

    def generate(context, builder, signature, values):
        pointer = cgutils.alloca_once_value(builder, values[0])
        return builder.bitcast(pointer, context.get_value_type(signature.return_type))

    return types.CPointer(value)(value), generate


@intrinsic
def call_at(_context, address, arguments):
    """Call what :func:`address_of` returned with a tuple of exactly the example's types; returns its integer."""

    def generate(_target, builder, _signature, values):
        pointer = cgutils.alloca_once_value(builder, values[1])
        function = ir.FunctionType(ir.IntType(64), [pointer.type])
        return builder.call(builder.inttoptr(values[0], function.as_pointer()), [pointer])

    return types.int64(address, arguments), generate


@intrinsic
def call_with_memory(_context, address, memory, arguments):
    """As :func:`call_at`, with memory at a pointer of :func:`in_memory` or the address where :func:`pinned` put it."""

    def generate(_target, builder, signature, values):
        pointer = cgutils.alloca_once_value(builder, values[2])
        bytes_at = ir.IntType(8).as_pointer()
        function = ir.FunctionType(ir.IntType(64), [pointer.type, bytes_at])
        cast = builder.bitcast if isinstance(signature.args[1], types.CPointer) else builder.inttoptr
        second = cast(values[1], bytes_at)
        return builder.call(builder.inttoptr(values[0], function.as_pointer()), [pointer, second])

    return types.int64(address, memory, arguments), generate


@intrinsic
def _store(_context, value, address):
    """Put a tuple at an address; returns its size in bytes.  At address 0 it only returns the size."""

    def generate(context, builder, signature, values):
        value_type = context.get_value_type(signature.args[0])
        with builder.if_then(builder.icmp_unsigned("!=", values[1], ir.Constant(values[1].type, 0))):
            builder.store(values[0], builder.inttoptr(values[1], value_type.as_pointer()))
        return context.get_constant(types.int64, context.get_abi_sizeof(value_type))

    return types.int64(value, address), generate


@driver
def _put(value, address):
    return _store(value, address)


@intrinsic
def fetch_row(_context, table, row):
    """Have the processor fetch the lines of a row that will be written, in all columns of a tuple of arrays (not its
    ``offsets``, the first one).

    A store to memory that is not in the cache waits for it.  No harm is done where the row does not exist.
    """

    def generate(context, builder, signature, values):
        pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        prefetch = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [pointer, word, word, word]), "llvm.prefetch.p0i8"
        )
        for place, kind in enumerate(signature.args[0].types[1:], start=1):
            column = context.make_array(kind)(context, builder, builder.extract_value(values[0], place))
            distance = builder.mul(values[1], cgutils.unpack_tuple(builder, column.strides)[0])
            line = builder.gep(builder.bitcast(column.data, pointer), [distance])
            builder.call(prefetch, [line, word(1), word(2), word(1)])  # to write, to the second cache, data
        return context.get_dummy_value()

    return types.none(table, types.int64), generate


def pinned(memory: tuple[Any, ...]) -> np.ndarray:
    """Return a buffer whose address (``buffer.ctypes.data``) stands for a tuple of arrays; keep both alive."""
    buffer = np.zeros(_put(memory, 0) // 8 + 1, np.int64)
    _put(memory, buffer.ctypes.data)
    return buffer

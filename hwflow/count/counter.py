# SPDX-License-Identifier: Apache-2.0
"""Counting by watching: every operation that PyTorch carries out for one input passes here."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils.parametrize import ParametrizationList
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from hwflow.count.counts import Counts
from hwflow.count.parameters import is_one_bit, is_quantiser_part, own_parameters, parameter_count, weight_bits
from hwflow.errors import UserError
from hwflow.nn import RPReLU, RSign, RSiLU

aten = torch.ops.aten

_NORMS = {
    aten.native_batch_norm,
    aten._native_batch_norm_legit,
    aten._native_batch_norm_legit_no_training,
    aten._batch_norm_no_update,
    aten.cudnn_batch_norm,
    aten.native_layer_norm,
    aten.native_group_norm,
    aten._fused_rms_norm,
}
_ACTIVATIONS = {
    aten.relu,
    aten.hardtanh,  # ReLU6
    aten._prelu_kernel,
    aten.leaky_relu,
    aten.rrelu_with_noise,
    aten.elu,
    aten.celu,
    aten.gelu,
    aten.silu,
    aten.mish,
    aten.sigmoid,
    aten.hardsigmoid,
    aten.hardswish,
    aten.tanh,
    aten.softplus,
    aten.threshold,
}
_POOLS = {
    aten.max_pool2d_with_indices,
    aten.max_pool3d_with_indices,
    aten.avg_pool2d,
    aten.avg_pool3d,
    aten._adaptive_avg_pool2d,
    aten._adaptive_avg_pool3d,
    aten.adaptive_max_pool2d,
    aten.adaptive_max_pool3d,
}
_REDUCTIONS = {aten.mean, aten.sum, aten.amax}
# An adaptive pool to 1x1 reaches us as a mean: over these axes of a map N x C x H x W.
_PIXEL_AXES = {2, 3}

# Of the operators of these libraries, what stands in no table above is elementwise or moves data.
_KNOWN_LIBRARIES = {"aten", "prim", "prims", "autograd_ste_ops"}

_FREE_MODULES = (RSign,)
_ACTIVATION_MODULES = (RPReLU, RSiLU)


@torch.no_grad()
def count(network: nn.Module, input_shape: Sequence[int]) -> Counts:
    """Count `network`, any torch module that takes one tensor, for one input of `input_shape` (no batch axis).

    The input is zeros in the dtype and on the device of the first floating-point parameter. The network is as it was
    when this returns, training mode included.

    Raises UserError if the network does not run on such an input, and if a part of it is TorchScript, which hides what
    it is made of.
    """
    if any(isinstance(module, torch.jit.ScriptModule) for module in network.modules()):
        raise UserError(f"{type(network).__name__} is TorchScript; count the module that it was made from")
    parameter = next((p for p in network.parameters() if p.is_floating_point()), torch.empty(0))
    zeros = torch.zeros(1, *input_shape, dtype=parameter.dtype, device=parameter.device)
    counter = _Counter()
    with _eval_mode(network), _watched(network, counter), _plain_kernels(network), counter:
        try:
            network(zeros)
        except (RuntimeError, ValueError, TypeError, IndexError, AssertionError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            shape = "x".join(map(str, input_shape))
            raise UserError(f"{type(network).__name__} does not run on an input of {shape}: {reason}") from None
    return Counts(
        params=parameter_count(network),
        weight_bits=weight_bits(network),
        bops=counter.bops,
        flops=counter.flops,
        uncounted=tuple(_uncounted(network, counter)),
    )


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up operations; knows the modules that run at the moment, the innermost last."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bops = 0
        self.flops = 0
        self.running: list[nn.Module] = []
        self.entered: set[int] = set()
        self.unknown: set[str] = set()
        """operators of other libraries that no rule covers"""
        self.used: set[int] = set()
        """storages that a product took as they are"""
        self.charged: set[int] = set()
        """ids of modules that asked for a counted operation themselves"""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        self._charge(func, args, kwargs, out)
        return out

    def enter(self, module: nn.Module, _args: object) -> None:
        self.running.append(module)
        self.entered.add(id(module))

    def leave(self, module: nn.Module, _args: object, out: object) -> None:
        self.running.pop()
        if isinstance(module, _ACTIVATION_MODULES) and isinstance(out, Tensor):
            self.flops += out.numel()
            self.charged.add(id(module))

    def _charge(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        op = _IN_PLACE.get(func._overloadpacket, func._overloadpacket)
        if op in flop_registry:
            self.used |= {_storage(tensor) for tensor in args if isinstance(tensor, Tensor)}
            macs = flop_registry[op](*args, **kwargs, out_val=out) // 2
            if any(is_one_bit(module) for module in self.running):
                self.bops += macs
            else:
                self.flops += macs
        elif any(isinstance(module, _FREE_MODULES + _ACTIVATION_MODULES) for module in self.running):
            return
        elif op in _NORMS:
            self.flops += 2 * _first(out).numel()
        elif op in _ACTIVATIONS:
            self.flops += _first(out).numel()
        elif op in _POOLS or (op in _REDUCTIONS and _over_pixels(args)):
            self.flops += args[0].numel()
        else:
            if func.namespace not in _KNOWN_LIBRARIES:
                self.unknown.add(str(op))
            return
        if self.running:
            self.charged.add(id(self.running[-1]))


_IN_PLACE: dict[Any, Any] = {
    getattr(aten, f"{op.__name__}_"): op for op in _ACTIVATIONS if hasattr(aten, f"{op.__name__}_")
}


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _first(out: Any) -> Tensor:
    tensor: Tensor = out[0] if isinstance(out, tuple | list) else out
    return tensor


def _over_pixels(args: tuple[Any, ...]) -> bool:
    map_, axes = args[0], args[1] if len(args) > 1 else None
    if not isinstance(axes, list | tuple) or map_.dim() != 4:
        return False
    return {axis % 4 for axis in axes} == _PIXEL_AXES


def _uncounted(network: nn.Module, counter: _Counter) -> Iterator[str]:
    for name, module in network.named_modules():
        numbers = own_parameters(module)
        if not numbers or id(module) in counter.charged or isinstance(module, _FREE_MODULES):
            continue
        if is_quantiser_part(module) or isinstance(module, ParametrizationList):
            continue
        reason = "nothing in it that the rule counts"
        if id(module) not in counter.entered:
            # A parent may take its child's parameters itself, as attention does.
            if any(_storage(parameter) in counter.used for parameter in module.parameters(recurse=False)):
                continue
            reason = "never called"
        yield f"{name or 'the network itself'} ({type(module).__name__}, {numbers} parameters): {reason}"
    for operator in sorted(counter.unknown):
        yield f"operator {operator}: not known to the rule"


@contextmanager
def _eval_mode(network: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@contextmanager
def _watched(network: nn.Module, counter: _Counter) -> Iterator[None]:
    hooks = []
    # A Brevitas network consists of quantiser parts for the most part.
    for module in (module for module in network.modules() if not is_quantiser_part(module)):
        hooks.append(module.register_forward_pre_hook(counter.enter))
        hooks.append(module.register_forward_hook(counter.leave))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _plain_kernels(network: nn.Module) -> Iterator[None]:
    """Without the fused kernels of attention and recurrence, which would hide their matrix products."""
    before: bool = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with ExitStack() as plain:
            plain.enter_context(sdpa_kernel(SDPBackend.MATH))
            if any(isinstance(module, nn.RNNBase) for module in network.modules()):
                # This switch warns of Intel GPUs that nobody asked for.
                plain.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")
                plain.enter_context(torch.backends.mkldnn.flags(enabled=False))
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)

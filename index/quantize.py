"""Eight-bit matrices for the embedding model: half the time of single precision on AVX2.

Quantized as they come, a transformer's activations lose most of what they say, for a few channels
and a few tokens are many times as large as the others. So

- channels are evened out, the weights making up for it (Xiao et al. 2023, "SmoothQuant"), by what
  the model makes of some sentences;
- where a matrix reduces what an activation function gave, each token has its own scale (Yao et
  al. 2022, "ZeroQuant"), because there the tokens differ more than the channels.

Each text has its own scale for the rest, each output channel of the weights has its own, too
(Jacob et al. 2018, "Quantization and training of neural networks for efficient integer-arithmetic
-only inference").

AVX2 adds two products of eight bits in sixteen, and cuts off what is too large for them. Scales
are chosen so that no two weights that meet there can add up to too much. Every processor gets the
same, then, and nearly the whole eight bits are used: for all products to fit by themselves, as
ONNX Runtime's own `reduce_range` has it, they would be seven.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

# How far channels are evened out: 0 not at all, 1 wholly. From 0.5 to 0.8 it makes no difference.
EVENED = 0.6
# Two weights times 255 are at most 255 · 128 = 32,640 < 2^15, one of the 128 being for rounding.
MOST_IN_PAIR = 127
TINY = 1e-6  # keeps what is all noughts from being divided by nought
DOMAIN = "com.microsoft"


def even_out(model: Any, sentences: Sequence[str]) -> None:
    """Make the matrices of a sentence-transformers model take inputs that bear eight bits.

    `sentences` show which channels are large. The model gives what it gave, up to rounding.
    """
    import torch  # noqa: PLC0415 - seconds of import

    class Smoothed(torch.nn.Linear):  # type: ignore[misc] # torch is only imported here
        """Divides its input channel by channel; its weights are multiplied by as much."""

        divisors: Any

        def forward(self, given: Any) -> Any:
            return super().forward(given / self.divisors)

    class Scaled(torch.nn.Linear):  # type: ignore[misc] # torch is only imported here
        """Scales its input to 1 token by token, and its output back."""

        def forward(self, given: Any) -> Any:
            largest = given.abs().amax(-1, keepdim=True) + TINY
            found = torch.nn.functional.linear(given / largest, self.weight) * largest
            return found if self.bias is None else found + self.bias

    for linear, largest in _largest_inputs(model, sentences).items():
        if linear.in_features > linear.out_features:
            linear.__class__ = Scaled
        else:
            linear.__class__ = Smoothed
            linear.divisors = (largest + TINY) ** EVENED
            linear.weight.data *= linear.divisors


def quantize(graph: "onnx.GraphProto") -> None:
    """Turn the products of a graph with its weights into eight bits, biases after them included."""
    from onnx import helper, numpy_helper  # noqa: PLC0415 - only making a graph needs it

    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    adds = {name: node for node in graph.node if node.op_type == "Add" for name in node.input}
    for node in list(graph.node):
        weights = constants.get(node.input[1]) if node.op_type == "MatMul" else None
        if weights is None or weights.ndim != 2 or len(weights) % 2:  # not one of a linear map
            continue
        name = node.input[1]
        eight, scales = to_eight_bits(weights)
        graph.initializer.append(numpy_helper.from_array(eight, f"{name}_eight"))
        graph.initializer.append(numpy_helper.from_array(scales, f"{name}_scales"))
        inputs, output = [node.input[0], f"{name}_eight", f"{name}_scales"], node.output[0]
        bias = _bias(adds.get(output), constants)
        if bias is not None:
            inputs, output = [*inputs, "", bias], adds[node.output[0]].output[0]
            graph.node.remove(adds[node.output[0]])
        node.CopyFrom(
            helper.make_node("DynamicQuantizeMatMul", inputs, [output], node.name, domain=DOMAIN)
        )
    _remove_unused(graph)


def to_eight_bits(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Weights, shape (inputs, outputs) with an even number of inputs, and the outputs' scales."""
    pairs = weights.reshape(-1, 2, weights.shape[1])
    sums = np.maximum(pairs.clip(min=0).sum(axis=1), (-pairs).clip(min=0).sum(axis=1))
    scales = (sums.max(axis=0) / MOST_IN_PAIR).clip(min=TINY).astype(np.float32)
    return np.rint(weights / scales).astype(np.int8), scales


def _bias(add: "onnx.NodeProto | None", constants: Mapping[str, NDArray[Any]]) -> str | None:
    """The name of the vector that a node adds to the other input, if it does."""
    names = [] if add is None else [name for name in add.input if name in constants]
    return names[0] if names and constants[names[0]].ndim == 1 else None


def _remove_unused(graph: "onnx.GraphProto") -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [each for each in graph.initializer if each.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _largest_inputs(model: Any, sentences: Sequence[str]) -> dict[Any, Any]:
    """The linear maps that the model applies, and how large each channel of their input gets."""
    import torch  # noqa: PLC0415 - seconds of import

    largest: dict[Any, Any] = {}

    def see(linear: Any, inputs: Any) -> None:
        seen = inputs[0].abs().flatten(end_dim=-2).amax(0)
        largest[linear] = torch.maximum(seen, largest.get(linear, seen))

    linears = [each for each in model.modules() if type(each) is torch.nn.Linear]
    hooks = [each.register_forward_pre_hook(see) for each in linears]
    model.encode(list(sentences), show_progress_bar=False)
    for hook in hooks:
        hook.remove()
    return largest

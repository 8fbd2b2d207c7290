"""Eight-bit matrices: how near they come, and that no processor cuts off what they add up to."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from made_model import make_model
from onnx import TensorProto, helper, numpy_helper

from index.graph import SENTENCES
from index.quantize import DOMAIN, TINY, even_out, quantize, to_eight_bits

LARGEST_INPUT, LARGEST_SUM = 255, 2**15 - 1  # of a product in eight bits, of two in sixteen
Weights = np.ndarray[Any, np.dtype[np.float32]]

matrices = st.tuples(st.integers(1, 8).map(lambda half: 2 * half), st.integers(1, 5)).flatmap(
    lambda shape: arrays.arrays(np.float32, shape, elements=st.floats(-9, 9, width=32))
)


@settings(deadline=None)
@given(matrices)
def test_weights_come_back_and_no_two_of_them_are_too_much(weights: Weights) -> None:
    eight, scales = to_eight_bits(weights)
    assert np.abs(eight * scales - weights).max() <= scales.max() * 0.5001 + TINY
    pairs = eight.astype(int).reshape(-1, 2, weights.shape[1])
    for sign in (1, -1):
        assert (sign * pairs).clip(min=0).sum(axis=1).max() * LARGEST_INPUT <= LARGEST_SUM


@pytest.mark.parametrize(
    ("weights", "eight", "scales"),
    [
        ([[1.0], [-1.0]], [[127], [-127]], [1 / 127]),  # they never add up
        ([[1.0], [1.0]], [[64], [64]], [2 / 127]),  # 63.5 is rounded to even
        ([[1.0], [0.5]], [[85], [42]], [1.5 / 127]),  # 84.7 and 42.3
        ([[0.0], [0.0]], [[0], [0]], [TINY]),
        ([[1.0, 10.0], [0.0, 0.0]], [[127, 127], [0, 0]], [1 / 127, 10 / 127]),
    ],
)
def test_each_output_has_its_scale(
    weights: list[list[float]], eight: list[list[int]], scales: list[float]
) -> None:
    found = to_eight_bits(np.array(weights, dtype=np.float32))
    assert found[0].tolist() == eight
    assert found[1] == pytest.approx(scales)


def graph_of(
    nodes: list[onnx.NodeProto], constants: dict[str, Weights], width: int
) -> onnx.ModelProto:
    made = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("given", TensorProto.FLOAT, ["tokens", width])],
        [helper.make_tensor_value_info("found", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(each, name) for name, each in constants.items()],
    )
    domains = [helper.make_opsetid("", 18), helper.make_opsetid(DOMAIN, 1)]
    return helper.make_model(made, opset_imports=domains, ir_version=9)


def run(model: onnx.ModelProto, given: Weights) -> Weights:
    import onnxruntime

    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(["found"], {"given": given})[0])


def operations(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("inputs", [2, 384, 1536])
def test_nothing_is_cut_off_where_all_is_as_large_as_can_be(inputs: int) -> None:
    weights = np.ones((inputs, 16), dtype=np.float32)
    model = graph_of(
        [helper.make_node("MatMul", ["given", "w"], ["found"])], {"w": weights}, inputs
    )
    quantize(model.graph)
    found = run(model, np.ones((3, inputs), dtype=np.float32))
    assert found == pytest.approx(inputs * 64 / 63.5, rel=1e-5)  # 63.5 is rounded to 64


@pytest.mark.parametrize("first", [True, False])
def test_a_bias_is_added_in_the_same_step(first: bool) -> None:
    random = np.random.default_rng(7)
    weights = random.normal(size=(64, 32)).astype(np.float32)
    bias = random.normal(size=32).astype(np.float32)
    given = random.normal(size=(5, 64)).astype(np.float32)
    added = ["b", "product"] if first else ["product", "b"]
    nodes = [
        helper.make_node("MatMul", ["given", "w"], ["product"]),
        helper.make_node("Add", added, ["found"]),
    ]
    model = graph_of(nodes, {"w": weights, "b": bias}, 64)
    quantize(model.graph)
    assert operations(model) == ["DynamicQuantizeMatMul"]
    assert {each.name for each in model.graph.initializer} == {"w_eight", "w_scales", "b"}
    expected = given @ weights + bias
    assert np.abs(run(model, given) - expected).max() < 0.03 * np.abs(expected).max()


@pytest.mark.parametrize(
    ("constants", "kind"),
    [
        ({}, "of what is given with itself"),
        ({"w": np.ones((7, 4), dtype=np.float32)}, "of an odd number"),
        ({"w": np.ones((2, 6, 4), dtype=np.float32)}, "of several matrices"),
    ],
)
def test_other_products_stay_as_they_are(constants: dict[str, Weights], kind: str) -> None:
    other = "w" if constants else "given"
    model = graph_of([helper.make_node("MatMul", ["given", other], ["found"])], constants, 7)
    quantize(model.graph)
    assert operations(model) == ["MatMul"], kind


def test_what_is_added_to_a_product_and_is_no_bias_stays() -> None:
    nodes = [
        helper.make_node("MatMul", ["given", "w"], ["product"]),
        helper.make_node("Add", ["product", "given"], ["found"]),
    ]
    weights = np.eye(4, dtype=np.float32)
    model = graph_of(nodes, {"w": weights}, 4)
    quantize(model.graph)
    assert operations(model) == ["DynamicQuantizeMatMul", "Add"]
    given = np.array([[0, 1, 2, 3]], dtype=np.float32)
    assert run(model, given) == pytest.approx(2 * given, abs=0.02)


def test_evening_out_changes_no_vector(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    make_model(tmp_path / "model")
    model = SentenceTransformer(str(tmp_path / "model"), device="cpu", local_files_only=True)
    before = model.encode(list(SENTENCES))
    weights = [each.detach().clone() for each in model.parameters()]
    even_out(model.eval().requires_grad_(False), SENTENCES)
    assert any((new != old).any() for new, old in zip(model.parameters(), weights, strict=True))
    assert model.encode(list(SENTENCES)) == pytest.approx(before, abs=1e-4)

"""Lets a fully convolutional network that was exported for one picture size take pictures of any size."""

from closeup.core.errors import ModelError

FREE_SIZE_VERSION = 1
"""Goes up when the converted file changes."""


def free_size(data: bytes) -> bytes:
    """Free height and width of the only input, (1, 3, H, W), of an ONNX network, and with them its outputs' shapes.

    The weights stay as they are. YuNet was published for 640 x 640 pixels and holds no layer that needs that; ONNX
    Runtime takes a file at its word, while OpenCV overrides it.

    Args:
        data: The content of an ONNX file; the store has compared its hash with the card's before.

    Raises:
        ModelError: If it is not a network with one input of four dimensions.
    """
    import onnx

    model = onnx.load_model_from_string(data)
    inputs = model.graph.input
    if len(inputs) != 1 or len(inputs[0].type.tensor_type.shape.dim) != 4:
        raise ModelError("The file to free from its picture size has no single input of shape (N, C, H, W).")
    for dim, name in zip(inputs[0].type.tensor_type.shape.dim[2:], ("height", "width"), strict=True):
        dim.dim_param = name
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    return bytes(model.SerializeToString(deterministic=True))

"""A trained network as it goes into a file: pictures in, probabilities and values out."""

import copy
from collections.abc import Mapping, Sequence
from keyword import iskeyword

from torch import Tensor, nn

from closeup.core.errors import InputError
from closeup.learning.pytorch import torch
from closeup.weights.network_card import INPUT
from closeup.workbench.recipes.heads import ResolvedHead
from closeup.workbench.training.network import Network, activated


class InferenceNetwork(nn.Module):
    """A copy of a network, on the CPU and in 32 bits, that computes what its file will.

    Attributes:
        heads: In the order of the file's outputs.
    """

    def __init__(
        self, network: Network, heads: Sequence[ResolvedHead], temperatures: Mapping[str, float], *, flip_test: bool
    ) -> None:
        """Copy.

        Args:
            network: Left as it is, training or not.
            heads: In the order that the file's outputs get.
            temperatures: By head of classes: what its raw numbers are divided by before the softmax (Guo et al. 2017);
                1 where absent.
            flip_test: Take the mean of the raw numbers of a picture and its mirror image.

        Raises:
            InputError: If a temperature is not above 0 or belongs to no head, or a head has the input's name.
        """
        super().__init__()
        _check(heads, temperatures)
        self.heads, self._temperatures, self._flip = tuple(heads), dict(temperatures), flip_test
        self.network = copy.deepcopy(network).to("cpu", torch.float32)
        for key in [key for key in self.network.heads if iskeyword(key)]:
            # The exporter writes Python of the modules' names, and "class" is that of every folder of classes.
            self.network.heads[f"{key}_"] = self.network.heads.pop(key)
        renamed = self.network.head_keys.items()
        self.network.head_keys = {name: f"{key}_" if iskeyword(key) else key for name, key in renamed}
        for parameter in self.network.parameters():
            # Of weights that lie channels last, the exporter makes index arithmetic behind every reshape.
            parameter.data = parameter.data.clone(memory_format=torch.contiguous_format)
        self.eval()

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        """One tensor for each head, (N, K) probabilities or (N, 1) values, for pictures (N, 3, P, P)."""
        raw = self.network(torch.cat([picture, picture.flip(3)]) if self._flip else picture)
        if self._flip:
            raw = {name: numbers.unflatten(0, (2, -1)).mean(0) for name, numbers in raw.items()}
        return tuple(activated(head, self._cooled(head, raw[head.name])) for head in self.heads)

    def _cooled(self, head: ResolvedHead, raw: Tensor) -> Tensor:
        temperature = self._temperatures.get(head.name, 1.0)
        return raw if temperature == 1.0 else raw / temperature


def _check(heads: Sequence[ResolvedHead], temperatures: Mapping[str, float]) -> None:
    known = {head.name: head for head in heads}
    if INPUT in known:
        raise InputError(f"A head may not be called {INPUT!r}: the network's input is.", "Give it another name.")
    for name, temperature in temperatures.items():
        if name not in known:
            raise InputError(f"There is a temperature for the head {name!r}, and the network has none of this name.")
        if known[name].is_value and temperature != 1:
            raise InputError(f"The head {name!r} gives a number, not probabilities; it has no temperature.")
        if not 0 < temperature < float("inf"):
            raise InputError(f"The temperature of the head {name!r} has to be above 0, and is {temperature}.")

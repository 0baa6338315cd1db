"""Feature-wise linear modulation of hidden features by the requirements."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["FiLM"]


class FiLM(nn.Module):
    """h + gamma(y) * h + beta(y), the identity at the start of training.

    FiLM (Perez et al., 2018) in the residual form of the VAO paper, sec. 4.3: y is an embedding
    of the requirements, gamma and beta are linear in it and start at 0.

    Args:
        embedding: Size of y.
        width: Size of the hidden features h.
    """

    def __init__(self, embedding: int, width: int) -> None:
        super().__init__()
        self.modulation = nn.Linear(embedding, 2 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, hidden: Tensor, embedded: Tensor) -> Tensor:
        """Modulate hidden features (n, tokens, width) by embedded requirements.

        Args:
            hidden: (n, tokens, width).
            embedded: (n, tokens, embedding), or (n, 1, embedding) the same for all tokens.
        """
        gamma, beta = self.modulation(embedded).chunk(2, dim=-1)
        result: Tensor = hidden + gamma * hidden + beta
        return result

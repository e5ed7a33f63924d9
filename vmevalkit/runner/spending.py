"""What runs may cost in all."""

from vmevalkit.errors import VMEvalError


class BudgetError(VMEvalError):
    """The next run might cost more than is left."""


class Purse:
    """Keeps what is spent below a limit: what a run may cost is put aside before it is submitted."""

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        """US dollars; `None` for no limit."""
        self.spent = 0.0
        self._reserved = 0.0

    def reserve(self, price: float) -> None:
        """Put a run's price aside.

        Raises:
            BudgetError: there is not enough left.

        """
        if self.limit is not None and self.spent + self._reserved + price > self.limit + 1e-9:
            left = self.limit - self.spent - self._reserved
            raise BudgetError(
                f"the budget of ${self.limit:.2f} ends here: ${left:.2f} is left, the next run may cost ${price:.2f}"
            )
        self._reserved += price

    def settle(self, price: float, cost: float) -> None:
        """Replace what was put aside by what the run has cost; 0 if it was never submitted."""
        self._reserved -= price
        self.spent += cost

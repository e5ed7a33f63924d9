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

    def reserve(self, price: float | None) -> float:
        """Put a run's price aside and return it; 0 if it is not known and there is no limit.

        Raises:
            BudgetError: there is not enough left, or nobody knows.

        """
        if price is None:
            if self.limit is not None:
                raise BudgetError("the price of the next run is not known, so no budget can be kept")
            return 0.0
        if self.limit is not None and self.spent + self._reserved + price > self.limit + 1e-9:
            left = self.limit - self.spent - self._reserved
            raise BudgetError(
                f"the budget of ${self.limit:.2f} ends here: ${left:.2f} is left, the next run may cost ${price:.2f}"
            )
        self._reserved += price
        return price

    def settle(self, price: float, cost: float) -> None:
        """Replace what was put aside by what the run has cost; 0 if it was never submitted."""
        self._reserved -= price
        self.spent += cost

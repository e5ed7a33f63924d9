"""What every route of the dashboard is built on."""

from dataclasses import dataclass

from vmevalkit.catalog import Catalog
from vmevalkit.dataroot import DataRoot
from vmevalkit.web.config import DashboardConfig


@dataclass(frozen=True)
class Dashboard:
    """A data root, what is known of it, and whom it is shown to."""

    config: DashboardConfig
    catalog: Catalog

    @property
    def root(self) -> DataRoot:
        """The data root."""
        return self.config.root

    def default_experiment(self) -> str:
        """Return the experiment that is shown first: the one of the configuration, or the first that there is."""
        names = [experiment.name for experiment in self.catalog.experiments()]
        return self.config.experiment if self.config.experiment in names or not names else names[0]

"""A remote that goes away, from the beginning or in the middle."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from fault_kinds import refused_or_done
from fault_ledger import Trial
from fault_trials import Disturbed, Reference, Workshop, randomness
from fault_verbs import Verb
from support.fault_proxy import FaultProxy
from support.stores import Place


class CutProxy(FaultProxy):
    """A proxy that lets a number of requests through, and fails all that follow."""

    def __init__(self, upstream: str, kind: str, after: int) -> None:
        super().__init__(upstream, share=0)
        self._kind, self._after = kind, after

    def draw(self, method: str, path: str, sends: bool) -> tuple[str | None, float]:
        """Decide over a request."""
        super().draw(method, path, sends)
        return (self._kind, 0.5) if self.requests > self._after else (None, 0.0)


NETWORKS = ("refused", "500", "cut", "500 midway")


def network_down(workshop: Workshop, verb: Verb, network: str, bucket: Place) -> Trial:
    """Take the remote away: from the beginning, or in the middle."""
    site = workshop.site(verb).moved_to(bucket)

    def disturb(reference: Reference) -> Disturbed:
        with _network(network, bucket, randomness(verb.name, network)) as address:
            away = replace(site, environment={"AWS_ENDPOINT_URL": address, "VMEVAL_REMOTE_TIMEOUT": "1"})
            said = workshop.victim(away, verb, {})
        return refused_or_done(said, (), "refused")

    return workshop.attempt(verb, "network", network, site, disturb)


@contextmanager
def _network(network: str, bucket: Place, chance: random.Random) -> Iterator[str]:
    upstream = bucket.environment["AWS_ENDPOINT_URL"]
    if network == "refused":
        yield "http://127.0.0.1:9"
        return
    kind = "reset" if network == "cut" else network.split(maxsplit=1)[0]
    after = 0 if network == "500" else chance.randint(3, 60)
    with CutProxy(upstream, kind, after) as proxy:
        yield proxy.url


import dataclasses, jax, numpy as np
@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Mean:
    total: object
    count: object
    def merge(self, o): return Mean(np.float64(self.total)+o.total, np.float64(self.count)+o.count)
    def value(self): return float(self.total/max(self.count,1))
@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class MetricSet:
    metrics: dict
    def merge(self, o): return MetricSet({k: v.merge(o.metrics[k]) for k,v in self.metrics.items()})
    def values(self): return {k: v.value() for k,v in self.metrics.items()}

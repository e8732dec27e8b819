"""The drop sites of a network, and the masks of one regulariser at them."""

from regularizers import Active, draw_masks, list_sites, realised_shares


def drop_at_sites(regularizer, key, forward, *arrays, keep_prob=0.5):
    """The masks, and the shares dropped by group, of ``forward(drop, *arrays)``."""
    sites = list_sites(forward, *arrays)
    active = {"one": Active(regularizer, keep_prob)}
    masks = draw_masks(key, sites, active)
    return masks, realised_shares("one", masks, sites, active)


class Spy:
    """A ``drop`` that lists (group, site), and changes the site of one number, if any."""

    def __init__(self, change=None, calls=None):
        self.change, self.calls = change, [] if calls is None else calls

    def at(self, part):
        return Spy(self.change, self.calls)

    def __call__(self, x, *, group, site):
        self.calls.append((group, site))
        return x * 0.5 if len(self.calls) - 1 == self.change else x

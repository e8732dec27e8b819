"""Lines of a label and a value, and numbers with their units, as the scripts print them."""


def row(label: str, value: str) -> None:
    """Prints one line; an empty label goes on with the line before."""
    print(f"{label:15} {value}".rstrip(), flush=True)


def binary(size: float) -> str:
    """Bytes as memory is sold: 16 GiB."""
    return f"{_scaled(size, 1024, ('', 'Ki', 'Mi', 'Gi', 'Ti'))}B"


def decimal(number: float) -> str:
    """Before its unit: 3.105 T."""
    return _scaled(number, 1000, ("", "k", "M", "G", "T", "P", "E"))


def counted(count: int, one: str, many: str = "") -> str:
    """A number of things: 1 site, 1,200 sites; ``many`` where that is not ``one`` with an s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def _scaled(number: float, step: int, prefixes: tuple[str, ...]) -> str:
    power = 0
    while number >= step and power < len(prefixes) - 1:
        number, power = number / step, power + 1
    return f"{number:.4g} {prefixes[power]}"

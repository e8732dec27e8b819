"""What the instructions of a compiled program do, read from its text (optimised HLO)."""

import re

from training.pods.hlo import largest_array

#: kind -> what the instruction's text, with that of the computations it calls, has in it. DropBlock
#: is what is named so itself: where it is fused into what would be there without it, that counts.
KINDS = {
    "convolution": re.compile(r" convolution\(|custom_call_target=\"[^\"]*[cC]onv"),
    "matrix product": re.compile(r" dot\(|custom_call_target=\"[^\"]*([gG]emm|matmul)"),
    "DropBlock": re.compile(r"\A[^\n]*op_name=\"[^\"]*dropblock"),
    "sums (batch norm)": re.compile(r" reduce\("),
    "pooling": re.compile(r" (reduce-window|select-and-scatter)\("),
    "copies": re.compile(r" (copy|transpose)\("),
    "element-wise and the rest": re.compile(""),
}
BACKWARD = re.compile(r'op_name="[^"]*transpose\(')
_RESULT = re.compile(r" = (.*?) [a-z][\w-]*\(")
_JAX_NAME = re.compile(r'op_name="[^"]*?(\w*)"')


def instructions(program: str) -> dict[str, str]:
    """Maps each instruction of an optimised HLO program to its text and that of all it calls."""
    bodies: dict[str, list[str]] = {}
    readers: dict[str, str] = {}
    own: dict[str, str] = {}
    computation = ""
    for line in program.splitlines():
        if header := re.match(r"(?:ENTRY )?%?([\w.-]+) .*\{$", line):
            computation = header[1]
        elif found := re.match(r"\s+(?:ROOT )?%?([\w.-]+) = ", line):
            own[found[1]] = line
            bodies.setdefault(computation, []).append(line)
            for operand in re.findall(r"%([\w.-]+)", line.partition(" = ")[2]):
                readers.setdefault(operand, line)

    def whole(line: str) -> str:
        called = re.findall(r"(?:calls|to_apply|body)=%?([\w.-]+)", line)
        # A reduction's own to_apply is its sum, of no interest.
        inner = [] if " reduce" in line else [part for c in called for part in bodies.get(c, [])]
        return "\n".join([line, *map(whole, inner)])

    def named(name: str, text: str) -> str:
        """With JAX's name of what reads it, where the compiler left it without one."""
        reader = re.search(r'op_name="[^"]*"', readers.get(name, ""))
        return text if "op_name" in text or not reader else f"{text} {reader[0]}"

    return {name: named(name, whole(line)) for name, line in own.items()}


def kind_of(text: str) -> tuple[str, bool]:
    """Returns an instruction's kind, and whether it belongs to the backward pass."""
    kind = next(kind for kind, pattern in KINDS.items() if pattern.search(text))
    return kind, bool(BACKWARD.search(text))


def describe(text: str) -> str:
    """Says what an instruction is: its kind, its largest result, JAX's name of it."""
    kind, backward = kind_of(text)
    words = [kind, "backward" if backward else "forward"]
    if (result := _RESULT.search(text)) and (array := largest_array(result[1])):
        words.append(array)
    if name := _JAX_NAME.search(text):
        words.append(name[1])
    return ", ".join(words)

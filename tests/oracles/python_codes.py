# SPDX-License-Identifier: Apache-2.0
"""Code objects of a running interpreter: what print_python_code reads out of its memory against what the
interpreter says of them (tests/targets/python/codes.py)."""
import json
import subprocess

TEXT_MAX = 4096  # with C's zero


def escaped(char):
    code = ord(char)
    if not code:
        return "\\x00"
    if 0xd800 <= code < 0xe000:
        return f"\\u{code:04x}"
    return char


def cut(pieces):
    """The longest row of whole characters that leaves room for the mark."""
    text = "".join(pieces)
    if len(text.encode()) < TEXT_MAX - len("..."):
        return text
    whole, size = [], 0
    for piece in pieces:
        size += len(piece.encode())
        if size > TEXT_MAX - 1 - len("..."):
            return "".join(whole) + "..."
        whole.append(piece)
    return text


def shown(characters, is_bytes):
    """As symbolizer/python/text.h promises, by Python's own codecs."""
    if not is_bytes:
        return cut([escaped(chr(c)) for c in characters])
    text = bytes(characters).decode("utf-8", "surrogateescape")
    return cut([f"\\x{ord(c) - 0xdc00:02x}" if "\udc80" <= c <= "\udcff" else escaped(c) for c in text])


def expected(row, is_bytes):
    """None: there is no code object."""
    if "name" not in row:
        return None
    names = [shown(row[part] or [], is_bytes).encode().hex() for part in ("name", "qualname", "filename")]
    return (*names, row["table"], str(row["first_line"]), str(row["flags"]))


def read_rows(stream):
    rows = []
    for line in stream:
        if line == b"done\n":
            return rows
        rows.append(json.loads(line))
    raise RuntimeError("the interpreter ended early")


def judge(print_python_code, python):
    """python: a running codes.py with pipes. Returns how many code objects, how many that are no more, and (theirs,
    ours) of those that differ."""
    head, *rows = read_rows(python.stdout)
    done = subprocess.run([print_python_code, str(python.pid), f"{head['hexversion']:x}", str(head["free_threaded"]),
                           f"{head['type']:x}"], input="\n".join(f"{row['at']:x}" for row in rows).encode(),
                          capture_output=True)
    ours = [tuple(line.split("\t")) for line in done.stdout.decode().split("\n")[:-1]]
    ours = [None if len(fields) == 1 else fields for fields in ours]  # an error's text
    theirs = [expected(row, head["bytes"]) for row in rows]
    assert len(ours) == len(theirs), (done.returncode, done.stderr)
    gone = theirs.count(None)
    return len(rows) - gone, gone, [pair for pair in zip(theirs, ours) if pair[0] != pair[1]]

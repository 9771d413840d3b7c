# SPDX-License-Identifier: Apache-2.0
"""Reads what sonde dump prints."""
import dataclasses
import re

THREAD = re.compile(r'Thread (\d+) "(.*)": (.*)$')
FRAME = re.compile(r"    (?! )(.*?)(?: \((.*?)(?::(\d+))?\)| (\[kernel\]))?$")


@dataclasses.dataclass
class Frame:
    name: str
    file: str  # or the library
    line: int
    kernel: bool
    locals: dict

    def python(self):
        return self.file.endswith(".py") or self.file.startswith("<")


@dataclasses.dataclass
class Thread:
    tid: int
    name: str
    state: str
    frames: list
    notes: list

    def python(self):
        return [frame for frame in self.frames if frame.python()]


def read_body(thread, row):
    if row.startswith("        "):
        name, _, value = row[8:].partition(" = ")
        thread.frames[-1].locals[name] = value
    elif row.startswith("    ("):
        thread.notes.append(row.strip()[1:-1])
    else:
        name, path, line, kernel = FRAME.match(row).groups()
        thread.frames.append(Frame(name, path or "", int(line or 0), bool(kernel), {}))


def read(text):
    """({process id: its lines before the first thread}, {thread id: thread})"""
    heads, threads, thread = {}, {}, None
    for row in text.splitlines():
        found = THREAD.match(row)
        if found:
            thread = Thread(int(found[1]), found[2], found[3], [], [])
            threads[thread.tid] = thread
        elif row.startswith("Process "):
            pid, thread = int(row.split()[1].rstrip(":")), None
            heads[pid] = [row]
        elif row and thread:
            read_body(thread, row)
        elif row:
            heads[pid].append(row)
    return heads, threads

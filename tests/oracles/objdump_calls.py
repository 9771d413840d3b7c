# SPDX-License-Identifier: Apache-2.0
"""Where calls return to, by objdump's reading of a file's code, against what print_calls says."""
import collections
import random
import subprocess

NOT_JUDGED, FOUND, START, REFUTED = "1234"

Verdict = collections.namedtuple("Verdict", "behind_calls nowhere missed others passed inside passed_inside")


def instructions(path):
    """(address, bytes, text) in order."""
    dump = subprocess.Popen(["/usr/bin/objdump", "-d", "-w", path], stdout=subprocess.PIPE, text=True)
    for line in dump.stdout:
        parts = line.rstrip("\n").split("\t")
        if len(parts) == 3 and parts[0].endswith(":"):
            yield int(parts[0][:-1], 16), len(parts[1].split()), parts[2]
    assert dump.wait() == 0


def call_target(text):
    """Of a near call: an address, or 0 where a register or memory has it; None: no near call."""
    words = text.split()
    if "call" not in words:
        return None
    operand = words[words.index("call") + 1]
    return 0 if operand.startswith("*") else int(operand, 16)


def ask(print_calls, path, addresses):
    lines = "".join(f"{a:x}\n" for a in addresses)
    said = subprocess.run([print_calls, path], input=lines, capture_output=True, text=True, check=True).stdout
    assert len(said) == len(addresses)
    return dict(zip(addresses, said))


def judge(print_calls, path):
    """missed: addresses behind a call that are not FOUND. Of the others, a sample of 50,000 between
    instructions and of as many inside of one: how many are FOUND all the same. nowhere: tables between
    functions that objdump reads as calls, to where no code is."""
    behind, others, inside, last = {}, [], [], 0
    for address, size, text in instructions(path):
        target = call_target(text)
        if target is None:
            others.append(address + size)
        else:
            behind[address + size] = target
        inside += range(address + 1, address + size)
        last = address
    calls = {a for a, target in behind.items() if target <= last}
    pick = random.Random(1)
    others = pick.sample(others, min(50000, len(others)))
    inside = pick.sample(inside, min(50000, len(inside)))
    said = ask(print_calls, path, sorted({*calls, *others, *inside}))
    return Verdict(len(calls), len(behind) - len(calls), sorted(a for a in calls if said[a] != FOUND),
                   len(others), sum(said[a] == FOUND for a in others),
                   len(inside), sum(said[a] == FOUND for a in inside))

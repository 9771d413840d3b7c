# SPDX-License-Identifier: Apache-2.0
"""A loop of small procedures on records, strings and lists, in the manner of Dhrystone. Per pass Proc7 and
Func1 are called three times, all others once."""


class Record(object):
    def __init__(self, link=None, kind=0, value=0, text=""):
        self.link, self.kind, self.value, self.text = link, kind, value, text

    def copy(self):
        return Record(self.link, self.kind, self.value, self.text)


def proc7(a, b):
    return a + 2 + b


def func1(a, b):
    return a == b


def proc1(record):
    following = record.link.copy()
    following.value = proc7(record.value, 10)
    following.kind = 1 if func1(following.text[:1], "S") else 2
    return following


def proc8(one, two, a, b):
    at = a + 5
    one[at] = b
    one[at + 1] = one[at]
    for i in range(at, at + 2):
        two[at][i] = at
    two[at][at - 1] += 1
    return proc7(at, b)


def func2(a, b):
    at = 1
    while at <= 1:
        if func1(a[at], b[at + 1]):
            at += 1
        at += 1
    return a > b


def passes():
    one, two = [0] * 51, [[0] * 51 for i in range(51)]
    record = Record(Record(), 1, 40, "SOME STRING")
    for i in range(8000):
        proc8(one, two, i % 30, 3)
        func2("SOME STRING", "OTHER STRING")
        proc7(i, 1)
        func1("A", "B")
        record.value = proc1(record).value % 50

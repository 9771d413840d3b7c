# SPDX-License-Identifier: Apache-2.0
"""Greenlets that hand over to each other in the middle of their work."""
import driver
import gevent
from driver import spin


def inner(n):
    spin(3000)
    gevent.sleep(0)
    spin(3000 * n)


def green1():
    for i in range(20):
        inner(1)


def green3():
    for i in range(20):
        inner(3)


def workload():
    def greenlets():
        gevent.joinall([gevent.spawn(green1), gevent.spawn(green3)])
    return [greenlets]

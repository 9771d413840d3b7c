# SPDX-License-Identifier: Apache-2.0
"""Greenlets that hand over to each other in the middle of their work."""
import driver
import gevent
from driver import spin


def spun(name, n):
    began = driver.now()
    spin(n)
    driver.count(name, began)


def inner(name, n):
    spun(name, 30000)
    gevent.sleep(0)
    spun(name, 30000 * n)


def green1():
    for i in range(10):
        inner("green1", 1)


def green3():
    for i in range(10):
        inner("green3", 3)


def workload():
    def _greenlets():  # the hub's time has no place in its stack
        gevent.joinall([gevent.spawn(green1), gevent.spawn(green3)])
    return [_greenlets]

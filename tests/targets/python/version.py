# SPDX-License-Identifier: Apache-2.0
import platform
import sys

print("%s %s" % (platform.python_version(), sys.executable))

// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Which CPython an image is: by the variable Py_Version (3.11 and newer), or by the text that
 * Py_GetVersion()'s code refers to. -ENOENT: neither. */
#include "symbolizer/native/elf_image.h"

int python_version__find(struct elf_image *image, uint32_t *ret_hexversion);

/* "3.13.0rc2+" -> sys.hexversion; 0: no version. */
uint32_t python_version_of_text(const char *text);

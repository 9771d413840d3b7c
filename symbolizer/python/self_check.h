// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Are a file's structs those of a layout? What the types of code objects and frames tell of
 * their own members, static data in the file, is compared with it. */
#include "symbolizer/native/elf_image.h"
#include "symbolizer/python/interpreter.h"

enum python_refusal python_self_check(struct elf_image *image, const struct python_layout *layout);

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "symbolizer/native/kept_key.h"

/* $XDG_CACHE_HOME/sonde, or ~/.cache/sonde, for what this program keeps. dir_fd is the caller's to close; -1:
 * none is wanted, there is no such folder and none can be made, or it is not ours alone. */
struct kept_folder kept_folder_open(bool none);

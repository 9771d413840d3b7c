// SPDX-License-Identifier: Apache-2.0
#include "collector/source/endings.h"

const struct ending stop_endings[STOP_CNT] = {
#define STOP(name, is_complete, words) { #name, words, is_complete },
#include "bpf/shared/errors.def"
};

const struct ending python_endings[PYTHON_END_CNT] = {
#define PYTHON(name, is_whole, words) { #name, words, is_whole },
#include "bpf/shared/errors.def"
};

const struct ending counter_endings[COUNTER_CNT] = {
#define COUNTER(name, words) { #name, words, false },
#include "bpf/shared/errors.def"
};

// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The layouts that a seed's byte chooses from: seeds count on the order. */
#include <stdbool.h>
#include <stdint.h>

static const struct {
	uint8_t major, minor;
	bool free_threaded;
} versions[] = {
	{ 2, 7, false },  { 3, 6, false },  { 3, 7, false },  { 3, 8, false },	{ 3, 9, false },
	{ 3, 10, false }, { 3, 11, false }, { 3, 12, false }, { 3, 13, false }, { 3, 14, false },
	{ 3, 15, false }, { 3, 13, true },  { 3, 14, true },  { 3, 15, true },
};

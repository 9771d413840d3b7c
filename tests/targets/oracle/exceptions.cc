// SPDX-License-Identifier: Apache-2.0
/* C++ exceptions through frames with destructors: much of the time is libgcc's own unwinder. */
#include <algorithm>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include "threads.h"

static void busy_setup(void)
{
}

struct guard {
	std::string text;
	explicit guard(int n) : text(std::to_string(n) + " is kept in a string on the heap") {}
	~guard() { spin((unsigned int)text.size()); }
};

__attribute__((noipa)) static int thrower(int n)
{
	guard g(n);

	if (!n)
		throw std::runtime_error("bottom");
	return thrower(n - 1) + (int)g.text.size();
}

__attribute__((noipa)) static int catcher(int n)
{
	try {
		return thrower(n);
	} catch (const std::exception &e) {
		spin(500);
		return (int)std::string(e.what()).size();
	}
}

static void busy_once(unsigned int seed)
{
	std::vector<int> values;
	static const std::regex words("([a-z]+) ([0-9]+)");
	std::smatch found;
	std::string text = "word " + std::to_string(seed);

	for (int i = 0; i < 64; i++)
		values.push_back((int)(seed * 7 + (unsigned int)i * 13) % 31);
	std::sort(values.begin(), values.end(), [](int a, int b) { return catcher(a % 4) * a < b * catcher(2); });
	sink += std::regex_match(text, found, words);
}

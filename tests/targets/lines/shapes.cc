// SPDX-License-Identifier: Apache-2.0
// Templates, lambdas, local classes, virtual calls, exceptions: what C++ makes of names.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace shapes
{
struct shape {
	virtual ~shape() = default;
	virtual double area() const = 0;
};

template <typename T, int Sides> struct regular : shape {
	explicit regular(T s) : side(s)
	{
		if (s < 0)
			throw std::string("negative");
	}
	double area() const override
	{
		return static_cast<double>(side) * static_cast<double>(side) * Sides / 4.0;
	}
	T side;
};

template <typename... Args> double sum(Args... args)
{
	return (0.0 + ... + args);
}

static inline double scaled(double x)
{
	auto twice = [x](double y) { return x * y + y; };

	return twice(x) + twice(x / 2);
}

static double of_local_class(const std::vector<std::unique_ptr<shape>> &all)
{
	struct adder {
		double total = 0;
		void operator()(const std::unique_ptr<shape> &s)
		{
			total += scaled(s->area());
		}
	};
	return std::for_each(all.begin(), all.end(), adder()).total;
}
}

__attribute__((noinline)) static std::map<std::string, int> words(const char *text)
{
	std::map<std::string, int> counts;
	std::string word;

	for (; *text; text++) {
		if (*text != ' ') {
			word += *text;
			continue;
		}
		counts[word]++;
		word.clear();
	}
	return counts;
}

int main(int argc, char **argv)
{
	std::vector<std::unique_ptr<shapes::shape>> all;
	std::function<int(int)> fib = [&fib](int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); };
	std::vector<int> numbers(100);

	try {
		for (int i = -1; i < 20; i++)
			all.push_back(std::make_unique<shapes::regular<int, 4>>(i + argc));
		all.push_back(std::make_unique<shapes::regular<float, 3>>(-1.0f * static_cast<float>(argc)));
	} catch (const std::string &what) {
		std::puts(what.c_str());
	}
	std::iota(numbers.begin(), numbers.end(), fib(10));
	std::sort(numbers.begin(), numbers.end(), [](int a, int b) { return a % 7 < b % 7; });
	std::printf("%f %f %zu %d\n", shapes::of_local_class(all), shapes::sum(1, 2.5, 3L),
		    words(argv[0]).size(), numbers[3]);
	return 0;
}

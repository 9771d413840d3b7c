#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A mixed load until it is killed: native threads 25 frames deep on each CPU, two Pythons 20 calls deep,
clang compiling C++ again and again. Its own process group: kill that."""
import os
import subprocess
import sys
import tempfile
import textwrap

PYTHON = textwrap.dedent("""
    def work(n):
        return work(n - 1) if n else sum(i * i for i in range(1000))
    while True:
        work(20)
""")
CPLUSPLUS = textwrap.dedent("""
    #include <algorithm>
    #include <iostream>
    #include <map>
    #include <regex>
    #include <string>
    #include <vector>
    int main(int argc, char **argv)
    {
        std::map<std::string, std::vector<int>> words;
        std::regex word("[a-z]+");
        for (int i = 0; i < argc; i++)
            if (std::regex_match(argv[i], word))
                words[argv[i]].push_back(i);
        for (auto &w : words)
            std::cout << w.first << w.second.size();
    }
""")
COMPILE = "while :; do /usr/bin/clang-14 -x c++ -O2 -c -o /dev/null $0 || exit; done"


def main():
    os.setpgid(0, 0)
    with tempfile.NamedTemporaryFile("w", suffix=".cc") as source:
        source.write(CPLUSPLUS)
        source.flush()
        programs = [subprocess.Popen([sys.argv[1], "25"]),
                    *(subprocess.Popen(["/usr/bin/python3", "-c", PYTHON]) for _ in range(2)),
                    subprocess.Popen(["/bin/sh", "-c", COMPILE, source.name])]
        programs[-1].wait()
        sys.exit("the compiler ended")


if __name__ == "__main__":
    main()

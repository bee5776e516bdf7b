// SPDX-License-Identifier: GPL-2.0-only
#include <chrono>
auto a() { return std::chrono::steady_clock::now(); }
auto b() { return std::time(nullptr); }
int c() { return rand(); }

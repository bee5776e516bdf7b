// SPDX-License-Identifier: GPL-2.0-only
// Prints what differs between any two runs on a machine: clocks, random draws, addresses, which of
// two threads comes first. Writes draws to /out, a line to stderr, and ends with its argument.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <random>
#include <thread>
#include <vector>

#include <fmt/format.h>

namespace {

std::int64_t nanoseconds(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

/// Two threads count up one counter; what each saw depends on how they were interleaved.
void race() {
    std::atomic<unsigned> shared{0};
    std::vector<unsigned> seen(2);
    const auto count = [&shared](unsigned& last) {
        for (int i = 0; i < 20'000; ++i) {
            last = shared.fetch_add(1);
        }
    };
    std::thread first(count, std::ref(seen[0]));
    std::thread second(count, std::ref(seen[1]));
    first.join();
    second.join();
    fmt::print("race {} {}\n", seen[0], seen[1]);
}

}  // namespace

int main(int argc, char** argv) {
    std::random_device device;
    for (int i = 0; i < 200; ++i) {
        const auto draw = device();
        const timespec pause{0, static_cast<long>(draw % 50'000'000)};
        fmt::print("{} {} {}\n", nanoseconds(CLOCK_MONOTONIC), nanoseconds(CLOCK_REALTIME), draw);
        nanosleep(&pause, nullptr);
    }
    race();
    fmt::print("heap {}\n", static_cast<const void*>(std::make_unique<int>(1).get()));
    std::ofstream out("/out/draws", std::ios::binary);
    for (int i = 0; i < 100'000; ++i) {
        const auto draw = device();
        out.write(reinterpret_cast<const char*>(&draw), sizeof draw);
    }
    fmt::print(stderr, "to stderr at {}\n", nanoseconds(CLOCK_MONOTONIC));
    return argc > 1 ? std::atoi(argv[1]) : 0;
}

// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/compare_progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>

namespace lvslab::cli {

std::string time_left(std::size_t done, double spent, std::size_t left, std::size_t at_once,
                      double under_way) {
    if (done == 0 || left == 0) {
        return {};
    }
    const double mean = spent / static_cast<double>(done);
    const auto width = static_cast<double>(std::min(at_once, left));
    const double work = std::max(mean * static_cast<double>(left) - under_way, 0.0);
    const double seconds = std::ceil(work / width);
    if (seconds < 90) {
        return fmt::format("about {:.0f} s left", seconds);
    }
    if (seconds < 5400) {
        return fmt::format("about {:.0f} min left", std::ceil(seconds / 60));
    }
    return fmt::format("about {:.1f} h left", seconds / 3600);
}

Progress::Progress(std::size_t runs, std::size_t at_once, bool quiet)
    : terminal_(!quiet && isatty(STDERR_FILENO) == 1),
      quiet_(quiet),
      runs_(runs),
      at_once_(at_once) {}

void Progress::started(std::size_t job) {
    starts_[job] = Clock::now();
}

void Progress::ended(std::size_t job) {
    spent_ += std::chrono::duration<double>(Clock::now() - starts_[job]).count();
    ++timed_;
    starts_.erase(job);
}

std::string Progress::estimate() const {
    double under_way = 0;
    for (const auto& [job, start] : starts_) {
        under_way += std::chrono::duration<double>(Clock::now() - start).count();
    }
    return time_left(timed_, spent_, runs_ - over_, at_once_, under_way);
}

void Progress::count(const std::string& name, const std::string& how) {
    ++over_;
    const bool good = how == "finished";
    if ((terminal_ || quiet_) && good) {
        return;
    }
    const auto left = estimate();
    fmt::print(stderr, "{}[{}/{}] {} {}{}{}\n", terminal_ ? "\r\x1b[K" : "", over_, runs_, name,
               how, left.empty() || terminal_ ? "" : ", ", terminal_ ? "" : left);
}

void Progress::show(std::size_t under_way) const {
    if (!terminal_) {
        return;
    }
    constexpr std::size_t width = 32;
    const auto filled = runs_ == 0 ? width : width * over_ / runs_;
    fmt::print(stderr, "\r\x1b[K[{}{}] {}/{} runs, {} under way  {}", std::string(filled, '#'),
               std::string(width - filled, '.'), over_, runs_, under_way, estimate());
    std::fflush(stderr);
}

void Progress::end() const {
    if (terminal_) {
        fmt::print(stderr, "\r\x1b[K");
    }
}

}  // namespace lvslab::cli

// SPDX-License-Identifier: GPL-2.0-only
/// Contestants that take turns in one run, so that what disturbs the machine disturbs all alike;
/// their medians as a table and as JSON that tests/bench/compare.py reads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lvslab::bench {

/// One thing that is measured again and again.
struct Contestant {
    std::string name;
    /// Does `n` units of work (connections, look-ups). State stays from call to call.
    std::function<void(std::uint64_t n)> work;
    std::uint64_t warm_up = 0;  ///< units done before the first measurement
    std::uint64_t units = 0;    ///< units in a repetition
    std::string unit;           ///< what a unit is, in the plural: "connections"
    std::string against;        ///< the name of the contestant whose rate is 1; empty = none
};

/// What was measured of one contestant.
struct Rate {
    std::string name;
    std::string unit;
    double per_second;  ///< median over the repetitions
    double ratio;       ///< to `against`: median of the ratios of each round; 0 = no such
    double spread;      ///< half of the middle half of the repetitions, relative to the median
    std::string against;
};

/// A figure beside rates: bytes of an entry.
struct Figure {
    std::string name;
    std::string unit;
    double value;
};

/// Runs all contestants in turn, `rounds` times, each in CPU time of this process.
std::vector<Rate> measure(std::vector<Contestant>& contestants, unsigned rounds);
void print(const std::vector<Rate>& rates, const std::vector<Figure>& figures);
/// {"bench": ..., "rates": [{name, unit, per_second, ratio, against, spread}], "figures": [...]}.
/// Throws std::runtime_error if the file cannot be written.
void write_json(const std::string& path, const std::string& bench, const std::vector<Rate>& rates,
                const std::vector<Figure>& figures);

}  // namespace lvslab::bench

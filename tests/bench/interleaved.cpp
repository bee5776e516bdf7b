// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/interleaved.hpp"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <map>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lvslab::bench {
namespace {

double cpu_seconds() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double quantile(std::vector<double> values, double q) {
    std::sort(values.begin(), values.end());
    const auto at = q * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(at);
    const auto high = std::min(low + 1, values.size() - 1);
    return values[low] + (at - static_cast<double>(low)) * (values[high] - values[low]);
}

}  // namespace

std::vector<Rate> measure(std::vector<Contestant>& contestants, unsigned rounds) {
    for (auto& c : contestants) {
        c.work(c.warm_up);
    }
    std::map<std::string, std::vector<double>> per_second;
    for (unsigned round = 0; round < rounds; ++round) {
        for (auto& c : contestants) {
            const auto begin = cpu_seconds();
            c.work(c.units);
            const auto spent = cpu_seconds() - begin;
            per_second[c.name].push_back(static_cast<double>(c.units) / spent);
        }
    }
    std::vector<Rate> rates;
    for (const auto& c : contestants) {
        const auto& own = per_second[c.name];
        const auto median = quantile(own, 0.5);
        Rate rate{c.name, c.unit, median, 0, 0, c.against};
        rate.spread = (quantile(own, 0.75) - quantile(own, 0.25)) / 2 / median;
        if (const auto base = per_second.find(c.against); base != per_second.end()) {
            std::vector<double> ratios(own.size());
            std::transform(own.begin(), own.end(), base->second.begin(), ratios.begin(),
                           [](double a, double b) { return a / b; });
            rate.ratio = quantile(ratios, 0.5);
        }
        rates.push_back(std::move(rate));
    }
    return rates;
}

void print(const std::vector<Rate>& rates, const std::vector<Figure>& figures) {
    fmt::print("{:36}{:>14}{:>10}{:>9}{:>9}\n", "", "a second", "ns each", "ratio", "+-");
    for (const auto& r : rates) {
        fmt::print("{:36}{:>14.0f}{:>10.1f}{:>9}{:>8.1f}%\n", r.name, r.per_second,
                   1e9 / r.per_second, r.ratio > 0 ? fmt::format("{:.3f}", r.ratio) : "",
                   100 * r.spread);
    }
    for (const auto& f : figures) {
        fmt::print("{:36}{:>14.1f} {}\n", f.name, f.value, f.unit);
    }
}

void write_json(const std::string& path, const std::string& bench, const std::vector<Rate>& rates,
                const std::vector<Figure>& figures) {
    auto document = nlohmann::ordered_json::object();
    document["bench"] = bench;
    document["rates"] = nlohmann::ordered_json::array();
    for (const auto& r : rates) {
        nlohmann::ordered_json row{
            {"name", r.name}, {"unit", r.unit}, {"per_second", r.per_second}};
        if (r.ratio > 0) {
            row["ratio"] = r.ratio;
            row["against"] = r.against;
        }
        row["spread"] = r.spread;
        document["rates"].push_back(std::move(row));
    }
    document["figures"] = nlohmann::ordered_json::array();
    for (const auto& f : figures) {
        document["figures"].push_back({{"name", f.name}, {"unit", f.unit}, {"value", f.value}});
    }
    std::ofstream file(path);
    file << document.dump(2) << '\n';
    if (!file.flush()) {
        throw std::runtime_error("cannot write " + path);
    }
}

}  // namespace lvslab::bench

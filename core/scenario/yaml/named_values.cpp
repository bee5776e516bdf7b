// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/yaml/named_values.hpp"

#include <algorithm>

namespace lvslab::scenario::yaml {

const std::vector<std::string_view>& distribution_names() {
    static const std::vector<std::string_view> names{"constant",  "exponential", "uniform",
                                                     "lognormal", "pareto",      "empirical"};
    return names;
}

const std::vector<std::string_view>& arrivals_names() {
    static const std::vector<std::string_view> names{"constant", "poisson", "on-off", "file",
                                                     "trace"};
    return names;
}

const std::vector<std::string_view>& value_names() {
    static const std::vector<std::string_view> names = [] {
        auto all = distribution_names();
        for (const auto name : arrivals_names()) {
            if (std::ranges::find(all, name) == all.end()) {
                all.push_back(name);
            }
        }
        return all;
    }();
    return names;
}

bool is_value_name(std::string_view word) {
    return std::ranges::find(value_names(), word) != value_names().end();
}

}  // namespace lvslab::scenario::yaml

// SPDX-License-Identifier: GPL-2.0-only
#include "core/health/load.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace lvslab::health {

Weight weight_under_load(Weight configured, Weight last, double load) {
    if (!(load >= 0.0) || load == 1.0) {
        return last;
    }
    const double full = configured.value();
    const double step = full / 2 * std::cbrt(std::abs(1.0 - load));
    const double wanted = load < 1.0 ? std::min(last.value() + step, load_scale * full)
                                     : std::max(last.value() - step, full);
    const double whole = std::trunc(std::min(wanted, double{INT32_MAX}));
    return std::abs(whole - last.value()) < full / 4 ? last
                                                     : Weight{static_cast<std::int32_t>(whole)};
}

std::optional<double> read_load(std::string_view output) {
    const auto word = output.rfind("load");  // a host may be called so too
    if (word == std::string_view::npos) {
        return std::nullopt;
    }
    const auto digit = output.find_first_of("0123456789", word);
    const auto line_end = output.find('\n', word);
    if (digit == std::string_view::npos || digit > line_end) {
        return std::nullopt;
    }
    const auto read =
        split_number(output.substr(digit, output.find_first_of(", \n", digit) - digit));
    return read && read->unit.empty() ? std::optional{read->number} : std::nullopt;
}

}  // namespace lvslab::health

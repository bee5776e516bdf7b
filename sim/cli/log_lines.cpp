// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/log_lines.hpp"

#include <algorithm>
#include <cctype>

namespace lvslab::cli {
namespace {

/// A date and a time of day to the millisecond, then name, process and level.
bool is_log_below_error(std::string_view line) {
    constexpr std::string_view stamp = "0000-00-00 00:00:00.000 ";
    if (line.size() < stamp.size() ||
        !std::ranges::equal(stamp, line.substr(0, stamp.size()), [](char form, char c) {
            return form == '0' ? std::isdigit(static_cast<unsigned char>(c)) != 0 : form == c;
        })) {
        return false;
    }
    line.remove_prefix(stamp.size());
    const auto name = line.find("]: ");
    if (name == std::string_view::npos) {
        return false;
    }
    const auto level = line.substr(name + 3);
    return level.starts_with("info: ") || level.starts_with("warning: ");
}

}  // namespace

void ErrorLines::take(std::string_view bytes) {
    for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
        begun_ += bytes.substr(0, end + 1);
        bytes.remove_prefix(end + 1);
        pass_on(begun_);
        begun_.clear();
    }
    begun_ += bytes;
}

void ErrorLines::finish() {
    pass_on(begun_);
    begun_.clear();
}

void ErrorLines::pass_on(std::string_view line) {
    if (!line.empty() && !is_log_below_error(line)) {
        out_(line);
    }
}

}  // namespace lvslab::cli

// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/heartbeat_numbers.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace lvslab::realmode {
namespace {

/// "sent NUMBER" or "heard ADDRESS NUMBER".
struct Line {
    std::optional<Address> heard_from;
    HeartbeatNumber number = 0;
};

std::optional<Line> parse_line(std::string_view text) {
    Line line;
    const auto number_at = text.rfind(' ');
    if (number_at == text.npos) {
        return std::nullopt;
    }
    constexpr std::string_view heard = "heard ";
    const auto what = text.substr(0, number_at);
    if (what.starts_with(heard)) {
        line.heard_from = Address::parse(what.substr(heard.size()));
    }
    if (!line.heard_from && what != "sent") {
        return std::nullopt;
    }
    const auto digits = text.substr(number_at + 1);
    const auto [end, failed] = std::from_chars(digits.begin(), digits.end(), line.number);
    return failed == std::errc{} && end == digits.end() ? std::optional{line} : std::nullopt;
}

}  // namespace

HeartbeatNumbers::HeartbeatNumbers(std::string file, WallClock wall_clock, Note note)
    : file_(std::move(file)),
      wall_clock_(std::move(wall_clock)),
      note_(std::move(note)),
      descriptor_(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    read();
}

HeartbeatNumbers::~HeartbeatNumbers() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

HeartbeatNumber HeartbeatNumbers::next() {
    last_ = std::max(last_ + 1, wall_clock_());
    if (last_ > reserved_) {
        reserved_ = last_ + reserve;
        write();
    }
    return last_;
}

bool HeartbeatNumbers::accept(const Address& from, HeartbeatNumber number) {
    auto& highest = heard_[from];
    if (number <= highest) {
        return false;
    }
    highest = number;
    write();
    return true;
}

HeartbeatNumber HeartbeatNumbers::highest(const Address& from) const {
    const auto found = heard_.find(from);
    return found == heard_.end() ? 0 : found->second;
}

void HeartbeatNumbers::read() {
    std::array<char, 4096> buffer{};
    const auto length =
        descriptor_ < 0 ? -1 : ::pread(descriptor_, buffer.data(), buffer.size(), 0);
    if (length < 0) {
        failure_noted_ = true;
        note_(
            fmt::format("{}: {}; heartbeats that are played back after a restart will not be "
                        "recognised",
                        file_, std::generic_category().message(errno)));
        return;
    }
    std::string_view text(buffer.data(), static_cast<std::size_t>(length));
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = parse_line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!line) {
            note_(file_ + ": a line that is no heartbeat number is passed over");
            (void)!::ftruncate(descriptor_, 0);  // what stays is written again with the next number
        } else if (line->heard_from) {
            heard_[*line->heard_from] = line->number;
        } else {
            last_ = reserved_ = line->number;
        }
    }
}

/// In place and always as long, so that a full disk or a kill in the middle spoils nothing.
std::string HeartbeatNumbers::text() const {
    auto out = fmt::format("sent {:020}\n", reserved_);
    for (const auto& [from, number] : heard_) {
        out += fmt::format("heard {} {:020}\n", from.to_string(), number);
    }
    return out;
}

void HeartbeatNumbers::write() {
    if (descriptor_ < 0) {
        return;
    }
    const auto all = text();
    const auto written = ::pwrite(descriptor_, all.data(), all.size(), 0);
    const bool failed = written != static_cast<::ssize_t>(all.size());
    if (failed && !std::exchange(failure_noted_, true)) {
        note_(fmt::format("{} cannot be written: {}", file_,
                          std::generic_category().message(written < 0 ? errno : ENOSPC)));
    }
    failure_noted_ = failed;
}

}  // namespace lvslab::realmode

// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/holdings_record.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

/// A record of so many lines is written anew.
constexpr std::size_t most_lines = 10'000;

int open_file(const std::string& file, int flags) {
    return ::open(file.c_str(), flags | O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

}  // namespace

std::string read_record(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

HoldingsRecord::HoldingsRecord(std::string file, Tell tell, Note note)
    : file_(std::move(file)),
      tell_(std::move(tell)),
      note_(std::move(note)),
      holdings_(read_holdings(read_record(file_))) {
    shorten();
}

HoldingsRecord::~HoldingsRecord() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

void HoldingsRecord::change(std::span<const HoldingsChange> changes) {
    std::string lines;
    for (const auto& change : changes) {
        if (apply(holdings_, change)) {
            tell_(change);
            lines += to_line(change) + '\n';
            ++lines_;
        }
    }
    if (lines_ > most_lines) {
        shorten();
    } else if (!write(lines) && !std::exchange(noted_, true)) {
        note_(
            fmt::format("{}: cannot be written: {}; what this router holds is known to its "
                        "supervisor alone",
                        file_, std::strerror(errno)));
    }
}

/// By way of a second file, so that there is a whole record at any moment.
void HoldingsRecord::shorten() {
    lines_ = 0;
    const auto fresh = file_ + ".new";
    const int descriptor = open_file(fresh, O_TRUNC);
    const int before = std::exchange(descriptor_, descriptor);
    if (descriptor >= 0 && write(to_lines(holdings_)) &&
        ::rename(fresh.c_str(), file_.c_str()) == 0) {
        if (before >= 0) {
            ::close(before);
        }
        return;
    }
    if (descriptor >= 0) {
        ::close(descriptor);
    }
    descriptor_ = before >= 0 ? before : open_file(file_, O_APPEND);
}

bool HoldingsRecord::write(const std::string& lines) {
    std::size_t written = 0;
    while (descriptor_ >= 0 && written < lines.size()) {
        const auto n = ::write(descriptor_, lines.data() + written, lines.size() - written);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        written += static_cast<std::size_t>(n);
    }
    return descriptor_ >= 0;
}

}  // namespace lvslab::realmode

// SPDX-License-Identifier: GPL-2.0-only
/// What of a daemon's standard error is still said with --quiet.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace lvslab::cli {

/// Passes on what comes, line by line, but for lines of lvsrouter's log that are no errors
/// ("2026-01-31 12:00:00.000 lvsrouter[7]: info: ..."). What has no such beginning is passed on.
class ErrorLines {
public:
    using Out = std::function<void(std::string_view)>;
    explicit ErrorLines(Out out) : out_(std::move(out)) {}

    /// Any number of bytes: lines may be cut anywhere.
    void take(std::string_view bytes);
    /// A last line may have no end.
    void finish();

private:
    void pass_on(std::string_view line);

    Out out_;
    std::string begun_;
};

}  // namespace lvslab::cli

// SPDX-License-Identifier: GPL-2.0-only
/// What a checked service has to answer, and whether it did.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/diagnostic.hpp"

namespace lvslab::health {

/// nanny looks at no more of an answer than this (nanny.c, pinger: read_buf less its zero).
inline constexpr std::size_t longest_answer = 254;

enum class Verdict {
    more,      ///< not known yet: read on, until the deadline
    match,     ///< the service is up
    mismatch,  ///< it is down
};

/// The rule for a connection's answer (nanny.c, pinger). Copies are cheap.
class Expectation {
public:
    /// Nothing is read: the connection alone counts (no `expect` with TCP).
    static Expectation nothing();
    /// Anything readable counts, the end of the stream too (`expect = "*"` or `""`, UDP without
    /// `expect`).
    static Expectation anything();
    /// The answer begins with these bytes, of which 254 are looked at.
    static Expectation prefix(std::string text);
    /// A POSIX extended regular expression matches somewhere in the first 254 bytes, up to a zero.
    /// A pattern that does not compile is an error at `where`.
    static Checked<Expectation> regex(std::string pattern, SourceLocation where = {});

    /// True if an answer is waited for at all.
    bool reads() const { return kind_ != Kind::nothing; }
    /// Judges what has come so far; `ended` = nothing more will.
    Verdict judge(std::string_view answer, bool ended) const;

private:
    enum class Kind { nothing, anything, prefix, regex };
    class Pattern;
    explicit Expectation(Kind kind, std::string text = {}) : kind_(kind), text_(std::move(text)) {}

    Kind kind_;
    std::string text_;
    std::shared_ptr<const Pattern> pattern_;
};

/// Decodes the escapes of send and expect strings: \n \r \t \\ \' \" (nanny.c, convert_str).
/// Others stay as they are; the original would never come back from them.
std::string unescape(std::string_view text);

}  // namespace lvslab::health

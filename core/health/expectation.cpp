// SPDX-License-Identifier: GPL-2.0-only
#include "core/health/expectation.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <regex.h>

namespace lvslab::health {

/// The C library's own expressions: the dialect that nanny's users wrote for.
class Expectation::Pattern {
public:
    explicit Pattern(const std::string& text)
        : error_(regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB)) {}
    ~Pattern() {
        if (error_ == 0) {
            regfree(&compiled_);
        }
    }
    Pattern(const Pattern&) = delete;
    Pattern& operator=(const Pattern&) = delete;

    bool good() const { return error_ == 0; }
    std::string error() const {
        std::array<char, 128> text{};
        regerror(error_, &compiled_, text.data(), text.size());
        return text.data();
    }
    bool matches(std::string_view answer) const {
        return regexec(&compiled_, std::string(answer).c_str(), 0, nullptr, 0) == 0;
    }

private:
    regex_t compiled_{};
    int error_;
};

Expectation Expectation::nothing() {
    return Expectation(Kind::nothing);
}

Expectation Expectation::anything() {
    return Expectation(Kind::anything);
}

Expectation Expectation::prefix(std::string text) {
    text.resize(std::min(text.size(), longest_answer));
    return Expectation(Kind::prefix, std::move(text));
}

Checked<Expectation> Expectation::regex(std::string pattern, SourceLocation where) {
    Checked<Expectation> result;
    auto compiled = std::make_shared<const Pattern>(pattern);
    if (!compiled->good()) {
        result.diagnostics.error(std::move(where),
                                 fmt::format("\"{}\" is no POSIX extended regular expression: {}",
                                             pattern, compiled->error()));
        return result;
    }
    Expectation expectation(Kind::regex, std::move(pattern));
    expectation.pattern_ = std::move(compiled);
    result.value = std::move(expectation);
    return result;
}

Verdict Expectation::judge(std::string_view answer, bool ended) const {
    const auto seen = answer.substr(0, longest_answer);
    switch (kind_) {
        case Kind::nothing:
            return Verdict::match;
        case Kind::anything:
            return ended || !seen.empty() ? Verdict::match : Verdict::more;
        case Kind::prefix:
            if (seen.starts_with(text_)) {
                return Verdict::match;
            }
            return ended || !text_.starts_with(seen) ? Verdict::mismatch : Verdict::more;
        case Kind::regex:
            if ((ended || !seen.empty()) && pattern_->matches(seen)) {
                return Verdict::match;
            }
            return ended || seen.size() == longest_answer ? Verdict::mismatch : Verdict::more;
    }
    return Verdict::mismatch;
}

std::string unescape(std::string_view text) {
    static constexpr std::string_view written = "nrt\\'\"";
    static constexpr std::string_view meant = "\n\r\t\\'\"";
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto which = text[i] == '\\' && i + 1 < text.size() ? written.find(text[i + 1])
                                                                  : std::string_view::npos;
        if (which == std::string_view::npos) {
            decoded += text[i];
        } else {
            decoded += meant[which];
            ++i;
        }
    }
    return decoded;
}

}  // namespace lvslab::health

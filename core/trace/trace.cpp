// SPDX-License-Identifier: GPL-2.0-only
#include "core/trace/trace.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <unordered_map>

#include <fmt/format.h>

namespace lvslab::trace {
namespace {

constexpr std::size_t most_errors = 20;
/// 2^53, as everywhere: the largest count of bytes that a double holds exactly.
constexpr std::uint64_t most_bytes = 1ULL << 53;
/// As of `requests` in a scenario.
constexpr std::size_t most_turns = 100'000;

/// One line's words, each with its column.
class Words {
public:
    explicit Words(std::string_view line) : line_(line) {}

    /// The next word; empty at the line's end.
    std::string_view next() {
        const auto first = std::min(line_.find_first_not_of(" \t\r", at_), line_.size());
        at_ = std::min(line_.find_first_of(" \t\r", first), line_.size());
        column_ = static_cast<unsigned>(first + 1);
        return line_.substr(first, at_ - first);
    }
    unsigned column() const { return column_; }

private:
    std::string_view line_;
    std::size_t at_ = 0;
    unsigned column_ = 1;
};

std::optional<std::uint64_t> bytes_of(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && value <= most_bytes ? std::optional(value) : std::nullopt;
}

/// Cuts the text at the first `mark`: what stands before it, if it is there.
std::optional<std::string_view> cut_before(std::string_view& text, char mark) {
    const auto at = text.find(mark);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const auto before = text.substr(0, at);
    text.remove_prefix(at + 1);
    return before;
}

std::optional<Turn> turn_of(std::string_view word) {
    Turn turn;
    if (const auto think = cut_before(word, '+')) {
        const auto pause = parse_duration(*think);
        if (!pause) {
            return std::nullopt;
        }
        turn.think = *pause;
    }
    const auto request = cut_before(word, ':');
    auto response = word;
    if (const auto tilde = word.find('~'); tilde != std::string_view::npos) {
        response = word.substr(0, tilde);
        turn.service = parse_duration(word.substr(tilde + 1));
        if (!turn.service) {
            return std::nullopt;
        }
    }
    const auto asked = request ? bytes_of(*request) : std::nullopt;
    const auto answered = bytes_of(response);
    if (!asked || !answered) {
        return std::nullopt;
    }
    turn.request_bytes = *asked;
    turn.response_bytes = *answered;
    return turn;
}

class FileReader {
public:
    FileReader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    Checked<Trace> read() {
        if (next_line() != trace_file_mark) {
            error(1,
                  fmt::format("is no trace file: its first line is not \"{}\"", trace_file_mark));
            return std::move(result_);
        }
        Trace trace;
        while (!text_.empty() && errors_ < most_errors) {
            read_line(next_line(), trace);
        }
        if (errors_ == 0 && trace.size() == 0) {
            result_.diagnostics.error({file_, 0, 0}, "the trace has no connection");
        } else if (errors_ == 0) {
            trace.finish();
            result_.value = std::move(trace);
        }
        return std::move(result_);
    }

private:
    std::string_view next_line() {
        ++line_;
        const auto end = std::min(text_.find('\n'), text_.size());
        auto line = text_.substr(0, end);
        text_.remove_prefix(std::min(end + 1, text_.size()));
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        return line;
    }

    void read_line(std::string_view line, Trace& trace) {
        Words words(line);
        const auto time = words.next();
        if (time.empty() || time.starts_with('#')) {
            return;
        }
        const auto at = parse_duration(time);
        if (!at) {
            error(words.column(), fmt::format("\"{}\" is no time, such as 1.5s", time));
            return;
        }
        connection_.at = *at;
        const auto address = words.next();
        const auto client = Address::parse(address);
        if (!client) {
            error(words.column(), address.empty()
                                      ? "the line has no client address"
                                      : fmt::format("\"{}\" is no client address", address));
            return;
        }
        connection_.client = *client;
        if (read_turns(words)) {
            trace.add(connection_);
        }
    }

    bool read_turns(Words& words) {
        connection_.turns.clear();
        for (auto word = words.next(); !word.empty(); word = words.next()) {
            const auto turn = turn_of(word);
            if (!turn || connection_.turns.size() == most_turns) {
                error(words.column(),
                      turn ? fmt::format("more than {} turns", most_turns)
                           : fmt::format("\"{}\" is no turn, such as 2s+400:12288~40ms "
                                         "([THINK+]REQUEST:RESPONSE[~SERVICE], sizes in bytes)",
                                         word));
                return false;
            }
            connection_.turns.push_back(*turn);
        }
        if (connection_.turns.empty()) {
            error(words.column(), "the connection has no turn, such as 400:12288");
            return false;
        }
        return true;
    }

    void error(unsigned column, std::string message) {
        ++errors_;
        result_.diagnostics.error({file_, line_, column}, std::move(message));
    }

    std::string_view text_;
    const std::string& file_;
    unsigned line_ = 0;
    std::size_t errors_ = 0;
    TracedConnection connection_;
    Checked<Trace> result_;
};

}  // namespace

void Trace::add(const TracedConnection& connection) {
    entries_.push_back({connection.at, turns_.size(),
                        static_cast<std::uint32_t>(connection.turns.size()),
                        static_cast<std::uint32_t>(clients_.size())});
    clients_.push_back(connection.client);
    turns_.insert(turns_.end(), connection.turns.begin(), connection.turns.end());
}

void Trace::finish() {
    auto distinct = clients_;
    std::ranges::sort(distinct);
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (auto& entry : entries_) {
        const auto found = std::ranges::lower_bound(distinct, clients_[entry.client]);
        entry.client = static_cast<std::uint32_t>(found - distinct.begin());
    }
    clients_ = std::move(distinct);
    clients_.shrink_to_fit();
    std::ranges::stable_sort(entries_, {}, &Entry::at);
}

std::string line_of(const TracedConnection& connection) {
    auto line = fmt::format("{} {}", to_string(connection.at), connection.client.to_string());
    for (const auto& turn : connection.turns) {
        line += ' ';
        if (turn.think > Duration::zero()) {
            line += to_string(turn.think);
            line += '+';
        }
        fmt::format_to(std::back_inserter(line), "{}:{}", turn.request_bytes, turn.response_bytes);
        if (turn.service) {
            line += '~';
            line += to_string(*turn.service);
        }
    }
    line += '\n';
    return line;
}

Checked<Trace> read_trace(std::string_view text, const std::string& file) {
    return FileReader(text, file).read();
}

}  // namespace lvslab::trace

// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/config/assign.hpp"
#include "core/config/lines.hpp"
#include "core/config/places.hpp"
#include "core/config/tokens.hpp"

namespace lvslab::config {

namespace {

enum class Level : std::uint8_t { top, service, server };

class Reader {
public:
    Reader(std::string_view text, const Options& options, LvsConfig& config, Findings& findings)
        : text_(text), lines_(text), values_(options), config_(config), findings_(findings) {}

    void read_file() {
        while (const auto line = lines_.next()) {
            number_ = line->number;
            note_line_end(line->text);
            read_line(line->text);
        }
        while (level_ != Level::top) {
            const auto& block = level_ == Level::server ? server().location : service().location;
            findings_.warning(block.line, block.column,
                              "no } closes this block; Piranha closes it at the end of the file");
            close_block();
        }
        resolve_private_addresses();
    }

private:
    const std::vector<Token>& words() const { return line_.words; }
    VirtualServer& service() { return services_->back(); }
    RealServer& server() { return service().servers.back(); }

    void error(ErrorKind kind, std::size_t column, std::string_view detail) {
        findings_.error(number_, column, fmt::format("{}: {}", piranha_text(kind), detail));
    }
    void error_at(ErrorKind kind, std::size_t word, std::string_view detail) {
        error(kind, words()[std::min(word, words().size() - 1)].column, detail);
    }
    void warn_at(std::size_t word, std::string text) {
        findings_.warning(number_, words()[word].column, std::move(text));
    }

    /// Says once that Piranha splits lines at carriage returns in a way of its own.
    void note_line_end(std::string_view line) {
        if (warned_of_carriage_return_ || !lines_.ended_by_carriage_return()) {
            return;
        }
        warned_of_carriage_return_ = true;
        if (text_.find('\n') != std::string_view::npos) {
            findings_.warning(number_, line.size() + 1,
                              "carriage return: Piranha ends a line only there as long as one "
                              "follows, so that it reads no more than line 1 of a CRLF file");
        }
    }

    void read_line(std::string_view line) {
        const std::size_t nul = line.find('\0');
        if (nul != std::string_view::npos) {
            findings_.error(number_, nul + 1,
                            "found a NUL byte, expected text; Piranha ends the file there or "
                            "crashes");
            return;
        }
        const std::size_t first = line.find_first_not_of(" \t");
        if (first == std::string_view::npos || line[first] == '#') {
            return;
        }
        tokenize(line, line_);
        if (line_.bad_quote) {
            const auto rest = line.substr(*line_.bad_quote - 1);
            error(ErrorKind::bad_quoting, *line_.bad_quote,
                  fmt::format("found {}, expected a closing {} at the end of the word", shown(rest),
                              rest.front()));
            return;
        }
        if (line_.surplus) {
            error(ErrorKind::extra_args, *line_.surplus,
                  fmt::format("found more than {} words on the line", words().size()));
            return;
        }
        if (line_.odd_quote) {
            findings_.warning(number_, *line_.odd_quote,
                              "Piranha knows a quoted word without blanks only at the very end of "
                              "a line; it would stop here or read something else");
        }
        read_words();
    }

    void read_words() {
        const auto first = words().front().text;
        if (skip_depth_ > 0) {
            skip_depth_ += words().back().text == "{" ? 1U : 0U;
            skip_depth_ -= first == "}" ? 1U : 0U;
            return;
        }
        const bool brace_may_follow = std::exchange(brace_may_follow_, false);
        if (brace_may_follow && first == "{" && words().size() == 1) {
            return;
        }
        if (first == "virtual" || first == "failover") {
            open_service(first == "virtual" ? config_.virtual_servers : config_.failover_services);
        } else if (first == "server" && level_ != Level::top) {
            open_server();
        } else if (first == "}") {
            read_closing_brace();
        } else if (level_ == Level::top) {
            read_assignment(config_);
        } else if (level_ == Level::service) {
            read_assignment(service());
        } else {
            read_assignment(server());
        }
    }

    void read_closing_brace() {
        if (level_ != Level::top) {
            if (words().size() > 1) {
                warn_at(1, "what follows the } is not looked at");
            }
            close_block();
        } else if (surplus_braces_ > 0) {
            --surplus_braces_;
        } else {
            error_at(ErrorKind::bad_command, 0, "found }, but no block is open");
        }
    }

    template <class Model>
    void read_assignment(Model& model) {
        const auto* directive = find_directive<Model>(words().front().text);
        if (directive == nullptr) {
            report_unknown();
            return;
        }
        const auto fault = assign(*directive, words(), model, values_);
        const auto warnings = values_.take_warnings();
        if (fault) {
            error_at(fault->kind, fault->word, fault->detail);
            return;
        }
        for (const auto& warning : warnings) {
            const bool of_name = directive->origin == Origin::extension;
            warn_at(of_name ? 0 : 2, warning);
        }
        auto& place = place_in(model, *directive);
        if (place.line != 0) {
            warn_at(0, fmt::format("{} was given on line {} already; the last one counts",
                                   directive->name, place.line));
        }
        place = {number_, static_cast<unsigned>(words()[2].column)};
    }

    void report_unknown() {
        const auto word = words().front().text;
        const auto where = where_allowed(word);
        std::string detail = fmt::format("found {}, expected a directive {}", shown(word),
                                         level_ == Level::top       ? "of the top level"
                                         : level_ == Level::service ? "of a virtual block"
                                                                    : "of a server block");
        if (!where.empty()) {
            detail += fmt::format("; {} stands {}", word, where);
        } else if (word.find('=') != std::string_view::npos) {
            detail += "; blanks must stand around the =";
        }
        error_at(ErrorKind::bad_command, 0, detail);
        if (words().back().text == "{") {
            skip_depth_ = 1;
        }
    }

    /// Reports a header that is not `WORD NAME {`. Returns whether a block begins all the same.
    bool check_header() {
        const auto& first = words().front().text;
        if (words().size() == 3 && words()[2].text == "{") {
            return true;
        }
        if (words().size() > 3) {
            error_at(ErrorKind::extra_args, 3,
                     fmt::format("found {}, expected {} NAME {{", shown(words()[3].text), first));
            return words().back().text == "{";
        }
        error_at(ErrorKind::missing_args, words().size() - 1,
                 fmt::format("found {}, expected {} NAME {{ with the brace on the same line, "
                             "blanks around it",
                             shown(words().back().text), first));
        brace_may_follow_ = words().size() == 2 && !words()[1].text.ends_with('{');
        return words().size() >= 2;
    }

    /// A block opens where the open one should have been closed: takes the } as forgotten.
    void close_forgotten(Level down_to) {
        const auto& block = level_ == Level::server ? server().location : service().location;
        error_at(ErrorKind::bad_command, 0,
                 fmt::format("found {} inside the block of line {}; is its }} missing?",
                             shown(words().front().text), block.line));
        while (level_ > down_to) {
            close_block();
            ++surplus_braces_;
        }
    }

    void open_service(std::vector<VirtualServer>& into) {
        if (level_ != Level::top) {
            close_forgotten(Level::top);
        }
        if (!check_header()) {
            return;
        }
        services_ = &into;
        into.emplace_back().name = words().size() > 1 ? words()[1].text : "";
        service().location = findings_.at(number_, words().front().column);
        without_port_.clear();
        level_ = Level::service;
    }

    void open_server() {
        if (level_ == Level::server) {
            close_forgotten(Level::service);
        }
        if (!check_header()) {
            return;
        }
        service().servers.emplace_back().name = words().size() > 1 ? words()[1].text : "";
        server().location = findings_.at(number_, words().front().column);
        server().port = service().port;
        level_ = Level::server;
    }

    void close_block() {
        if (level_ == Level::server) {
            if (!is_given(server(), "port")) {
                without_port_.push_back(service().servers.size() - 1);
            }
            level_ = Level::service;
            return;
        }
        // Piranha gives a server the port known at its block; the one meant is the service's.
        for (const std::size_t index : without_port_) {
            auto& later = service().servers[index];
            if (later.port != service().port) {
                findings_.warning(later.location.line, later.location.column,
                                  fmt::format("port {} of the virtual block comes after this "
                                              "server; Piranha would give it {}",
                                              service().port.value(), later.port.value()));
                later.port = service().port;
            }
        }
        level_ = Level::top;
    }

    void resolve_private_addresses() {
        if (!is_given(config_, "primary") || is_given(config_, "primary_private")) {
            return;
        }
        config_.primary_private = config_.primary;
        if (!is_given(config_, "backup_private")) {
            config_.backup_private = config_.backup;
        } else if (config_.backup_private != config_.backup) {
            findings_.warning(given_at(config_, "backup_private").line, 1,
                              fmt::format("without primary_private, Piranha forgets this and "
                                          "takes backup, {}",
                                          config_.backup.to_string()));
        }
    }

    std::string_view text_;
    Lines lines_;
    TokenLine line_;
    ValueReader values_;
    LvsConfig& config_;
    Findings& findings_;
    unsigned number_ = 0;
    Level level_ = Level::top;
    std::vector<VirtualServer>* services_ = nullptr;  ///< where the open block's service is last
    std::vector<std::size_t> without_port_;  ///< servers of the open service that give no port
    std::size_t skip_depth_ = 0;             ///< blocks open inside an unknown one
    std::size_t surplus_braces_ = 0;         ///< closing braces of blocks closed as forgotten
    bool brace_may_follow_ = false;
    bool warned_of_carriage_return_ = false;
};

}  // namespace

void read_whole(std::string_view text, const Options& options, LvsConfig& config,
                Findings& findings) {
    Reader(text, options, config, findings).read_file();
}

}  // namespace lvslab::config

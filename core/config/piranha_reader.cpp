// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/piranha_reader.hpp"

#include <algorithm>
#include <string>

#include "core/config/assign.hpp"
#include "core/config/lines.hpp"
#include "core/config/places.hpp"
#include "core/config/tokens.hpp"

namespace lvslab::config {

namespace {

/// The three nested loops of lvsconfig.c. Each function returns whether reading goes on.
class PiranhaReader {
public:
    PiranhaReader(std::string_view text, const Options& options, LvsConfig& config,
                  Findings& findings)
        : lines_(text), values_(options), config_(config), findings_(findings) {}

    /// parseConfiguration()
    bool read_file() {
        while (next()) {
            const auto name = words().front().text;
            const bool is_virtual = name == "virtual";
            const bool is_failover = name == "failover";
            const bool ok =
                is_virtual || is_failover
                    ? read_virtual(is_virtual ? config_.virtual_servers : config_.failover_services)
                    : read_assignment(config_);
            if (!ok) {
                return false;
            }
            saw_primary_ = saw_primary_ || name == "primary";
            saw_primary_private_ = saw_primary_private_ || name == "primary_private";
        }
        if (saw_primary_ && !saw_primary_private_) {
            // Overwrites even a backup_private that the file gives.
            config_.primary_private = config_.primary;
            config_.backup_private = config_.backup;
        }
        return !stopped_;
    }

private:
    const std::vector<Token>& words() const { return line_.words; }

    /// getNextToks(): whether there is a line with words. Where the caller drops its error code
    /// (all but the first line of a virtual block), an unmatched quote only cuts the line.
    bool next(bool error_is_lost = false) {
        const auto line = lines_.next();
        if (!line) {
            return false;
        }
        if (lines_.crashed()) {
            return stop(ErrorKind::crash, 1);
        }
        tokenize_as_piranha(line->text, line_);
        if (line_.bad_quote && !error_is_lost) {
            return stop(ErrorKind::bad_quoting, *line_.bad_quote);
        }
        return !line_.words.empty();
    }

    bool stop(ErrorKind kind, std::size_t column) {
        findings_.error(lines_.line_number(), column, std::string(piranha_text(kind)));
        stopped_ = true;
        return false;
    }

    bool stop_at(ErrorKind kind, std::size_t word) {
        return stop(kind, words()[std::min(word, words().size() - 1)].column);
    }

    template <class Model>
    bool read_assignment(Model& model) {
        const auto* directive = find_directive<Model>(words().front().text);
        if (directive == nullptr || directive->origin == Origin::extension) {
            return stop_at(ErrorKind::bad_command, 0);
        }
        const auto fault = assign(*directive, words(), model, values_);
        if (fault) {
            return stop_at(fault->kind, fault->word);
        }
        place_in(model, *directive) = {lines_.line_number(),
                                       static_cast<unsigned>(words()[2].column)};
        return true;
    }

    bool check_header() {
        if (words().size() < 3) {
            return stop_at(ErrorKind::missing_args, words().size() - 1);
        }
        if (words().size() > 3) {
            return stop_at(ErrorKind::extra_args, 3);
        }
        return words()[2].text == "{" || stop_at(ErrorKind::missing_args, 2);
    }

    SourceLocation here() const {
        return findings_.at(lines_.line_number(), words().front().column);
    }

    /// parseVirtualServer()
    bool read_virtual(std::vector<VirtualServer>& into) {
        if (!check_header()) {
            return false;
        }
        auto& service = into.emplace_back();
        service.name = words()[1].text;
        service.location = here();
        bool error_is_lost = false;
        while (next(error_is_lost) && words().front().text != "}") {
            const bool ok =
                words().front().text == "server" ? read_server(service) : read_assignment(service);
            if (!ok) {
                return false;
            }
            error_is_lost = true;
        }
        return !stopped_;
    }

    /// parseActualServer()
    bool read_server(VirtualServer& service) {
        if (!check_header()) {
            return false;
        }
        auto& server = service.servers.emplace_back();
        server.name = words()[1].text;
        server.location = here();
        // The port that the virtual service has so far: a `port` further down comes too late.
        server.port = service.port;
        server.port_out_of_range = service.port_out_of_range;
        while (next() && words().front().text != "}") {
            if (!read_assignment(server)) {
                return false;
            }
        }
        return !stopped_;
    }

    PiranhaLines lines_;
    TokenLine line_;
    ValueReader values_;
    LvsConfig& config_;
    Findings& findings_;
    bool stopped_ = false;
    bool saw_primary_ = false;
    bool saw_primary_private_ = false;
};

}  // namespace

void read_as_piranha(std::string_view text, const Options& options, LvsConfig& config,
                     Findings& findings) {
    PiranhaReader(text, options, config, findings).read_file();
}

}  // namespace lvslab::config

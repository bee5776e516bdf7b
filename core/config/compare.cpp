// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/compare.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include <fmt/format.h>

#include "core/config/errors.hpp"
#include "core/config/places.hpp"
#include "core/config/written.hpp"

namespace lvslab::config {
namespace {

/// Without agreement on these the two do not hear, or do not know, each other.
constexpr std::array<std::string_view, 7> of_the_pair{
    "primary", "primary_private", "service",       "backup_active",
    "backup",  "backup_private",  "heartbeat_port"};

class Comparison {
public:
    Diagnostics compare(const LvsConfig& first, const LvsConfig& second) {
        first_file_ = first.location;
        second_file_ = second.location;
        compare_directives(first, second, "");
        compare_services("virtual", first.virtual_servers, second.virtual_servers);
        compare_services("failover", first.failover_services, second.failover_services);
        return std::move(found_);
    }

private:
    template <class Model>
    void compare_directives(const Model& first, const Model& second, const std::string& block) {
        for (const auto& directive : directives_of<Model>()) {
            const auto one = text_of(directive, first);
            const auto other = text_of(directive, second);
            if (one == other) {
                continue;
            }
            const bool splits = block.empty() &&
                                std::ranges::find(of_the_pair, directive.name) != of_the_pair.end();
            found_.add({splits ? Severity::error : Severity::warning,
                        place_of(first, directive.name),
                        fmt::format("{}{} is {}, but {} in {}", directive.name, block, one, other,
                                    place_of(second, directive.name).to_string())});
        }
    }

    template <class Model>
    static std::string text_of(const Directive<Model>& directive, const Model& model) {
        const auto value = written(directive, model);
        return value.kind == Written::Kind::absent ? "not given"
               : value.text.empty()                ? "\"\""
                                                   : value.text;
    }

    /// Pairs the blocks of two lists by their names, the nth of a name with the nth.
    template <class Model, class Compare>
    void pair_blocks(const std::vector<Model>& first, const std::vector<Model>& second,
                     const auto& title, const Compare& compare_pair) {
        std::vector<bool> paired(second.size());
        for (const auto& block : first) {
            std::size_t i = 0;
            while (i < second.size() && (paired[i] || second[i].name != block.name)) {
                ++i;
            }
            if (i == second.size()) {
                only_in_one(block.location, title(block), second_file_);
                continue;
            }
            paired[i] = true;
            compare_pair(block, second[i]);
        }
        for (std::size_t i = 0; i < second.size(); ++i) {
            if (!paired[i]) {
                only_in_one(second[i].location, title(second[i]), first_file_);
            }
        }
    }

    void only_in_one(const SourceLocation& place, const std::string& title,
                     const SourceLocation& other) {
        found_.warning(place, fmt::format("{} is not in {}", title, other.to_string()));
    }

    void compare_services(std::string_view kind, const std::vector<VirtualServer>& first,
                          const std::vector<VirtualServer>& second) {
        const auto title = [kind](const VirtualServer& service) {
            return fmt::format("{} {}", kind, shown(service.name));
        };
        pair_blocks(first, second, title, [&](const VirtualServer& a, const VirtualServer& b) {
            const auto of_service = " of " + title(a);
            compare_directives(a, b, of_service);
            const auto server_title = [&](const RealServer& server) {
                return fmt::format("server {}{}", shown(server.name), of_service);
            };
            pair_blocks(a.servers, b.servers, server_title,
                        [&](const RealServer& s, const RealServer& t) {
                            compare_directives(s, t, " of " + server_title(s));
                        });
        });
    }

    SourceLocation first_file_, second_file_;
    Diagnostics found_;
};

}  // namespace

Diagnostics compare(const LvsConfig& first, const LvsConfig& second) {
    return Comparison().compare(first, second);
}

}  // namespace lvslab::config

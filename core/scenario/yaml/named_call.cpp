// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/yaml/named_call.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/scenario/yaml/spelling.hpp"

namespace lvslab::scenario::yaml {
namespace {

std::vector<Word> split_words(const Node& node) {
    constexpr std::string_view space = " \t\n";
    const std::string_view text = node.text;
    std::vector<Word> words;
    for (std::size_t at = 0;;) {
        const auto start = text.find_first_not_of(space, at);
        if (start == std::string_view::npos) {
            return words;
        }
        at = std::min(text.find_first_of(space, start), text.size());
        words.push_back({text.substr(start, at - start), node.location_at(start)});
    }
}

std::optional<NamedCall> call_in_words(const Node& node, std::string_view what, Diagnostics& d) {
    const auto words = split_words(node);
    if (words.empty()) {
        d.error(node.location, fmt::format("{} is empty", what));
        return std::nullopt;
    }
    NamedCall call{.name = words.front(), .arguments = {}, .in_words = true};
    for (std::size_t i = 1; i < words.size(); ++i) {
        call.arguments.push_back({{"", words[i].location}, words[i]});
    }
    return call;
}

bool add_arguments(const Node& value, NamedCall& call, Diagnostics& d) {
    if (value.kind == Node::Kind::scalar) {
        for (const auto& word : split_words(value)) {
            call.arguments.push_back({{"", word.location}, word});
        }
        call.in_words = true;
        return true;
    }
    if (value.kind != Node::Kind::mapping) {
        d.error(value.location, fmt::format("{} has no parameters", call.name.text));
        return false;
    }
    for (const auto& e : value.entries) {
        const auto word = read_word(&e.value, e.key, d);
        if (!word) {
            return false;
        }
        call.arguments.push_back({{e.key, e.location}, *word});
    }
    return true;
}

}  // namespace

std::optional<NamedCall> read_call(const Node* node, std::string_view what, Diagnostics& d) {
    if (node == nullptr) {
        return std::nullopt;
    }
    if (node->kind == Node::Kind::scalar) {
        return call_in_words(*node, what, d);
    }
    const bool is_mapping = node->kind == Node::Kind::mapping;
    NamedCall call;
    if (is_mapping && !node->name.empty()) {
        call.name = {node->name, node->location};
        return add_arguments(*node, call, d) ? std::optional(call) : std::nullopt;
    }
    if (is_mapping && node->entries.size() == 1) {
        const auto& only = node->entries.front();
        call.name = {only.key, only.location};
        return add_arguments(only.value, call, d) ? std::optional(call) : std::nullopt;
    }
    d.error(node->location, fmt::format("{} is not a value or a name with its parameters", what));
    return std::nullopt;
}

std::optional<std::vector<std::optional<Word>>> arrange(
    const NamedCall& call, const std::vector<std::string_view>& parameters, std::size_t required,
    Diagnostics& d) {
    std::vector<std::optional<Word>> values(parameters.size());
    const auto errors_before = d.items().size();
    std::size_t next = 0;
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
        auto [name, value] = call.arguments[i];
        const bool names_next =
            call.in_words && std::ranges::find(parameters, value.text) != parameters.end();
        if (names_next) {
            name = value;
            if (++i == call.arguments.size()) {
                d.error(name.location,
                        fmt::format("\"{}\" of {} has no value", name.text, call.name.text));
                break;
            }
            value = call.arguments[i].value;
        }
        const auto place = name.text.empty()
                               ? next
                               : static_cast<std::size_t>(std::ranges::find(parameters, name.text) -
                                                          parameters.begin());
        if (place >= parameters.size()) {
            d.error(name.location,
                    name.text.empty()
                        ? fmt::format("\"{}\" is one too many; {} takes {}", value.text,
                                      call.name.text, fmt::join(parameters, ", "))
                        : fmt::format("{} has no \"{}\"{}", call.name.text, name.text,
                                      suggestion(name.text, parameters)));
            continue;
        }
        if (values[place]) {
            d.error(name.location,
                    fmt::format("\"{}\" of {} is given twice", parameters[place], call.name.text));
        }
        values[place] = value;
        next = place + 1;
    }
    for (std::size_t i = 0; i < required; ++i) {
        if (!values[i] && d.items().size() == errors_before) {
            d.error(call.name.location,
                    fmt::format("{} has no \"{}\"", call.name.text, parameters[i]));
        }
    }
    if (d.items().size() != errors_before) {
        return std::nullopt;
    }
    return values;
}

std::optional<std::vector<NamedCall::Argument>> paired(const NamedCall& call, Diagnostics& d) {
    if (!call.in_words) {
        return call.arguments;
    }
    if (call.arguments.size() % 2 != 0) {
        d.error(call.arguments.back().value.location,
                fmt::format("\"{}\" of {} stands alone; write pairs",
                            call.arguments.back().value.text, call.name.text));
        return std::nullopt;
    }
    std::vector<NamedCall::Argument> pairs;
    for (std::size_t i = 0; i < call.arguments.size(); i += 2) {
        pairs.push_back({call.arguments[i].value, call.arguments[i + 1].value});
    }
    return pairs;
}

}  // namespace lvslab::scenario::yaml

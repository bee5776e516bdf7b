// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/json_lines.hpp"

#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/journal/description.hpp"
#include "core/journal/format.hpp"

namespace lvslab::journal {
namespace {

class LinePrinter {
public:
    LinePrinter(std::string& out, const RunStarted& run) : out_(out), run_(run) {}

    void seconds(Duration d) {
        const auto count = d.count();
        // Of the most negative number, too, the magnitude fits the unsigned type.
        const auto magnitude =
            count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
        fmt::format_to(std::back_inserter(out_), "{}{}.{:09}", count < 0 ? "-" : "",
                       magnitude / 1'000'000'000, magnitude % 1'000'000'000);
    }

    void text(std::string_view value) {
        // A journal from elsewhere may hold bytes that are not UTF-8.
        out_ +=
            nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }

    template <class FieldOf, class T>
    void value(const FieldOf& field, const T& value) {
        if constexpr (std::is_same_v<T, std::string>) {
            text(value);
        } else if constexpr (std::is_same_v<T, Endpoint>) {
            text(value.to_string());
        } else if constexpr (std::is_same_v<T, Address>) {
            text(value.to_string());
        } else if constexpr (std::is_same_v<T, Duration>) {
            seconds(value);
        } else if constexpr (format::is_list<T>::value) {
            out_ += '[';
            for (std::size_t i = 0; i < value.size(); ++i) {
                out_ += i == 0 ? "" : ",";
                this->value(field, value[i]);
            }
            out_ += ']';
        } else {
            scalar(field, value);
        }
    }

private:
    template <class FieldOf, class T>
    void scalar(const FieldOf& field, T value) {
        if (field.names != NameList::plain) {
            name(field.names, static_cast<std::uint64_t>(value));
        } else if (!field.words.empty() && static_cast<std::size_t>(value) < field.words.size()) {
            text(field.words[static_cast<std::size_t>(value)]);
        } else if constexpr (std::is_enum_v<T>) {
            fmt::format_to(std::back_inserter(out_), "{}", static_cast<unsigned>(value));
        } else {
            fmt::format_to(std::back_inserter(out_), "{}", value);
        }
    }

    void name(NameList names, std::uint64_t index) {
        const auto& list = names_of(run_, names);
        if (index == no_index) {
            out_ += "null";
        } else if (index < list.size()) {
            text(list[static_cast<std::size_t>(index)]);
        } else {
            fmt::format_to(std::back_inserter(out_), "{}", index);
        }
    }

    std::string& out_;
    const RunStarted& run_;
};

}  // namespace

std::string_view kind_name(const Event& event) {
    return std::visit(
        []<class Kind>(const Kind&) -> std::string_view { return Description<Kind>::name; },
        event.payload);
}

void append_json_line(std::string& out, const Event& event, const RunStarted& run) {
    LinePrinter printer(out, run);
    out += "{\"time\":";
    printer.seconds(event.time.time_since_epoch());
    out += ",\"event\":";
    printer.text(kind_name(event));
    std::visit(
        [&]<class Kind>(const Kind& payload) {
            for_each_field<Kind>([&](const auto& field) {
                out += ",\"";
                out += field.name;
                out += "\":";
                printer.value(field, payload.*field.member);
            });
        },
        event.payload);
    out += '}';
}

}  // namespace lvslab::journal

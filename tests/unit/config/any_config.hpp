// SPDX-License-Identifier: GPL-2.0-only
/// Any configuration that an lvs.cf can hold, made from the table of directives.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <rapidcheck.h>

#include "core/config/directives.hpp"
#include "core/config/tokens.hpp"

namespace lvslab::config {

inline rc::Gen<std::string> word() {
    return rc::gen::suchThat(
        rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc01 \t\"'#={}/.\\"))),
        [](const std::string& s) { return quotes_for(s).has_value(); });
}

/// A value that reading a line can leave behind: double quoted, bare or with its single quotes.
inline rc::Gen<std::string> probe_text() {
    return rc::gen::suchThat(
        rc::gen::oneOf(word(), rc::gen::map(word(), [](std::string s) { return "'" + s + "'"; })),
        [](const std::string& s) { return can_be_quoted(s, '"'); });
}

/// What can stand in the path or the host of a check.
inline rc::Gen<std::string> url_part() {
    return rc::gen::suchThat(
        rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc01\"'#={}/.\\?%"))),
        [](const std::string& s) { return quotes_for("/" + s).has_value(); });
}

inline rc::Gen<Address> address(bool extensions) {
    return rc::gen::exec([extensions] {
        if (extensions && *rc::gen::inRange(0, 4) == 0) {
            Address::Bytes bytes{};
            for (auto& b : bytes) {
                b = *rc::gen::element<std::uint8_t>(0, 0, 1, 0xFE);
            }
            return Address::v6(bytes);
        }
        return Address::v4(*rc::gen::arbitrary<std::uint32_t>());
    });
}

/// Puts a value that lvs.cf can hold into each field of a model, by the table of directives.
template <class Model>
class Filler {
public:
    Filler(const Directive<Model>& directive, Model& model, bool extensions)
        : directive_(directive), model_(model), extensions_(extensions) {}

    void operator()(bool Model::*field) { model_.*field = *rc::gen::arbitrary<bool>(); }
    void operator()(std::int64_t Model::*field) {
        const auto number = *rc::gen::arbitrary<std::int32_t>();
        model_.*field = directive_.type == ValueType::count ? number & 0x7FFFFFFF : number;
    }
    void operator()(Duration Model::*field) {
        model_.*field = std::chrono::seconds(*rc::gen::arbitrary<std::int32_t>());
        if (extensions_ && *rc::gen::arbitrary<bool>()) {
            model_.*field = Duration(*rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 62));
        }
    }
    void operator()(Weight Model::*field) {
        model_.*field = Weight(*rc::gen::arbitrary<std::int32_t>());
    }
    void operator()(Fwmark Model::*field) {
        model_.*field = Fwmark(*rc::gen::arbitrary<std::uint32_t>());
    }
    void operator()(Address Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            model_.*field = *address(extensions_);
        }
    }
    void operator()(std::optional<Address> Model::*field) {
        const auto a = *address(extensions_);
        if (!a.is_unspecified() && *rc::gen::arbitrary<bool>()) {
            model_.*field = a;
        }
    }
    void operator()(std::string Model::*field) {
        model_.*field = directive_.choices.empty() ? *word() : std::string(choice());
    }
    void operator()(std::optional<std::string> Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            const bool in_url =
                directive_.type == ValueType::url_path || directive_.type == ValueType::url_host;
            model_.*field = in_url                                     ? "/" + *url_part()
                            : directive_.type == ValueType::probe_text ? *probe_text()
                            : directive_.choices.empty()               ? *word()
                                                                       : std::string(choice());
        }
    }
    void operator()(std::optional<std::vector<std::string>> Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            model_.*field = *rc::gen::container<std::vector<std::string>>(word());
        }
    }
    void operator()(Failback Model::*field) { from_word(choice(), model_.*field); }
    void operator()(std::optional<CheckType> Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            from_word(choice(), (model_.*field).emplace());
        }
    }
    void operator()(std::optional<StatusRange> Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            const auto first = *rc::gen::inRange<std::uint16_t>(200, 600);
            model_.*field = StatusRange{first, *rc::gen::inRange<std::uint16_t>(first, 600)};
        }
    }
    void operator()(std::optional<Duration> Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            model_.*field = Duration(*rc::gen::inRange<std::int64_t>(1, std::int64_t{1} << 62));
        }
    }
    void operator()(std::optional<std::int64_t> Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            model_.*field = *rc::gen::inRange<std::int64_t>(1, std::int64_t{1} << 31);
        }
    }
    void operator()(NetworkType Model::*field) { from_word(choice(), model_.*field); }
    void operator()(ServiceType Model::*field) { from_word(choice(), model_.*field); }
    void operator()(Protocol Model::*field) { from_word(choice(), model_.*field); }
    void operator()(const PortMember<Model>& field) {
        model_.*field.port = Port(*rc::gen::arbitrary<std::uint16_t>());
    }
    void operator()(const DeviceMember<Model>& field) {
        model_.*field.address = *address(extensions_);
        model_.*field.device = *word();
    }
    void operator()(const OptionalDeviceMember<Model>& field) {
        const auto a = *address(extensions_);
        model_.*field.address = a.is_unspecified() ? std::optional<Address>{} : a;
        model_.*field.device = *word();
    }

private:
    std::string_view choice() {
        return (*rc::gen::suchThat(
                    rc::gen::elementOf(
                        std::vector<Choice>(directive_.choices.begin(), directive_.choices.end())),
                    [this](const Choice& c) { return extensions_ || c.origin == Origin::piranha; }))
            .word;
    }

    const Directive<Model>& directive_;
    Model& model_;
    bool extensions_;
};

template <class Model>
void fill(Model& model, bool extensions) {
    for (const auto& directive : directives_of<Model>()) {
        if (extensions || directive.origin == Origin::piranha) {
            std::visit(Filler<Model>(directive, model, extensions), directive.member);
        }
    }
}

/// Names that Piranha can read in the middle of a line: bare, or quoted with a blank.
inline bool is_name_for_piranha(const std::string& name) {
    return quotes_for(name) == "" || name.find_first_of(" \t") != std::string::npos;
}

inline std::vector<VirtualServer> services(bool extensions) {
    std::vector<VirtualServer> all(*rc::gen::inRange<std::size_t>(0, 3));
    const auto name = rc::gen::suchThat(word(), [extensions](const std::string& s) {
        return extensions || is_name_for_piranha(s);
    });
    for (auto& service : all) {
        service.name = *name;
        fill(service, extensions);
        if (!extensions && service.dirs &&
            !std::ranges::all_of(*service.dirs, is_name_for_piranha)) {
            service.dirs.reset();
        }
        if (service.dirs && service.dirs->size() > 90) {
            service.dirs->resize(90);
        }
        service.servers.resize(*rc::gen::inRange<std::size_t>(0, 3));
        for (auto& server : service.servers) {
            server.name = *name;
            fill(server, extensions);
        }
    }
    return all;
}

inline LvsConfig any_config(bool extensions) {
    LvsConfig config;
    fill(config, extensions);
    if (!config.primary.is_unspecified() && config.primary_private.is_unspecified()) {
        // Reading fills it in; a configuration without it cannot come from a file.
        config.primary_private = config.primary;
    }
    config.virtual_servers = services(extensions);
    config.failover_services = services(extensions);
    return config;
}

}  // namespace lvslab::config

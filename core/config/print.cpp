// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/print.hpp"

#include <fmt/format.h>

#include <limits>

#include "core/config/directives.hpp"
#include "core/config/errors.hpp"
#include "core/config/tokens.hpp"
#include "core/config/written.hpp"

namespace lvslab::config {

namespace {

Written text(std::string t) {
    return {Written::Kind::text, std::move(t)};
}

Written word(std::string_view value) {
    const auto quotes = quotes_for(value);
    if (!quotes) {
        return {Written::Kind::impossible, shown(value)};
    }
    return text(fmt::format("{0}{1}{0}", *quotes, value));
}

/// A word whose single quotes are part of the value.
Written probe_word(std::string_view value) {
    const bool single_quoted = value.size() >= 2 && value.front() == '\'' && value.back() == '\'';
    if (single_quoted && can_be_quoted(value.substr(1, value.size() - 2), '\'')) {
        return text(std::string(value));
    }
    if (can_be_quoted(value, '"')) {
        return text(fmt::format("\"{}\"", value));
    }
    return {Written::Kind::impossible, shown(value)};
}

std::string duration_text(Duration d) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(d);
    const bool is_int = seconds == d && seconds.count() <= std::numeric_limits<int>::max();
    return is_int || d < Duration::zero() ? fmt::format("{}", seconds.count()) : to_string(d);
}

Written with_device(const Address& address, std::string_view device) {
    if (address.is_unspecified() && device.empty()) {
        return {};
    }
    auto second = word(device);
    second.text.insert(0, address.to_string() + " ");
    return second;
}

/// The value of each kind of field as it is written in lvs.cf.
template <class Model>
class Writer {
public:
    Writer(const Directive<Model>& directive, const Model& model)
        : directive_(directive), model_(model) {}

    Written operator()(bool Model::*field) const { return text(model_.*field ? "1" : "0"); }
    Written operator()(std::int64_t Model::*field) const {
        return text(fmt::format("{}", model_.*field));
    }
    Written operator()(Duration Model::*field) const { return text(duration_text(model_.*field)); }
    Written operator()(Weight Model::*field) const {
        return text(fmt::format("{}", (model_.*field).value()));
    }
    Written operator()(Fwmark Model::*field) const {
        // Piranha reads an int: the upper half of the marks is written as negative numbers.
        return text(fmt::format("{}", static_cast<std::int32_t>((model_.*field).value())));
    }
    Written operator()(Address Model::*field) const {
        const Address& address = model_.*field;
        return address.is_unspecified() ? Written{} : text(address.to_string());
    }
    Written operator()(std::optional<Address> Model::*field) const {
        const auto& address = model_.*field;
        if (!address) {
            return {};
        }
        // Spelled as a dotted quad this mask is read as none.
        const bool all_ones =
            directive_.type == ValueType::persistence_mask && *address == Address::v4(0xFFFFFFFF);
        return text(all_ones ? "0xffffffff" : address->to_string());
    }
    Written operator()(std::string Model::*field) const { return word(model_.*field); }
    Written operator()(std::optional<std::string> Model::*field) const {
        const auto& value = model_.*field;
        if (!value) {
            return {};
        }
        return directive_.type == ValueType::probe_text ? probe_word(*value) : word(*value);
    }
    Written operator()(std::optional<std::vector<std::string>> Model::*field) const {
        if (!(model_.*field)) {
            return {};
        }
        std::string all = "[";
        for (const auto& item : *(model_.*field)) {
            const auto one = word(item);
            if (one.kind == Written::Kind::impossible || item == "]") {
                return {Written::Kind::impossible, shown(item)};
            }
            all += ' ' + one.text;
        }
        return text(all + " ]");
    }
    Written operator()(NetworkType Model::*field) const {
        return text(std::string(word_of(model_.*field)));
    }
    Written operator()(ServiceType Model::*field) const {
        return text(std::string(word_of(model_.*field)));
    }
    Written operator()(Protocol Model::*field) const {
        return text(std::string(to_string(model_.*field)));
    }
    Written operator()(Failback Model::*field) const {
        return text(std::string(word_of(model_.*field)));
    }
    Written operator()(std::optional<CheckType> Model::*field) const {
        const auto& type = model_.*field;
        return type ? text(std::string(word_of(*type))) : Written{};
    }
    Written operator()(std::optional<StatusRange> Model::*field) const {
        const auto& range = model_.*field;
        return range ? text(word_of(*range)) : Written{};
    }
    Written operator()(std::optional<Duration> Model::*field) const {
        const auto& duration = model_.*field;
        return duration ? text(duration_text(*duration)) : Written{};
    }
    Written operator()(std::optional<std::int64_t> Model::*field) const {
        const auto& number = model_.*field;
        return number ? text(fmt::format("{}", *number)) : Written{};
    }
    Written operator()(const PortMember<Model>& field) const {
        const auto& other = model_.*field.out_of_range;
        return text(other ? fmt::format("{}", *other)
                          : fmt::format("{}", (model_.*field.port).value()));
    }
    Written operator()(const DeviceMember<Model>& field) const {
        return with_device(model_.*field.address, model_.*field.device);
    }
    Written operator()(const OptionalDeviceMember<Model>& field) const {
        return with_device((model_.*field.address).value_or(Address{}), model_.*field.device);
    }

private:
    const Directive<Model>& directive_;
    const Model& model_;
};

}  // namespace

template <class Model>
Written written(const Directive<Model>& directive, const Model& model) {
    return std::visit(Writer<Model>(directive, model), directive.member);
}

template Written written(const Directive<LvsConfig>&, const LvsConfig&);
template Written written(const Directive<VirtualServer>&, const VirtualServer&);
template Written written(const Directive<RealServer>&, const RealServer&);

namespace {

template <class Model>
void print_directives(const Model& model, std::string_view indent, std::string& out) {
    static const Model defaults{};
    for (const auto& directive : directives_of<Model>()) {
        const Written value = written(directive, model);
        if (value.kind == Written::Kind::absent) {
            continue;
        }
        if (value.kind == Written::Kind::impossible) {
            out += fmt::format("{}# {}: no line of lvs.cf can hold {}\n", indent, directive.name,
                               value.text);
            continue;
        }
        // An extension that is not used stays out of sight of Piranha.
        if (directive.origin == Origin::piranha ||
            value.text != written(directive, defaults).text) {
            out += fmt::format("{}{} = {}\n", indent, directive.name, value.text);
        }
    }
}

void print_header(std::string_view kind, std::string_view name, std::string_view indent,
                  std::string& out) {
    const Written written_name = word(name);
    if (written_name.kind == Written::Kind::impossible) {
        out += fmt::format("{}# the next block's name is {}\n{}{} ? {{\n", indent,
                           written_name.text, indent, kind);
    } else {
        out += fmt::format("{}{} {} {{\n", indent, kind, written_name.text);
    }
}

void print_service(std::string_view kind, const VirtualServer& service, std::string& out) {
    print_header(kind, service.name, "", out);
    print_directives(service, "    ", out);
    for (const auto& server : service.servers) {
        print_header("server", server.name, "    ", out);
        print_directives(server, "        ", out);
        out += "    }\n";
    }
    out += "}\n";
}

template <class Model>
bool same_fields(const Model& a, const Model& b) {
    for (const auto& directive : directives_of<Model>()) {
        const bool same = std::visit(
            [&](const auto& member) {
                using M = std::decay_t<decltype(member)>;
                if constexpr (std::is_same_v<M, PortMember<Model>>) {
                    return a.*member.port == b.*member.port &&
                           a.*member.out_of_range == b.*member.out_of_range;
                } else if constexpr (std::is_same_v<M, DeviceMember<Model>> ||
                                     std::is_same_v<M, OptionalDeviceMember<Model>>) {
                    return a.*member.address == b.*member.address &&
                           a.*member.device == b.*member.device;
                } else {
                    return a.*member == b.*member;
                }
            },
            directive.member);
        if (!same) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::string print(const LvsConfig& config) {
    std::string out;
    print_directives(config, "", out);
    for (const auto& service : config.virtual_servers) {
        print_service("virtual", service, out);
    }
    for (const auto& service : config.failover_services) {
        print_service("failover", service, out);
    }
    return out;
}

bool operator==(const RealServer& a, const RealServer& b) {
    return a.name == b.name && same_fields(a, b);
}

bool operator==(const VirtualServer& a, const VirtualServer& b) {
    return a.name == b.name && same_fields(a, b) && a.servers == b.servers;
}

bool operator==(const LvsConfig& a, const LvsConfig& b) {
    return same_fields(a, b) && a.virtual_servers == b.virtual_servers &&
           a.failover_services == b.failover_services;
}

}  // namespace lvslab::config

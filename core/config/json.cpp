// SPDX-License-Identifier: GPL-2.0-only
#include <nlohmann/json.hpp>

#include "core/config/directives.hpp"
#include "core/config/print.hpp"

namespace lvslab::config {

namespace {

using Json = nlohmann::ordered_json;

Json number_of(Duration d) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(d);
    return seconds == d ? Json(seconds.count()) : Json(to_seconds(d));
}

Json address_of(const std::optional<Address>& address, bool zero_if_none) {
    return address ? Json(address->to_string()) : zero_if_none ? Json("0.0.0.0") : Json(nullptr);
}

template <class T>
Json or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

/// Adds the field or fields of one directive.
template <class Model>
class Fields {
public:
    Fields(const Directive<Model>& directive, const Model& model, Json& out)
        : directive_(directive), model_(model), out_(out) {}

    void operator()(bool Model::*field) { put(model_.*field ? 1 : 0); }
    void operator()(std::int64_t Model::*field) { put(model_.*field); }
    void operator()(Duration Model::*field) { put(number_of(model_.*field)); }
    void operator()(Weight Model::*field) { put((model_.*field).value()); }
    void operator()(Fwmark Model::*field) { put((model_.*field).value()); }
    void operator()(Address Model::*field) { put((model_.*field).to_string()); }
    void operator()(std::optional<Address> Model::*field) {
        put(address_of(model_.*field, directive_.type == ValueType::persistence_mask));
    }
    void operator()(std::string Model::*field) { put(model_.*field); }
    void operator()(std::optional<std::string> Model::*field) { put(or_null(model_.*field)); }
    void operator()(std::optional<std::vector<std::string>> Model::*field) {
        put(or_null(model_.*field));
    }
    void operator()(NetworkType Model::*field) { put(word_of(model_.*field)); }
    void operator()(ServiceType Model::*field) { put(word_of(model_.*field)); }
    void operator()(Protocol Model::*field) { put(to_string(model_.*field)); }
    void operator()(Failback Model::*field) { put(word_of(model_.*field)); }
    void operator()(std::optional<CheckType> Model::*field) {
        const auto& type = model_.*field;
        put(type ? Json(word_of(*type)) : Json(nullptr));
    }
    void operator()(std::optional<StatusRange> Model::*field) {
        const auto& range = model_.*field;
        put(range ? Json(word_of(*range)) : Json(nullptr));
    }
    void operator()(std::optional<Duration> Model::*field) {
        const auto& duration = model_.*field;
        put(duration ? number_of(*duration) : Json(nullptr));
    }
    void operator()(std::optional<std::int64_t> Model::*field) { put(or_null(model_.*field)); }
    void operator()(const PortMember<Model>& field) {
        const auto& other = model_.*field.out_of_range;
        put(other ? Json(*other) : Json((model_.*field.port).value()));
    }
    void operator()(const DeviceMember<Model>& field) {
        put((model_.*field.address).to_string());
        put_device("device", model_.*field.device);
    }
    void operator()(const OptionalDeviceMember<Model>& field) {
        put(address_of(model_.*field.address, false));
        put_device(std::string(directive_.name) + "_device", model_.*field.device);
    }

private:
    void put(Json value) { out_[std::string(directive_.name)] = std::move(value); }
    void put_device(const std::string& key, const std::string& device) {
        out_[key] = device.empty() ? Json(nullptr) : Json(device);
    }

    const Directive<Model>& directive_;
    const Model& model_;
    Json& out_;
};

template <class Model>
void add_fields(const Model& model, Json& out) {
    for (const auto& directive : directives_of<Model>()) {
        std::visit(Fields<Model>(directive, model, out), directive.member);
    }
}

Json json_of(const VirtualServer& service) {
    Json out;
    out["name"] = service.name;
    add_fields(service, out);
    out["server"] = Json::array();
    for (const auto& server : service.servers) {
        Json one;
        one["name"] = server.name;
        add_fields(server, one);
        out["server"].push_back(std::move(one));
    }
    return out;
}

Json json_of(const std::vector<VirtualServer>& services) {
    Json out = Json::array();
    for (const auto& service : services) {
        out.push_back(json_of(service));
    }
    return out;
}

}  // namespace

std::string to_json(const LvsConfig& config) {
    Json out;
    out["result"] = "ok";
    add_fields(config, out);
    out["failover_count"] = config.failover_services.size();
    out["virtual"] = json_of(config.virtual_servers);
    out["failover"] = json_of(config.failover_services);
    // A name may hold any bytes; what is not UTF-8 is replaced rather than refused.
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace lvslab::config

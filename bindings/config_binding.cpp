// SPDX-License-Identifier: GPL-2.0-only
// lvs.cf in Python: the resolved model, as attributes.
#include <optional>
#include <string>

#include "bindings/parts.hpp"
#include "bindings/python_types.hpp"
#include "core/config/check.hpp"
#include "core/config/lvs_config.hpp"
#include "core/config/parse.hpp"
#include "core/config/print.hpp"
#include "core/router/check_settings.hpp"

namespace lvslab::python {
namespace {

using config::LvsConfig;
using config::RealServer;
using config::VirtualServer;

/// None for 0.0.0.0, which stands for "none" in lvs.cf.
std::optional<Address> given(const Address& a) {
    return a.is_unspecified() ? std::nullopt : std::optional(a);
}

std::string text_of(config::NetworkType n) {
    return n == config::NetworkType::nat      ? "nat"
           : n == config::NetworkType::direct ? "direct"
                                              : "tunnel";
}

std::optional<std::string> text_of(const std::optional<config::CheckType>& c) {
    if (!c) {
        return std::nullopt;
    }
    return *c == config::CheckType::tcp ? "tcp" : *c == config::CheckType::http ? "http" : "https";
}

void bind_real_server(py::module_& m) {
    py::class_<RealServer>(m, "RealServer", "A `server NAME { ... }` block of an lvs.cf.")
        .def_readonly("name", &RealServer::name, "Name of the block (str).")
        .def_readonly("address", &RealServer::address, "IP address (str).")
        .def_readonly("active", &RealServer::active, "False: it is left out (bool).")
        .def_readonly("weight", &RealServer::weight, "Weight, 0 or more (int).")
        .def_readonly("port", &RealServer::port, "Port, the service's if it has none (int).")
        .def_readonly("u_threshold", &RealServer::u_threshold,
                      "Connections that overload it; 0 = no limit (int).")
        .def_readonly("l_threshold", &RealServer::l_threshold,
                      "Below it, it is free again; 0 = three quarters of u_threshold (int).")
        .def_property_readonly(
            "line", [](const RealServer& s) { return s.location.line; },
            "Line of the block, from 1 (int).")
        .def("__eq__", [](const RealServer& a, const RealServer& b) { return a == b; })
        .def("__repr__", [](const RealServer& s) {
            return fmt::format("<lvslab.RealServer {} {} weight {}>", s.name,
                               Endpoint{s.address, s.port}.to_string(), s.weight.value());
        });
}

void bind_virtual_server(py::module_& m) {
    py::class_<VirtualServer>(m, "VirtualServer", "A `virtual NAME { ... }` block of an lvs.cf.")
        .def_readonly("name", &VirtualServer::name, "Name of the block (str).")
        .def_readonly("active", &VirtualServer::active, "False: it is left out (bool).")
        .def_readonly("address", &VirtualServer::address, "The virtual IP address (str).")
        .def_readonly("port", &VirtualServer::port, "Port; 0 = every port (int).")
        .def_readonly("protocol", &VirtualServer::protocol, "\"tcp\" or \"udp\".")
        .def_readonly("fwmark", &VirtualServer::fwmark,
                      "Firewall mark that it is found by; 0 = none (int).")
        .def_readonly("scheduler", &VirtualServer::scheduler, "\"wlc\", \"rr\", ... (str).")
        .def_readonly("sched_flags", &VirtualServer::sched_flags, "\"sh-port\", ... or None.")
        .def_readonly("persistent", &VirtualServer::persistent,
                      "Persistence timeout in seconds; 0 = no persistence (float).")
        .def_readonly("pmask", &VirtualServer::pmask, "Netmask of persistence (str or None).")
        .def_readonly("timeout", &VirtualServer::timeout, "Of a check, in seconds (float).")
        .def_readonly("reentry", &VirtualServer::reentry,
                      "Seconds that a server answers before it comes back (float).")
        .def_readonly("load_monitor", &VirtualServer::load_monitor,
                      "\"rup\", \"ruptime\", \"uptime\", ... or None.")
        .def_readonly("quiesce_server", &VirtualServer::quiesce_server,
                      "A dead server keeps its place with weight 0 (bool).")
        .def_readonly("sorry_server", &VirtualServer::sorry_server,
                      "Address of the server of last resort (str or None).")
        .def_readonly("send", &VirtualServer::send, "What a check sends (str or None).")
        .def_readonly("expect", &VirtualServer::expect, "What it expects (str or None).")
        .def_readonly("send_program", &VirtualServer::send_program,
                      "Program that checks (str or None).")
        .def_property_readonly(
            "check", [](const VirtualServer& v) { return text_of(v.check); },
            "\"tcp\", \"http\", \"https\", or None: as send and expect say.")
        .def_readonly("check_interval", &VirtualServer::check_interval,
                      "Seconds between checks, or None: `timeout` (float).")
        .def_readonly("check_timeout", &VirtualServer::check_timeout,
                      "Seconds that a check may take, or None: `timeout` (float).")
        .def_readonly("rise", &VirtualServer::rise, "Good checks that bring it in (int or None).")
        .def_readonly("fall", &VirtualServer::fall, "Bad checks that take it out (int or None).")
        .def_readonly("servers", &VirtualServer::servers, "Its real servers (list of RealServer).")
        .def_property_readonly(
            "line", [](const VirtualServer& v) { return v.location.line; },
            "Line of the block, from 1 (int).")
        .def("__eq__", [](const VirtualServer& a, const VirtualServer& b) { return a == b; })
        .def("__repr__", [](const VirtualServer& v) {
            return fmt::format("<lvslab.VirtualServer {} {} {} of {} servers>", v.name,
                               Endpoint{v.address, v.port}.to_string(), v.scheduler,
                               v.servers.size());
        });
}

void bind_lvs_config(py::module_& m) {
    const auto address = [](Address LvsConfig::*member) {
        return [member](const LvsConfig& c) { return given(c.*member); };
    };
    py::class_<LvsConfig>(m, "LvsConfig",
                          "A whole lvs.cf, every directive with its value or its default.")
        .def_readonly("services", &LvsConfig::virtual_servers,
                      "The virtual services, in the file's order (list of VirtualServer).")
        .def_property_readonly("primary", address(&LvsConfig::primary),
                               "Public address of the primary router (str or None).")
        .def_property_readonly("primary_private", address(&LvsConfig::primary_private),
                               "Its address on the private heartbeat path (str or None).")
        .def_property_readonly("backup", address(&LvsConfig::backup),
                               "Public address of the backup router (str or None).")
        .def_property_readonly("backup_private", address(&LvsConfig::backup_private),
                               "Its address on the private heartbeat path (str or None).")
        .def_readonly("serial_no", &LvsConfig::serial_no, "int")
        .def_readonly("backup_active", &LvsConfig::backup_active, "There is a backup (bool).")
        .def_readonly("heartbeat", &LvsConfig::heartbeat, "Heartbeats are on (bool).")
        .def_readonly("heartbeat_port", &LvsConfig::heartbeat_port, "UDP port (int).")
        .def_readonly("keepalive", &LvsConfig::keepalive,
                      "Seconds from one heartbeat to the next (float).")
        .def_readonly("deadtime", &LvsConfig::deadtime,
                      "Seconds of silence after which the partner is dead (float).")
        .def_property_readonly(
            "failback",
            [](const LvsConfig& c) {
                return std::string(c.failback == config::Failback::none ? "none" : "primary");
            },
            "Who is active when a repaired primary returns: \"none\" or \"primary\".")
        .def_property_readonly(
            "network", [](const LvsConfig& c) { return text_of(c.network); },
            "\"nat\", \"direct\" or \"tunnel\".")
        .def_readonly("nat_router", &LvsConfig::nat_router,
                      "The real servers' gateway under NAT (str or None).")
        .def_readonly("syncdaemon", &LvsConfig::syncdaemon,
                      "Connections are told to the backup (bool).")
        .def_readonly("tcp_timeout", &LvsConfig::tcp_timeout,
                      "Of established entries, in seconds; 0 = the kernel's (float).")
        .def_readonly("tcpfin_timeout", &LvsConfig::tcpfin_timeout,
                      "Of closing entries, in seconds; 0 = the kernel's (float).")
        .def_readonly("udp_timeout", &LvsConfig::udp_timeout,
                      "Of UDP entries, in seconds; 0 = the kernel's (float).")
        .def(
            "service",
            [](const LvsConfig& c, const std::string& name) -> const VirtualServer& {
                for (const auto& v : c.virtual_servers) {
                    if (v.name == name) {
                        return v;
                    }
                }
                throw py::key_error(fmt::format("there is no virtual service \"{}\"", name));
            },
            py::arg("name"), py::return_value_policy::reference_internal,
            "The virtual service of that name. Raises KeyError if there is none.")
        .def("to_text", &config::print,
             "The canonical lvs.cf, every directive that has a value; reading it gives the "
             "configuration back.")
        .def("to_json", &config::to_json, "The configuration as a JSON text.")
        .def("__eq__", [](const LvsConfig& a, const LvsConfig& b) { return a == b; })
        .def("__repr__", [](const LvsConfig& c) {
            return fmt::format("<lvslab.LvsConfig {} of {} services>", c.location.file,
                               c.virtual_servers.size());
        });
}

py::tuple parse_config(const std::string& text, const std::string& file,
                       const std::function<std::optional<Address>(std::string)>& names) {
    config::Options options;
    if (names) {
        options.names = [&](std::string_view name) { return names(std::string(name)); };
    }
    auto read = config::parse(text, file, options);
    py::object value = read ? py::cast(std::move(*read)) : py::none();
    return py::make_tuple(std::move(value), read.diagnostics.items());
}

/// What `lvslab config check` finds in what it could read.
std::vector<Diagnostic> check_config(const LvsConfig& config) {
    auto found = config::check(config);
    found.append(router::check_probes(config));
    found.sort();
    return found.items();
}

}  // namespace

void bind_config(py::module_& m) {
    bind_real_server(m);
    bind_virtual_server(m);
    bind_lvs_config(m);
    m.def("parse_config", &parse_config, py::arg("text"), py::arg("file"), py::arg("names"),
          "(LvsConfig or None, [Diagnostic, ...])");
    m.def("check_config", &check_config, py::arg("config"), "[Diagnostic, ...]");
}

}  // namespace lvslab::python

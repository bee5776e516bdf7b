// SPDX-License-Identifier: GPL-2.0-only
// Scenarios in Python: the model, as attributes.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/parts.hpp"
#include "bindings/python_types.hpp"
#include "bindings/scenario_source.hpp"
#include "core/router/check_settings.hpp"
#include "core/scenario/reader.hpp"

namespace lvslab::python {
namespace {

using scenario::Scenario;

void bind_machines(py::module_& m) {
    using scenario::Router;
    using scenario::Server;
    py::class_<Router>(m, "Router", "An LVS router.")
        .def_readonly("name", &Router::name, "str")
        .def_readonly("public_interface", &Router::public_interface, "\"ADDRESS/LENGTH\".")
        .def_readonly("private_interface", &Router::private_interface,
                      "\"ADDRESS/LENGTH\", or None without NAT.")
        .def_readonly("config", &Router::config, "The lvs.cf that it reads (LvsConfig).")
        .def("__repr__", [](const Router& r) { return "<lvslab.Router " + r.name + ">"; });
    py::class_<Server>(m, "Server", "A real server: a host with a queueing model.")
        .def_readonly("name", &Server::name, "str")
        .def_readonly("interface", &Server::interface, "\"ADDRESS/LENGTH\".")
        .def_readonly("workers", &Server::workers, "Requests served at one time (int).")
        .def_readonly("queue", &Server::queue, "Waiting places; None = unbounded.")
        .def_property_readonly(
            "discipline",
            [](const Server& s) {
                return std::string(
                    s.discipline == scenario::Discipline::fcfs ? "fcfs" : "processor-sharing");
            },
            "\"fcfs\" or \"processor-sharing\".")
        .def_readonly("speed", &Server::speed, "Divides the work of a request (float).")
        .def_property_readonly(
            "mean_service", [](const Server& s) { return scenario::mean(s.service); },
            "Mean work in a request, in seconds at speed 1 (float).")
        .def("__repr__", [](const Server& s) {
            return fmt::format("<lvslab.Server {} {}>", s.name, s.interface.to_string());
        });
    using scenario::ClientGroup;
    py::class_<ClientGroup>(m, "ClientGroup", "Clients behind a link of their own each.")
        .def_readonly("name", &ClientGroup::name, "str")
        .def_readonly("count", &ClientGroup::count, "Clients (int).")
        .def_readonly("network", &ClientGroup::network, "\"ADDRESS/LENGTH\".")
        .def("__repr__", [](const ClientGroup& g) {
            return fmt::format("<lvslab.ClientGroup {} of {}>", g.name, g.count);
        });
}

void bind_workload(py::module_& m) {
    using scenario::Workload;
    py::class_<Workload>(m, "Workload", "Connections from a client group to a virtual service.")
        .def_readonly("name", &Workload::name, "str")
        .def_property_readonly(
            "kind",
            [](const Workload& w) {
                return std::string(w.kind == Workload::Kind::requests ? "requests"
                                   : w.kind == Workload::Kind::ftp    ? "ftp"
                                                                      : "sessions");
            },
            "\"requests\", \"ftp\" or \"sessions\".")
        .def_readonly("protocol", &Workload::protocol, "\"tcp\" or \"udp\".")
        .def_readonly("to", &Workload::to, "Where clients connect to, \"ADDRESS:PORT\".")
        .def_readonly("start", &Workload::start, "When arrivals begin, in seconds (float).")
        .def_readonly("length", &Workload::length, "How long they go on, in seconds (float).")
        .def_readonly("requests", &Workload::requests, "Requests on one connection (int).")
        .def_readonly("timeout", &Workload::timeout,
                      "Seconds after which a client gives up (float).")
        .def_property_readonly(
            "mean_request", [](const Workload& w) { return scenario::mean(w.request); },
            "Mean size of a request in bytes (float).")
        .def_property_readonly(
            "mean_response", [](const Workload& w) { return scenario::mean(w.response); },
            "Mean size of a response in bytes (float).")
        .def("__repr__", [](const Workload& w) { return "<lvslab.Workload " + w.name + ">"; });
    using scenario::Fault;
    py::class_<Fault>(m, "Fault", "What breaks, when, and for how long.")
        .def_readonly("what", &Fault::what, "\"crash lvs1\" (str).")
        .def_readonly("at", &Fault::at, "Seconds, or None: it follows an event (float).")
        .def_readonly("length", &Fault::length, "Seconds until it is undone, or None (float).")
        .def("__repr__", [](const Fault& f) { return "<lvslab.Fault " + f.what + ">"; });
}

ScenarioSource pickled(const py::tuple& state);

void bind_whole(py::module_& m) {
    const auto readonly = [](auto member) {
        return [member](const ScenarioSource& s) -> const auto& {
            return s.scenario.*member;
        };
    };
    const auto inner = py::return_value_policy::reference_internal;
    py::class_<ScenarioSource, std::shared_ptr<ScenarioSource>>(
        m, "Scenario", "A whole scenario, its lvs.cf read and resolved. It cannot be changed.")
        .def_property_readonly("name", readonly(&Scenario::name), "str")
        .def_property_readonly("about", readonly(&Scenario::about), "str")
        .def_property_readonly("seed", readonly(&Scenario::seed), "The seed unless told (int).")
        .def_property_readonly("drain", readonly(&Scenario::drain),
                               "Seconds after the last arrival (float).")
        .def_property_readonly(
            "end", [](const ScenarioSource& s) { return s.scenario.end(); },
            "When a run of it ends, in simulated seconds (float).")
        .def_property_readonly("daemons", readonly(&Scenario::daemons),
                               "Heartbeats and checks run (bool).")
        .def_property_readonly("config", readonly(&Scenario::config), inner,
                               "The first router's lvs.cf (LvsConfig).")
        .def_property_readonly(
            "services", [](const ScenarioSource& s) -> const auto& {
                return s.scenario.config.virtual_servers;
            },
            inner, "Its virtual services (list of VirtualServer).")
        .def_property_readonly("routers", readonly(&Scenario::routers), inner, "list of Router")
        .def_property_readonly("servers", readonly(&Scenario::servers), inner, "list of Server")
        .def_property_readonly("clients", readonly(&Scenario::clients), inner,
                               "list of ClientGroup")
        .def_property_readonly("workloads", readonly(&Scenario::workloads), inner,
                               "list of Workload")
        .def_property_readonly("faults", readonly(&Scenario::faults), inner, "list of Fault")
        .def_property_readonly(
            "expectations",
            [](const ScenarioSource& s) {
                std::vector<std::string> texts;
                for (const auto& e : s.scenario.expectations) {
                    texts.push_back(e.text);
                }
                return texts;
            },
            "What it expects of its runs, as written (list of str).")
        .def_property_readonly(
            "schedulers", [](const ScenarioSource& s) { return s.scenario.compare.schedulers; },
            "Those that it compares (list of str).")
        .def_readonly("file", &ScenarioSource::file, "The name that messages carry (str).")
        .def_property_readonly(
            "text", [](const ScenarioSource& s) { return py::bytes(s.text); },
            "The YAML that it was read from (bytes).")
        .def_property_readonly(
            "named_files",
            [](const ScenarioSource& s) {
                py::dict files;
                for (const auto& [path, text] : s.named) {
                    files[py::str(path)] = py::bytes(text);
                }
                return files;
            },
            "The files that it names (lvs.cf and others): path as written -> bytes.")
        .def("__repr__",
             [](const ScenarioSource& s) {
                 return fmt::format("<lvslab.Scenario {}>", s.scenario.name);
             })
        .def(py::pickle(
            [](const ScenarioSource& s) {
                py::dict named;
                for (const auto& [path, text] : s.named) {
                    named[py::str(path)] = py::bytes(text);
                }
                return py::make_tuple(py::bytes(s.text), s.file, named);
            },
            &pickled));
}

using Loader = std::function<std::optional<std::string>(const std::string& path)>;

Checked<ScenarioSource> read(std::string text, const std::string& file, const Loader& load) {
    Checked<ScenarioSource> source;
    std::map<std::string, std::string> named;
    auto scenario = scenario::read_scenario(
        text, file,
        [&](const std::string& path) {
            auto found = load(path);
            if (found) {
                named[path] = *found;
            }
            return found;
        },
        router::check_probes);
    source.diagnostics = std::move(scenario.diagnostics);
    if (scenario) {
        source.value =
            ScenarioSource{std::move(*scenario), file, std::move(text), std::move(named)};
    }
    return source;
}

ScenarioSource pickled(const py::tuple& state) {
    const auto named = state[2].cast<std::map<std::string, std::string>>();
    auto source =
        read(state[0].cast<std::string>(), state[1].cast<std::string>(),
             [&](const std::string& path) -> std::optional<std::string> {
                 const auto found = named.find(path);
                 return found == named.end() ? std::nullopt : std::optional(found->second);
             });
    if (!source) {
        throw py::value_error(source.diagnostics.to_string());
    }
    return std::move(*source);
}

}  // namespace

void bind_scenario(py::module_& m) {
    bind_machines(m);
    bind_workload(m);
    bind_whole(m);
    m.def(
        "parse_scenario",
        [](std::string text, const std::string& file, const Loader& load) {
            auto source = read(std::move(text), file, load);
            py::object value = source
                                   ? py::cast(std::make_shared<ScenarioSource>(std::move(*source)))
                                   : py::none();
            return py::make_tuple(std::move(value), source.diagnostics.items());
        },
        py::arg("text"), py::arg("file"), py::arg("load"), "(Scenario or None, [Diagnostic, ...])");
}

}  // namespace lvslab::python

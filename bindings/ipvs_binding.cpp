// SPDX-License-Identifier: GPL-2.0-only
// core::Ipvs in Python: decisions one at a time.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "bindings/arguments.hpp"
#include "bindings/choices.hpp"
#include "bindings/parts.hpp"
#include "bindings/python_types.hpp"
#include "core/base/spelling.hpp"
#include "core/ipvs/ipvs.hpp"
#include "core/ipvs/schedulers.hpp"

namespace lvslab::python {
namespace {

using ipvs::Segment;
using ipvs::ServiceKey;
using ipvs::Verdict;

const Choice<ipvs::ForwardingMethod> methods{"forwarding method",
                                             {{"nat", ipvs::ForwardingMethod::nat},
                                              {"local", ipvs::ForwardingMethod::local},
                                              {"tunnel", ipvs::ForwardingMethod::tunnel},
                                              {"direct", ipvs::ForwardingMethod::direct},
                                              {"bypass", ipvs::ForwardingMethod::bypass}}};
const Choice<ipvs::Profile> profiles{
    "profile", {{"recent", ipvs::Profile::recent}, {"classic", ipvs::Profile::classic}}};
const Choice<ipvs::Expiry> expiries{
    "expiry", {{"exact", ipvs::Expiry::exact}, {"wheel", ipvs::Expiry::wheel}}};
const Choice<ipvs::Direction> directions{
    "direction",
    {{"from_client", ipvs::Direction::from_client}, {"from_server", ipvs::Direction::from_server}}};
const Choice<ipvs::TcpFlags> flag_names{"TCP flag",
                                        {{"fin", ipvs::TcpFlags::fin},
                                         {"syn", ipvs::TcpFlags::syn},
                                         {"rst", ipvs::TcpFlags::rst},
                                         {"ack", ipvs::TcpFlags::ack}}};
const Choice<ipvs::Action> actions{"action",
                                   {{"pass", ipvs::Action::pass},
                                    {"forward", ipvs::Action::forward},
                                    {"drop", ipvs::Action::drop},
                                    {"reject", ipvs::Action::reject},
                                    {"reset", ipvs::Action::reset}}};
const Choice<ipvs::Origin> origins{"origin",
                                   {{"none", ipvs::Origin::none},
                                    {"entry", ipvs::Origin::entry},
                                    {"scheduled", ipvs::Origin::scheduled},
                                    {"persistence", ipvs::Origin::persistence}}};
const Choice<Family> families{"family", {{"ipv4", Family::ipv4}, {"ipv6", Family::ipv6}}};

/// "syn", "syn ack", "" -> the bit set.
ipvs::TcpFlags flags_in(Arguments& a, const char* name, const py::object& given) {
    const auto text = a.text(name, given, "text of TCP flags, as \"syn ack\" is");
    auto flags = ipvs::TcpFlags::none;
    std::size_t begin = 0;
    while ((begin = text.find_first_not_of(" ,|", begin)) != std::string::npos) {
        const auto end = std::min(text.find_first_of(" ,|", begin), text.size());
        flags = flags | a.choice(name, py::str(text.substr(begin, end - begin)), flag_names);
        begin = end;
    }
    return flags;
}

std::string text_of(ipvs::TcpFlags flags) {
    std::string text;
    for (const auto& [name, flag] : flag_names.values) {
        if (has(flags, flag)) {
            text += (text.empty() ? "" : " ") + name;
        }
    }
    return text;
}

/// Raises lvslab.IpvsError unless the change was taken. `detail`: which of the settings it was.
void expect_ok(ipvs::ControlResult result, const std::string& what,
               const std::string& detail = "") {
    if (result != ipvs::ControlResult::ok) {
        const auto reason = std::string(to_string(result));
        raise("IpvsError", fmt::format("{}: {}{}", what, reason, detail), reason);
    }
}

ServiceKey service_key(const py::object& endpoint, const py::object& protocol,
                       const py::object& fwmark, const py::object& family) {
    Arguments a("ServiceKey");
    const auto mark = a.mark("fwmark", fwmark);
    const auto spoken = a.protocol("protocol", protocol);
    const auto of_mark = a.choice("family", family, families);
    const auto at = endpoint.is_none() ? Endpoint{} : a.endpoint("endpoint", endpoint);
    a.check();
    const bool by_mark = mark.value() != 0;
    if (by_mark != endpoint.is_none()) {
        a.wrong("endpoint", "a virtual service has either an address and port or a fwmark");
        a.check();
    }
    return by_mark ? ServiceKey{Protocol::ip, {}, mark, of_mark}
                   : ServiceKey{spoken, at, {}, at.address.family()};
}

/// A ServiceKey, or text for a TCP service.
ServiceKey service_in(Arguments& a, const py::object& given) {
    if (py::isinstance<ServiceKey>(given)) {
        return given.cast<ServiceKey>();
    }
    if (!py::isinstance<py::str>(given)) {
        a.wrong("service", shown(given) +
                               " is no virtual service: a ServiceKey, or \"ADDRESS:PORT\" of a TCP "
                               "one, is wanted");
        return {};
    }
    const auto endpoint = a.endpoint("service", given);
    return {Protocol::tcp, endpoint, {}, endpoint.address.family()};
}

std::string text_of(const ServiceKey& key) {
    return key.fwmark.value() != 0
               ? fmt::format("fwmark {}", key.fwmark.value())
               : fmt::format("{} {}", to_string(key.protocol), key.endpoint.to_string());
}

/// Ipvs for whoever may hand it anything: time that runs backwards is refused.
class Model {
public:
    /// `keeps`: what the services' schedulers need for as long as there may be any.
    Model(const ipvs::Options& options, py::object keeps)
        : keeps_(std::move(keeps)), ipvs_(options) {}

    /// When a call is to happen; None = as late as the latest call.
    Time moment(Arguments& a, const py::object& now) const {
        const auto asked = now.is_none() ? now_ : Time(a.time("now", now));
        if (!now.is_none() && asked < now_) {
            a.wrong("now", fmt::format("time runs backwards: {} s after {} s", to_seconds(asked),
                                       to_seconds(now_)));
        }
        return asked;
    }
    /// Does `what` to the Ipvs at the moment. Raises IpvsError if that is its scheduler's wish, and
    /// PluginError if a plug-in does what it must not.
    template <class What>
    auto at(Time moment, const What& what) {
        if (deciding_) {
            const char* reason = "schedule() cannot change the Ipvs that asks it";
            raise("IpvsError", reason, reason);
        }
        now_ = moment;
        const Deciding mark(deciding_);
        try {
            return what(ipvs_);
        } catch (const py::builtin_exception&) {
            throw;
        } catch (const std::runtime_error& error) {
            raise("PluginError", error.what());
        }
    }
    Time now() const { return now_; }
    const ipvs::Ipvs& operator()() const { return ipvs_; }

private:
    /// A scheduler written in Python may be at work.
    class Deciding {
    public:
        explicit Deciding(bool& mark) : mark_(mark) { mark_ = true; }
        ~Deciding() { mark_ = false; }
        Deciding(const Deciding&) = delete;
        Deciding& operator=(const Deciding&) = delete;

    private:
        bool& mark_;
    };

    py::object keeps_;
    ipvs::Ipvs ipvs_;
    bool deciding_ = false;
    Time now_{};
};

void bind_service_key(py::module_& m) {
    py::class_<ServiceKey>(
        m, "ServiceKey",
        "What a virtual service is found by: protocol, address and port, or a firewall mark.\n\n"
        "Wherever one is wanted, text stands for a TCP service: \"192.168.26.10:80\".\n\n"
        ">>> import lvslab\n"
        ">>> lvslab.ServiceKey(\"192.168.26.10:53\", protocol=\"udp\")\n"
        "<lvslab.ServiceKey udp 192.168.26.10:53>\n"
        ">>> lvslab.ServiceKey(fwmark=80)\n"
        "<lvslab.ServiceKey fwmark 80>\n")
        .def(py::init([](const py::object& endpoint, const py::args& unnamed,
                         const py::object& protocol, const py::object& fwmark,
                         const py::object& family, const py::kwargs& named) {
                 Arguments("ServiceKey").no_more(unnamed, named, {"protocol", "fwmark", "family"});
                 return service_key(endpoint, protocol, fwmark, family);
             }),
             py::arg("endpoint") = py::none(), py::arg("protocol") = "tcp", py::arg("fwmark") = 0,
             py::arg("family") = "ipv4")
        .def_readonly("endpoint", &ServiceKey::endpoint, "\"ADDRESS:PORT\"; unused with fwmark.")
        .def_readonly("protocol", &ServiceKey::protocol, "\"tcp\", \"udp\", or \"ip\" by mark.")
        .def_readonly("fwmark", &ServiceKey::fwmark, "Firewall mark; 0 = none (int).")
        .def("__eq__", [](const ServiceKey& a, const ServiceKey& b) { return a == b; })
        .def("__hash__", [](const ServiceKey& k) { return py::hash(py::str(text_of(k))); })
        .def("__repr__",
             [](const ServiceKey& k) { return fmt::format("<lvslab.ServiceKey {}>", text_of(k)); });
}

void bind_segment(py::module_& m) {
    py::class_<Segment>(
        m, "Segment",
        "One packet, or `count` packets alike, as IPVS sees them.\n\n"
        "`flags` are words: \"syn\", \"ack\", \"fin ack\", \"rst\"; \"\" for UDP. With `direction` "
        "\"from_client\" the source is the client and the destination the virtual service; with "
        "\"from_server\" (replies under NAT) the real server and the client.")
        .def(py::init([](const py::object& source, const py::object& destination,
                         const py::object& flags, const py::args& unnamed,
                         const py::object& protocol, const py::object& direction,
                         const py::object& mark, const py::object& count, const py::kwargs& named) {
                 Arguments a("Segment");
                 a.no_more(unnamed, named, {"protocol", "direction", "mark", "count"});
                 const Segment segment{a.choice("direction", direction, directions),
                                       a.protocol("protocol", protocol),
                                       a.endpoint("source", source),
                                       a.endpoint("destination", destination),
                                       flags_in(a, "flags", flags),
                                       a.mark("mark", mark),
                                       a.whole<std::uint32_t>("count", count, 1)};
                 a.check();
                 return segment;
             }),
             py::arg("source") = py::none(), py::arg("destination") = py::none(),
             py::arg("flags") = "", py::arg("protocol") = "tcp",
             py::arg("direction") = "from_client", py::arg("mark") = 0, py::arg("count") = 1)
        .def_readonly("source", &Segment::source, "\"ADDRESS:PORT\".")
        .def_readonly("destination", &Segment::destination, "\"ADDRESS:PORT\".")
        .def_readonly("protocol", &Segment::protocol, "\"tcp\" or \"udp\".")
        .def_readonly("mark", &Segment::mark, "Firewall mark; 0 = none (int).")
        .def_readonly("count", &Segment::count, "Packets alike (int).")
        .def_property_readonly("flags", [](const Segment& s) { return text_of(s.flags); })
        .def_property_readonly("direction",
                               [](const Segment& s) { return directions.name_of(s.direction); })
        .def("__repr__", [](const Segment& s) {
            return fmt::format("<lvslab.Segment {} {} > {} {}>", to_string(s.protocol),
                               s.source.to_string(), s.destination.to_string(), text_of(s.flags));
        });
}

void bind_verdict(py::module_& m) {
    py::class_<Verdict>(m, "Verdict", "IPVS's answer to a segment.")
        .def_property_readonly(
            "action", [](const Verdict& v) { return actions.name_of(v.action); },
            "\"forward\", \"pass\" (none of IPVS's business), \"drop\", \"reject\" (no server: "
            "ICMP port unreachable) or \"reset\".")
        .def_property_readonly(
            "origin", [](const Verdict& v) { return origins.name_of(v.origin); },
            "Where the server came from: \"scheduled\", \"persistence\", \"entry\" or \"none\".")
        .def_property_readonly(
            "method", [](const Verdict& v) { return methods.name_of(v.method); },
            "Forwarding method: \"nat\", \"direct\", \"tunnel\", ...")
        .def_property_readonly(
            "server",
            [](const Verdict& v) {
                return v.action == ipvs::Action::forward ? std::optional(v.server) : std::nullopt;
            },
            "The real server, \"ADDRESS:PORT\"; None unless `action` is \"forward\".")
        .def("__repr__", [](const Verdict& v) {
            return v.action == ipvs::Action::forward
                       ? fmt::format("<lvslab.Verdict forward to {}, {}>", v.server.to_string(),
                                     origins.name_of(v.origin))
                       : fmt::format("<lvslab.Verdict {}>", actions.name_of(v.action));
        });
}

void bind_status(py::module_& m) {
    using ipvs::DestinationStatus;
    py::class_<DestinationStatus>(m, "Destination", "A real server of a service, as IPVS sees it.")
        .def_readonly("endpoint", &DestinationStatus::endpoint, "\"ADDRESS:PORT\".")
        .def_property_readonly("method",
                               [](const DestinationStatus& d) { return methods.name_of(d.method); })
        .def_readonly("weight", &DestinationStatus::weight, "0 = quiesced (int).")
        .def_readonly("upper_threshold", &DestinationStatus::upper_threshold, "0 = none (int).")
        .def_readonly("lower_threshold", &DestinationStatus::lower_threshold, "0 = none (int).")
        .def_readonly("active", &DestinationStatus::active, "Entries in an active state (int).")
        .def_readonly("inactive", &DestinationStatus::inactive, "All other entries (int).")
        .def_readonly("persistent", &DestinationStatus::persistent, "Persistence templates (int).")
        .def_readonly("overloaded", &DestinationStatus::overloaded, "At its threshold (bool).")
        .def_readonly("connections", &DestinationStatus::connections, "Scheduled in all (int).")
        .def("__repr__", [](const DestinationStatus& d) {
            return fmt::format("<lvslab.Destination {} weight {}, {} active, {} inactive>",
                               d.endpoint.to_string(), d.weight.value(), d.active, d.inactive);
        });
}

/// What ipvsadm -Lc shows of an entry, by value: it outlives the table.
struct Entry {
    ipvs::ConnectionStatus status;
    std::string state;
};

void bind_entry(py::module_& m) {
    py::class_<Entry>(m, "Connection", "One entry of the connection table.")
        .def_property_readonly("protocol", [](const Entry& e) { return e.status.protocol; })
        .def_property_readonly(
            "client", [](const Entry& e) { return e.status.client; },
            "\"ADDRESS:PORT\"; port 0 in persistence templates.")
        .def_property_readonly("virtual_endpoint",
                               [](const Entry& e) { return e.status.virtual_endpoint; })
        .def_property_readonly("server", [](const Entry& e) { return e.status.server; })
        .def_readonly("state", &Entry::state, "The kernel's name: \"ESTABLISHED\", \"NONE\", ...")
        .def_property_readonly(
            "expires", [](const Entry& e) { return e.status.expires; },
            "When it goes unless it is used again, in seconds (float).")
        .def_property_readonly(
            "is_template", [](const Entry& e) { return e.status.is_template; },
            "A persistence template (bool).")
        .def("__repr__", [](const Entry& e) {
            return fmt::format("<lvslab.Connection {} {} > {} by {} {}>",
                               to_string(e.status.protocol), e.status.client.to_string(),
                               e.status.server.to_string(), e.status.virtual_endpoint.to_string(),
                               e.state);
        });
}

std::vector<Entry> entries_of(const Model& model) {
    std::vector<Entry> entries;
    entries.reserve(model().connection_count());
    model().for_each_connection([&](const ipvs::ConnectionStatus& status) {
        entries.push_back({status, std::string(status.state)});
        entries.back().status.possible_expiries = {};
    });
    return entries;
}

using Given = const py::object&;

/// Which scheduler there is not, and which there are.
std::string unknown_scheduler(const std::string& name, ipvs::ControlResult result) {
    if (result != ipvs::ControlResult::unknown_scheduler) {
        return "";
    }
    std::vector<std::string_view> known;
    for (const auto& entry : ipvs::scheduler_table()) {
        known.push_back(entry.name);
    }
    return fmt::format(" \"{}\"{}", name, suggestion(name, known));
}

/// Which of a destination's settings IPVS refuses.
std::string refused(const ServiceKey& key, const Endpoint& server,
                    const ipvs::DestinationSettings& settings, ipvs::ControlResult result) {
    if (result == ipvs::ControlResult::out_of_range) {
        return settings.weight.value() < 0
                   ? fmt::format(" (weight {}: 0 or more is wanted)", settings.weight.value())
                   : fmt::format(" (lower_threshold {} is above upper_threshold {})",
                                 settings.lower_threshold, settings.upper_threshold);
    }
    if (result == ipvs::ControlResult::invalid && server.address.family() != key.family) {
        return " (between IPv4 and IPv6 there is method \"tunnel\" alone)";
    }
    return "";
}

void bind_services(py::class_<Model>& c) {
    static const std::vector<std::string_view> known{
        "scheduler",  "persistent", "persistence_mask", "persistence_prefix",
        "one_packet", "fallback",   "hash_port",        "now"};
    const auto define = [&](const char* name, auto method, const char* doc) {
        c.def(
            name,
            [method, name](Model& model, Given service, const py::args& unnamed, Given scheduler,
                           Given persistent, Given mask, Given prefix, Given one_packet,
                           Given fallback, Given hash_port, Given now, const py::kwargs& named) {
                Arguments a(name);
                a.no_more(unnamed, named, known);
                const auto key = service_in(a, service);
                const ipvs::ServiceSettings settings{
                    a.text("scheduler", scheduler, "scheduler's name, as \"wlc\" is"),
                    a.time("persistent", persistent),
                    a.address("persistence_mask", mask),
                    a.whole<unsigned>("persistence_prefix", prefix, 1, 128),
                    a.truth("one_packet", one_packet),
                    a.truth("fallback", fallback),
                    a.truth("hash_port", hash_port)};
                const auto moment = model.moment(a, now);
                a.check();
                const auto result = model.at(moment, [&](ipvs::Ipvs& ipvs) {
                    return (ipvs.*method)(key, settings, moment);
                });
                expect_ok(result, fmt::format("{} {}", name, text_of(key)),
                          unknown_scheduler(settings.scheduler, result));
            },
            py::arg("service") = py::none(), py::arg("scheduler") = "wlc",
            py::arg("persistent") = 0, py::arg("persistence_mask") = "255.255.255.255",
            py::arg("persistence_prefix") = 128, py::arg("one_packet") = false,
            py::arg("fallback") = false, py::arg("hash_port") = false, py::arg("now") = py::none(),
            doc);
    };
    define("add_service", &ipvs::Ipvs::add_service,
           "add_service(service, *, scheduler=\"wlc\", persistent=0, "
           "persistence_mask=\"255.255.255.255\", persistence_prefix=128, one_packet=False, "
           "fallback=False, hash_port=False, now=None)\n\n"
           "Adds a virtual service (a ServiceKey, or text for a TCP one).\n\n"
           "persistent: seconds, 0 = none. fallback, hash_port: sh-fallback/mh-fallback and "
           "sh-port/mh-port. Raises InputError for values that are none, all of them at once, and "
           "IpvsError if IPVS refuses it.");
    define("edit_service", &ipvs::Ipvs::edit_service,
           "edit_service(service, *, the same as add_service)\n\n"
           "Sets all of a service's settings anew; what is not given is the default.");
    c.def(
        "remove_service",
        [](Model& model, Given service, Given now) {
            Arguments a("remove_service");
            const auto key = service_in(a, service);
            const auto moment = model.moment(a, now);
            a.check();
            expect_ok(
                model.at(moment, [&](ipvs::Ipvs& i) { return i.remove_service(key, moment); }),
                fmt::format("remove_service {}", text_of(key)));
        },
        py::arg("service"), py::kw_only(), py::arg("now") = py::none(),
        "remove_service(service, *, now=None)\n\nRemoves a service and its destinations.");
}

void bind_destinations(py::class_<Model>& c) {
    static const std::vector<std::string_view> known{"method", "weight", "upper_threshold",
                                                     "lower_threshold", "now"};
    const auto define = [&](const char* name, auto method, const char* doc) {
        c.def(
            name,
            [method, name](Model& model, Given service, Given server, const py::args& unnamed,
                           Given forwarding, Given weight, Given upper, Given lower, Given now,
                           const py::kwargs& named) {
                Arguments a(name);
                a.no_more(unnamed, named, known);
                const auto key = service_in(a, service);
                const auto endpoint = a.endpoint("server", server);
                const ipvs::DestinationSettings settings{
                    a.choice("method", forwarding, methods), a.weight("weight", weight),
                    a.whole<std::uint32_t>("upper_threshold", upper),
                    a.whole<std::uint32_t>("lower_threshold", lower)};
                const auto moment = model.moment(a, now);
                a.check();
                const auto result = model.at(moment, [&](ipvs::Ipvs& ipvs) {
                    return (ipvs.*method)(key, endpoint, settings, moment);
                });
                expect_ok(result,
                          fmt::format("{} {} of {}", name, endpoint.to_string(), text_of(key)),
                          refused(key, endpoint, settings, result));
            },
            py::arg("service") = py::none(), py::arg("server") = py::none(),
            py::arg("method") = "nat", py::arg("weight") = 1, py::arg("upper_threshold") = 0,
            py::arg("lower_threshold") = 0, py::arg("now") = py::none(), doc);
    };
    define("add_destination", &ipvs::Ipvs::add_destination,
           "add_destination(service, server, *, method=\"nat\", weight=1, upper_threshold=0, "
           "lower_threshold=0, now=None)\n\n"
           "Adds a real server, \"ADDRESS:PORT\", to a service.\n\n"
           "method: \"nat\", \"direct\", \"tunnel\" or \"local\". weight: 0 or more, 0 = no new "
           "connections. Thresholds count connections, 0 = none. Raises InputError for values that "
           "are none, all of them at once, and IpvsError if IPVS refuses it.\n\n"
           ">>> import lvslab\n"
           ">>> ipvs = lvslab.Ipvs()\n"
           ">>> try:\n"
           "...     ipvs.add_destination(\"192.168.26.10:80\", \"10.0.0.1\", weight=\"2\")\n"
           "... except lvslab.InputError as error:\n"
           "...     [d.file for d in error.diagnostics]\n"
           "['add_destination.server', 'add_destination.weight']\n");
    define("edit_destination", &ipvs::Ipvs::edit_destination,
           "edit_destination(service, server, *, the same as add_destination)\n\n"
           "Sets all of a real server's settings anew; what is not given is the default.");
    c.def(
        "remove_destination",
        [](Model& model, Given service, Given server, Given now) {
            Arguments a("remove_destination");
            const auto key = service_in(a, service);
            const auto endpoint = a.endpoint("server", server);
            const auto moment = model.moment(a, now);
            a.check();
            expect_ok(
                model.at(
                    moment,
                    [&](ipvs::Ipvs& i) { return i.remove_destination(key, endpoint, moment); }),
                fmt::format("remove_destination {} of {}", endpoint.to_string(), text_of(key)));
        },
        py::arg("service"), py::arg("server"), py::kw_only(), py::arg("now") = py::none(),
        "remove_destination(service, server, *, now=None)\n\n"
        "Removes a real server; its entries stay until they expire.");
    c.def(
        "destinations",
        [](const Model& model, Given service) {
            Arguments a("destinations");
            const auto key = service_in(a, service);
            a.check();
            return model().destinations(key);
        },
        py::arg("service"),
        "destinations(service)\n\n"
        "The real servers of a service, in the kernel's order: the newest first.");
}

Verdict step(Model& model, Given segment, Given now) {
    Arguments a("step");
    if (!py::isinstance<Segment>(segment)) {
        a.wrong("segment", shown(segment) + " is no lvslab.Segment");
    }
    const auto moment = model.moment(a, now);
    a.check();
    const auto& packet = segment.cast<const Segment&>();
    return model.at(moment, [&](ipvs::Ipvs& ipvs) { return ipvs.step(packet, moment); });
}

void bind_steps(py::class_<Model>& c) {
    c.def(
        "step", &step, py::arg("segment"), py::arg("now") = py::none(),
        "step(segment, now=None)\n\n"
        "What happens to this segment at `now` (seconds; None = the latest time): finds or makes "
        "its entry, runs the state machine, counts. Timers due by then fire first.\n\n"
        "Raises InputError for a time before the latest, PluginError if a plug-in's scheduler does "
        "what it must not, and whatever one in Python raises.");
    c.def(
        "advance",
        [](Model& model, Given now) {
            Arguments a("advance");
            // None is no time here: what would it fire?
            const auto moment = now.is_none() ? Time(a.time("now", now)) : model.moment(a, now);
            a.check();
            model.at(moment, [&](ipvs::Ipvs& ipvs) { ipvs.advance(moment); });
        },
        py::arg("now"), "advance(now)\n\nFires every timer due at or before `now` (seconds).");
    c.def(
        "set_timeouts",
        [](Model& model, Given tcp, Given tcp_fin, Given udp) {
            Arguments a("set_timeouts");
            const ipvs::Timeouts timeouts{a.time("tcp", tcp), a.time("tcp_fin", tcp_fin),
                                          a.time("udp", udp)};
            a.check();
            model.at(model.now(), [&](ipvs::Ipvs& ipvs) { ipvs.set_timeouts(timeouts); });
        },
        py::kw_only(), py::arg("tcp") = 0, py::arg("tcp_fin") = 0, py::arg("udp") = 0,
        "set_timeouts(*, tcp=0, tcp_fin=0, udp=0)\n\n"
        "As `ipvsadm --set`, in seconds; 0 keeps what is there.");
    c.def("connections", &entries_of,
          "The live entries, templates included (list of Connection), in an order that is the "
          "same in every run.");
    c.def_property_readonly("now", &Model::now, "The latest time that it was told, in seconds.");
    c.def_property_readonly(
        "next_expiry", [](const Model& m) { return m().next_expiry(); },
        "Seconds; no timer fires before. Infinity: none is pending.");
    c.def_property_readonly(
        "connection_table_bytes", [](const Model& m) { return m().connection_table_bytes(); },
        "Bytes that the connection table and its timers hold (int).");
    c.def("__len__", [](const Model& m) { return m().connection_count(); });
    c.def("__repr__", [](const Model& m) {
        return fmt::format("<lvslab.Ipvs with {} connections at {} s>", m().connection_count(),
                           to_seconds(m.now()));
    });
}

std::unique_ptr<Model> make_model(const py::args& unnamed, Given profile, Given expiry,
                                  Given wheel_phase, Given seed, Given expire_nodest_conn,
                                  Given expire_quiescent_template, Given conn_reuse_mode,
                                  Given sloppy_tcp, Given schedulers, const py::kwargs& named) {
    Arguments a("Ipvs");
    a.no_more(unnamed, named,
              {"profile", "expiry", "wheel_phase", "seed", "expire_nodest_conn",
               "expire_quiescent_template", "conn_reuse_mode", "sloppy_tcp", "schedulers"});
    ipvs::Options options;
    options.profile = a.choice("profile", profile, profiles);
    options.expiry = a.choice("expiry", expiry, expiries);
    options.wheel_phase = a.time("wheel_phase", wheel_phase);
    options.seed = a.whole<std::uint64_t>("seed", seed);
    options.expire_nodest_conn = a.truth("expire_nodest_conn", expire_nodest_conn);
    options.expire_quiescent_template =
        a.truth("expire_quiescent_template", expire_quiescent_template);
    options.conn_reuse_mode = a.whole<unsigned>("conn_reuse_mode", conn_reuse_mode);
    options.sloppy_tcp = a.truth("sloppy_tcp", sloppy_tcp);
    a.check();
    const auto registered = py::module_::import("lvslab.schedulers").attr("registered");
    return std::make_unique<Model>(options, registered(schedulers));
}

}  // namespace

void bind_ipvs(py::module_& m) {
    // Whatever is given is an object to pybind11: the docs say what it should be.
    py::options options;
    options.disable_function_signatures();
    bind_service_key(m);
    bind_segment(m);
    bind_verdict(m);
    bind_status(m);
    bind_entry(m);
    py::class_<Model> c(
        m, "Ipvs",
        "Kernel IPVS without the kernel: virtual services, schedulers, the connection table.\n\n"
        "Times are seconds (float) or datetime.timedelta from a start of your choice, and never "
        "run backwards; None is the latest time given. Not for several threads at once.\n\n"
        ">>> import lvslab\n"
        ">>> ipvs = lvslab.Ipvs()\n"
        ">>> ipvs.add_service(\"192.168.26.10:80\", scheduler=\"rr\")\n"
        ">>> for server in (\"10.0.0.1:80\", \"10.0.0.2:80\"):\n"
        "...     ipvs.add_destination(\"192.168.26.10:80\", server, method=\"direct\")\n"
        ">>> syn = lvslab.Segment(\"172.16.0.2:4000\", \"192.168.26.10:80\", \"syn\")\n"
        ">>> ipvs.step(syn, 0.5)\n"
        "<lvslab.Verdict forward to 10.0.0.2:80, scheduled>\n"
        ">>> ipvs.connections()[0].state\n"
        "'SYN_RECV'\n");
    c.def(py::init(&make_model), py::arg("profile") = "recent", py::arg("expiry") = "exact",
          py::arg("wheel_phase") = 0, py::arg("seed") = 1, py::arg("expire_nodest_conn") = false,
          py::arg("expire_quiescent_template") = false, py::arg("conn_reuse_mode") = 1,
          py::arg("sloppy_tcp") = false, py::arg("schedulers") = py::none(),
          "profile: \"recent\" or \"classic\" kernels. expiry: \"exact\", or \"wheel\" with a "
          "phase in seconds, as late as the kernel's timer wheel. seed: of random schedulers. "
          "schedulers: list of own ones, subclasses of Scheduler and SchedulerPlugin objects. "
          "The rest as in net.ipv4.vs.*. Raises InputError for values that are none.");
    bind_services(c);
    bind_destinations(c);
    bind_steps(c);
}

}  // namespace lvslab::python

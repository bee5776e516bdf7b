// SPDX-License-Identifier: GPL-2.0-only
// core::Ipvs in Python: decisions one at a time.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "bindings/choices.hpp"
#include "bindings/parts.hpp"
#include "bindings/python_types.hpp"
#include "core/ipvs/ipvs.hpp"

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
ipvs::TcpFlags flags_of(const std::string& text) {
    auto flags = ipvs::TcpFlags::none;
    std::size_t begin = 0;
    while ((begin = text.find_first_not_of(" ,|", begin)) != std::string::npos) {
        const auto end = std::min(text.find_first_of(" ,|", begin), text.size());
        flags = flags | flag_names.value_of(text.substr(begin, end - begin));
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

/// Raises lvslab.IpvsError unless the change was taken.
void expect_ok(ipvs::ControlResult result, const std::string& what) {
    if (result == ipvs::ControlResult::ok) {
        return;
    }
    const auto reason = std::string(to_string(result));
    const auto type = py::module_::import("lvslab.errors").attr("IpvsError");
    PyErr_SetObject(type.ptr(), type(what + ": " + reason, reason).ptr());
    throw py::error_already_set();
}

ServiceKey service_key(const std::optional<Endpoint>& endpoint, Protocol protocol, Fwmark fwmark,
                       const std::string& family) {
    const bool by_mark = fwmark.value() != 0;
    if (by_mark == endpoint.has_value()) {
        throw py::value_error("a virtual service has either an address and port or a fwmark");
    }
    return by_mark ? ServiceKey{Protocol::ip, {}, fwmark, families.value_of(family)}
                   : ServiceKey{protocol, *endpoint, {}, endpoint->address.family()};
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

    /// None = as late as the latest call.
    Time at(std::optional<Time> now) {
        if (deciding_) {
            throw std::runtime_error("schedule() cannot change the Ipvs that asks it");
        }
        if (now && *now < now_) {
            throw py::value_error(fmt::format("time runs backwards: {} s after {} s",
                                              to_seconds(*now), to_seconds(now_)));
        }
        now_ = now.value_or(now_);
        return now_;
    }
    Time now() const { return now_; }
    Verdict step(const Segment& segment, std::optional<Time> now) {
        const auto moment = at(now);
        const Deciding mark(deciding_);
        return ipvs_.step(segment, moment);
    }
    ipvs::Ipvs& operator()() { return ipvs_; }
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

ipvs::ServiceSettings service_settings(const std::string& scheduler, Duration persistent,
                                       Address mask, unsigned prefix, bool one_packet, bool flag_1,
                                       bool flag_2) {
    return {scheduler, persistent, mask, prefix, one_packet, flag_1, flag_2};
}

ipvs::DestinationSettings destination_settings(const std::string& method, Weight weight,
                                               std::uint32_t upper, std::uint32_t lower) {
    return {methods.value_of(method), weight, upper, lower};
}

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
        .def(py::init(&service_key), py::arg("endpoint") = py::none(), py::kw_only(),
             py::arg("protocol") = Protocol::tcp, py::arg("fwmark") = Fwmark(0),
             py::arg("family") = "ipv4")
        .def(py::init([](const std::string& text) {
            const auto endpoint = Endpoint::parse(text);
            if (!endpoint) {
                throw py::value_error(
                    fmt::format("\"{}\" is no address and port, as 192.168.26.10:80 is", text));
            }
            return service_key(endpoint, Protocol::tcp, Fwmark(0), "ipv4");
        }))
        .def_readonly("endpoint", &ServiceKey::endpoint, "\"ADDRESS:PORT\"; unused with fwmark.")
        .def_readonly("protocol", &ServiceKey::protocol, "\"tcp\", \"udp\", or \"ip\" by mark.")
        .def_readonly("fwmark", &ServiceKey::fwmark, "Firewall mark; 0 = none (int).")
        .def("__eq__", [](const ServiceKey& a, const ServiceKey& b) { return a == b; })
        .def("__hash__", [](const ServiceKey& k) { return py::hash(py::str(text_of(k))); })
        .def("__repr__",
             [](const ServiceKey& k) { return fmt::format("<lvslab.ServiceKey {}>", text_of(k)); });
    py::implicitly_convertible<py::str, ServiceKey>();
}

void bind_segment(py::module_& m) {
    py::class_<Segment>(
        m, "Segment",
        "One packet, or `count` packets alike, as IPVS sees them.\n\n"
        "`flags` are words: \"syn\", \"ack\", \"fin ack\", \"rst\"; \"\" for UDP. With `direction` "
        "\"from_client\" the source is the client and the destination the virtual service; with "
        "\"from_server\" (replies under NAT) the real server and the client.")
        .def(py::init([](Endpoint source, Endpoint destination, const std::string& flags,
                         Protocol protocol, const std::string& direction, Fwmark mark,
                         std::uint32_t count) {
                 return Segment{directions.value_of(direction),
                                protocol,
                                source,
                                destination,
                                flags_of(flags),
                                mark,
                                count};
             }),
             py::arg("source"), py::arg("destination"), py::arg("flags") = "", py::kw_only(),
             py::arg("protocol") = Protocol::tcp, py::arg("direction") = "from_client",
             py::arg("mark") = Fwmark(0), py::arg("count") = 1)
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

using Now = std::optional<Time>;

void bind_services(py::class_<Model>& c) {
    const auto settings = [](auto method, const char* what) {
        return [method, what](Model& model, const ServiceKey& key, const std::string& scheduler,
                              Duration persistent, Address mask, unsigned prefix, bool one_packet,
                              bool flag_1, bool flag_2, Now now) {
            expect_ok((model().*method)(key,
                                        service_settings(scheduler, persistent, mask, prefix,
                                                         one_packet, flag_1, flag_2),
                                        model.at(now)),
                      fmt::format("{} {}", what, text_of(key)));
        };
    };
    const auto define = [&](const char* name, auto method, const char* doc) {
        c.def(name, settings(method, name), py::arg("service"), py::kw_only(),
              py::arg("scheduler") = "wlc", py::arg("persistent") = Duration{},
              py::arg("persistence_mask") = Address::v4(0xFFFFFFFFU),
              py::arg("persistence_prefix") = 128, py::arg("one_packet") = false,
              py::arg("fallback") = false, py::arg("hash_port") = false,
              py::arg("now") = py::none(), doc);
    };
    define("add_service", &ipvs::Ipvs::add_service,
           "Adds a virtual service (a ServiceKey, or text for a TCP one).\n\n"
           "persistent: seconds, 0 = none. fallback, hash_port: sh-fallback/mh-fallback and "
           "sh-port/mh-port. Raises IpvsError if IPVS refuses it.");
    define("edit_service", &ipvs::Ipvs::edit_service,
           "Sets all of a service's settings anew; what is not given is the default.");
    c.def(
        "remove_service",
        [](Model& model, const ServiceKey& key, Now now) {
            expect_ok(model().remove_service(key, model.at(now)),
                      fmt::format("remove_service {}", text_of(key)));
        },
        py::arg("service"), py::kw_only(), py::arg("now") = py::none(),
        "Removes a service and its destinations.");
}

void bind_destinations(py::class_<Model>& c) {
    const auto define = [&](const char* name, auto method, const char* doc) {
        c.def(
            name,
            [method, name](Model& model, const ServiceKey& key, const Endpoint& server,
                           const std::string& forwarding, Weight weight, std::uint32_t upper,
                           std::uint32_t lower, Now now) {
                expect_ok((model().*method)(key, server,
                                            destination_settings(forwarding, weight, upper, lower),
                                            model.at(now)),
                          fmt::format("{} {} of {}", name, server.to_string(), text_of(key)));
            },
            py::arg("service"), py::arg("server"), py::kw_only(), py::arg("method") = "nat",
            py::arg("weight") = Weight(1), py::arg("upper_threshold") = 0,
            py::arg("lower_threshold") = 0, py::arg("now") = py::none(), doc);
    };
    define("add_destination", &ipvs::Ipvs::add_destination,
           "Adds a real server, \"ADDRESS:PORT\", to a service.\n\n"
           "method: \"nat\", \"direct\", \"tunnel\" or \"local\". weight: 0 or more, 0 = no new "
           "connections. Thresholds count connections, 0 = none.");
    define("edit_destination", &ipvs::Ipvs::edit_destination,
           "Sets all of a real server's settings anew; what is not given is the default.");
    c.def(
        "remove_destination",
        [](Model& model, const ServiceKey& key, const Endpoint& server, Now now) {
            expect_ok(model().remove_destination(key, server, model.at(now)),
                      fmt::format("remove_destination {} of {}", server.to_string(), text_of(key)));
        },
        py::arg("service"), py::arg("server"), py::kw_only(), py::arg("now") = py::none(),
        "Removes a real server; its entries stay until they expire.");
    c.def(
        "destinations",
        [](const Model& model, const ServiceKey& key) { return model().destinations(key); },
        py::arg("service"),
        "The real servers of a service, in the kernel's order: the newest first.");
}

void bind_steps(py::class_<Model>& c) {
    c.def("step", &Model::step, py::arg("segment"), py::arg("now") = py::none(),
          "What happens to this segment at `now` (seconds; None = the latest time): finds or makes "
          "its entry, runs the state machine, counts. Timers due by then fire first.");
    c.def(
        "advance", [](Model& model, Time now) { model().advance(model.at(now)); }, py::arg("now"),
        "Fires every timer due at or before `now` (seconds).");
    c.def(
        "set_timeouts",
        [](Model& model, Duration tcp, Duration tcp_fin, Duration udp) {
            model().set_timeouts({tcp, tcp_fin, udp});
        },
        py::kw_only(), py::arg("tcp") = Duration{}, py::arg("tcp_fin") = Duration{},
        py::arg("udp") = Duration{}, "As `ipvsadm --set`, in seconds; 0 keeps what is there.");
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
}

std::unique_ptr<Model> make_model(const std::string& profile, const std::string& expiry,
                                  Duration wheel_phase, std::uint64_t seed, bool expire_nodest_conn,
                                  bool expire_quiescent_template, unsigned conn_reuse_mode,
                                  bool sloppy_tcp, const py::object& schedulers) {
    ipvs::Options options;
    options.profile = profiles.value_of(profile);
    options.expiry = expiries.value_of(expiry);
    options.wheel_phase = wheel_phase;
    options.seed = seed;
    options.expire_nodest_conn = expire_nodest_conn;
    options.expire_quiescent_template = expire_quiescent_template;
    options.conn_reuse_mode = conn_reuse_mode;
    options.sloppy_tcp = sloppy_tcp;
    const auto registered = py::module_::import("lvslab.schedulers").attr("registered");
    return std::make_unique<Model>(options, registered(schedulers));
}

}  // namespace

void bind_ipvs(py::module_& m) {
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
    c.def(py::init(&make_model), py::kw_only(), py::arg("profile") = "recent",
          py::arg("expiry") = "exact", py::arg("wheel_phase") = Duration{}, py::arg("seed") = 1,
          py::arg("expire_nodest_conn") = false, py::arg("expire_quiescent_template") = false,
          py::arg("conn_reuse_mode") = 1, py::arg("sloppy_tcp") = false,
          py::arg("schedulers") = py::none(),
          "profile: \"recent\" or \"classic\" kernels. expiry: \"exact\", or \"wheel\" with a "
          "phase in seconds, as late as the kernel's timer wheel. seed: of random schedulers. "
          "schedulers: list of own ones, subclasses of Scheduler and SchedulerPlugin objects. "
          "The rest as in net.ipv4.vs.*.");
    bind_services(c);
    bind_destinations(c);
    bind_steps(c);
}

}  // namespace lvslab::python

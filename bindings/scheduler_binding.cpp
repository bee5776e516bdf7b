// SPDX-License-Identifier: GPL-2.0-only
// Schedulers of the user's own: a subclass of lvslab.Scheduler, or a plug-in.
#include <memory>
#include <string>
#include <unordered_map>

#include "bindings/arguments.hpp"
#include "bindings/parts.hpp"
#include "bindings/python_types.hpp"
#include "core/base/random.hpp"
#include "core/ipvs/ipvs.hpp"
#include "core/ipvs/registered_scheduler.hpp"
#include "sim/plugin/scheduler_library.hpp"

namespace lvslab::python {
namespace {

using ipvs::RegisteredScheduler;

/// A real server as a scheduler sees it. It ends with the server's place in the service.
struct Candidate {
    ipvs::Destination* destination;

    const ipvs::Destination& operator()() const {
        if (destination == nullptr) {
            throw py::value_error("this server is no longer in the service");
        }
        return *destination;
    }
};

/// Python objects that may die in a thread without the GIL.
std::shared_ptr<py::object> held(py::object object) {
    return {new py::object(std::move(object)), [](py::object* gone) {
                const py::gil_scoped_acquire gil;
                delete gone;
            }};
}

class PythonScheduler final : public ipvs::Scheduler {
public:
    PythonScheduler(py::object scheduler, const ipvs::SchedulerContext& context)
        : Scheduler(context, Heeds::eligibility), scheduler_(held(std::move(scheduler))) {}
    ~PythonScheduler() override { forget(); }

    ipvs::Destination* schedule(const ipvs::ScheduleRequest& request) override {
        const py::gil_scoped_acquire gil;
        list();
        const auto chosen = scheduler_->attr("schedule")(request, *candidates_);
        if (chosen.is_none()) {
            return nullptr;
        }
        if (!py::isinstance<Candidate>(chosen)) {
            throw py::type_error("schedule() returned " + shown(chosen) +
                                 "; it returns one of its destinations, or None");
        }
        auto* destination = chosen.cast<const Candidate&>().destination;
        const auto listed = views_.find(destination);
        if (destination == nullptr || listed == views_.end()) {
            throw py::value_error("schedule() returned a server that is not in the service");
        }
        return destination->eligible() ? destination : nullptr;
    }

    void added(ipvs::Destination&) override { stale_ = true; }
    void removed(ipvs::Destination& d) override {
        stale_ = true;
        if (const auto view = views_.find(&d); view != views_.end()) {
            view->second->destination = nullptr;
            views_.erase(view);
        }
    }
    void edited(ipvs::Destination&) override {}
    void load_changed(const ipvs::Destination&) override {}
    void renumbered() override { stale_ = true; }
    void unbind() override { forget(); }

private:
    /// Views stay the same objects as long as their server is in the service, so that a scheduler
    /// may remember them.
    void list() {
        if (!stale_) {
            return;
        }
        stale_ = false;
        py::tuple candidates(servers_.size());
        std::size_t place = 0;
        servers_.for_each([&](ipvs::Destination& d) {
            auto& view = views_[&d];
            if (view == nullptr) {
                view = std::make_shared<Candidate>(&d);
            }
            candidates[place++] = py::cast(view);
        });
        candidates_ = held(std::move(candidates));
    }
    void forget() {
        for (const auto& [destination, view] : views_) {
            view->destination = nullptr;
        }
        views_.clear();
    }

    std::shared_ptr<py::object> scheduler_, candidates_;
    std::unordered_map<const ipvs::Destination*, std::shared_ptr<Candidate>> views_;
    bool stale_ = true;
};

/// A service's own, so that what one draws never shifts another.
std::uint64_t seed_for(const ipvs::SchedulerContext& context) {
    return RandomStream(context.options.seed, "ipvs/python/" + std::string(context.stream_name))();
}

/// `make` is called for each virtual service that is bound to the scheduler, with a seed.
std::shared_ptr<RegisteredScheduler> register_scheduler(const std::string& name, py::object make) {
    const auto kept = held(std::move(make));
    return std::make_shared<RegisteredScheduler>(
        name, "written in Python",
        [kept](const ipvs::SchedulerContext& context) -> std::unique_ptr<ipvs::Scheduler> {
            const py::gil_scoped_acquire gil;
            return std::make_unique<PythonScheduler>((*kept)(seed_for(context)), context);
        });
}

plugin::SchedulerLibrary load_library(const py::object& path) {
    Arguments a("SchedulerPlugin");
    const auto named = py::reinterpret_steal<py::object>(PyOS_FSPath(path.ptr()));
    if (!named) {
        PyErr_Clear();
    }
    const auto text = a.text("path", named ? named : path, "path of a shared library");
    a.check();
    try {
        return plugin::SchedulerLibrary(text);
    } catch (const std::runtime_error& error) {
        raise("PluginError", error.what());
    }
}

void bind_request(py::module_& m) {
    using ipvs::ScheduleRequest;
    py::class_<ScheduleRequest>(m, "Request", "The first packet of a connection.")
        .def_property_readonly(
            "client",
            [](const ScheduleRequest& r) {
                return Endpoint{r.client, r.client_port};
            },
            "\"ADDRESS:PORT\".")
        .def_readonly("virtual_address", &ScheduleRequest::virtual_address, "IP address (str).")
        .def_readonly("now", &ScheduleRequest::now, "Seconds of the run (float).");
}

void bind_candidate(py::module_& m) {
    py::class_<Candidate, std::shared_ptr<Candidate>>(
        m, "Candidate",
        "A real server that a scheduler may choose, with its counters as they are now. The same "
        "object as long as the server is in the service.")
        .def_property_readonly(
            "endpoint", [](const Candidate& c) { return c().endpoint; }, "\"ADDRESS:PORT\".")
        .def_property_readonly(
            "weight", [](const Candidate& c) { return c().weight; },
            "0 = quiesced: gets nothing new (int).")
        .def_property_readonly(
            "active", [](const Candidate& c) { return c().active; },
            "Entries in an active state (int).")
        .def_property_readonly(
            "inactive", [](const Candidate& c) { return c().inactive(); },
            "All other entries (int).")
        .def_property_readonly(
            "overloaded", [](const Candidate& c) { return c().overloaded; },
            "At its upper threshold: gets nothing new (bool).")
        .def_property_readonly(
            "eligible", [](const Candidate& c) { return c().eligible(); },
            "It has weight and is not overloaded (bool).")
        .def("__repr__", [](const Candidate& c) {
            return "<lvslab.Candidate " + c().endpoint.to_string() + ">";
        });
}

}  // namespace

void bind_scheduler(py::module_& m) {
    bind_request(m);
    bind_candidate(m);
    py::class_<RegisteredScheduler, std::shared_ptr<RegisteredScheduler>>(
        m, "RegisteredScheduler", "Known by its name for as long as it lives.")
        .def_property_readonly("name", &RegisteredScheduler::name);
    m.def("register_scheduler", &register_scheduler, py::arg("name"), py::arg("make"));
    using plugin::SchedulerLibrary;
    py::class_<SchedulerLibrary, std::shared_ptr<SchedulerLibrary>>(
        m, "SchedulerPlugin",
        "A scheduler from a shared library (core/ipvs/scheduler_plugin.h).\n\n"
        "Known by its name for as long as it lives. Raises PluginError with the file and the "
        "reason "
        "if it cannot be used.")
        .def(py::init(&load_library), py::arg("path"))
        .def_property_readonly("name", &SchedulerLibrary::name, "What it is called (str).")
        .def_property_readonly("rule", &SchedulerLibrary::rule, "What it does (str).")
        .def_property_readonly("path", &SchedulerLibrary::path,
                               "Where it was loaded from, absolute (str).");
}

}  // namespace lvslab::python

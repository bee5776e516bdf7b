// SPDX-License-Identifier: GPL-2.0-only
// Runs of the flow world inside Python's own process: several at once, each without the GIL except
// where Python is asked something.
#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "bindings/arguments.hpp"
#include "bindings/parts.hpp"
#include "bindings/python_types.hpp"
#include "bindings/run_record.hpp"
#include "bindings/scenario_source.hpp"
#include "core/journal/metrics.hpp"
#include "core/journal/summary.hpp"
#include "core/world/expectation_report.hpp"
#include "sim/flow/world.hpp"

namespace lvslab::python {
namespace {

using Source = std::shared_ptr<ScenarioSource>;

/// What a run's events amount to, as the files of a result would tell it.
class Reducers final : public journal::Sink {
public:
    Reducers(const scenario::Scenario& scenario, const std::optional<std::string>& scheduler,
             bool rows)
        : record_(std::make_shared<RunRecord>(rows)),
          judged_(world::expectations_for(scenario, scheduler)) {}

    void take(const journal::Event& event) override {
        record_->take(event);
        metrics_.take(event);
        judged_.take(event);
    }
    const std::shared_ptr<RunRecord>& record() const { return record_; }
    std::string summary() const { return journal::summary_json(metrics_.summary()); }
    std::string judgement() const { return judged_.json(); }

private:
    std::shared_ptr<RunRecord> record_;
    journal::Metrics metrics_;
    world::JudgedRun judged_;
};

/// Tells Python how far a run is, a hundred times at the most, and lets Ctrl-C in ten times as
/// often. What Python raises goes up through the run, which leaves nothing behind.
class Progress {
public:
    Progress(py::object callback, Time end) : callback_(std::move(callback)), end_(end) {}

    bool at(Time now) {
        const py::gil_scoped_acquire gil;
        if (PyErr_CheckSignals() != 0) {
            throw py::error_already_set();
        }
        const double whole = std::max(to_seconds(end_), 1e-9);
        const int percent = static_cast<int>(100 * to_seconds(now) / whole);
        if (!callback_.is_none() && percent > told_) {
            told_ = percent;
            callback_(to_seconds(now), to_seconds(end_));
        }
        return true;
    }

private:
    py::object callback_;
    Time end_;
    int told_ = -1;
};

py::tuple run_flow(const Source& source, std::uint64_t seed, std::optional<std::string> scheduler,
                   bool rows, py::object callback) {
    const auto& scenario = source->scenario;
    Reducers reducers(scenario, scheduler, rows);
    Progress progress(std::move(callback), scenario.end());
    try {
        const py::gil_scoped_release others_run;
        flow_world::run(scenario,
                        {.seed = seed,
                         .scheduler = std::move(scheduler),
                         .progress = [&](Time now) { return progress.at(now); }},
                        reducers);
    } catch (const py::builtin_exception&) {  // of a scheduler in Python, as it is
        throw;
    } catch (const std::runtime_error& error) {  // a plug-in did what it must not
        raise("RunError", error.what());
    }
    return py::make_tuple(reducers.record(), reducers.summary(), reducers.judgement());
}

}  // namespace

void bind_flow_run(py::module_& m) {
    m.def("run_flow", &run_flow, py::arg("scenario"), py::arg("seed"), py::arg("scheduler"),
          py::arg("rows"), py::arg("progress"),
          "(RunRecord, summary.json, expectations.json) of a run in the flow world.");
    m.def(
        "unsupported_in_flow",
        [](const Source& source) { return flow_world::unsupported(source->scenario).items(); },
        py::arg("scenario"), "[Diagnostic, ...]");
}

}  // namespace lvslab::python

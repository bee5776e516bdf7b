// SPDX-License-Identifier: GPL-2.0-only
/// The parts of the extension module, each in its own source.
#pragma once

#include <pybind11/pybind11.h>

namespace lvslab::python {

/// Diagnostic.
void bind_diagnostics(pybind11::module_& m);
/// LvsConfig, VirtualServer, RealServer; parse_config.
void bind_config(pybind11::module_& m);
/// Scenario and its parts; parse_scenario.
void bind_scenario(pybind11::module_& m);
/// Ipvs, ServiceKey, Segment, Verdict, Destination, Connection.
void bind_ipvs(pybind11::module_& m);
/// Request, Candidate; SchedulerPlugin; register_scheduler.
void bind_scheduler(pybind11::module_& m);
/// run_flow, unsupported_in_flow.
void bind_flow_run(pybind11::module_& m);
/// RunRecord; read_journal, schedulers.
void bind_run(pybind11::module_& m);

}  // namespace lvslab::python

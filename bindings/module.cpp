// SPDX-License-Identifier: GPL-2.0-only
// The extension module lvslab._lvslab. What a user imports is the package lvslab around it.
#include <pybind11/pybind11.h>

#include "bindings/parts.hpp"

PYBIND11_MODULE(_lvslab, m) {
    m.doc() = "lvslab's core and its worlds. Import lvslab, not this.";
    m.attr("__version__") = LVSLAB_VERSION;
    lvslab::python::bind_diagnostics(m);
    lvslab::python::bind_config(m);
    lvslab::python::bind_scenario(m);
    lvslab::python::bind_ipvs(m);
    lvslab::python::bind_scheduler(m);
    lvslab::python::bind_run(m);
    lvslab::python::bind_flow_run(m);
}
